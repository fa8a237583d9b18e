package plan

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/mlflow"
)

// Limits of a query where the plan sets none.
const (
	defaultMaxRows  = 50_000_000
	defaultMaxBytes = 20_000_000_000
)

// Source says where rows come from: a file or glob, the address of an object such as
// s3://bucket/scores.parquet, or a query of a connection. Two equal Sources are the
// same rows of one run.
type Source struct {
	Path string // a file, glob or address; empty for a query

	Connection string // key under `connections`
	Query      string
	ResumeBy   string        // a unique column; pages in its order survive an interruption
	MaxRows    int64         // more rows are refused before any is read
	MaxBytes   int64         // more bytes of Parquet are refused
	Reuse      time.Duration // a result pulled less than this ago is used again

	Plugin string // a program that answers for the model of this key
	Model  string

	Record string // an earlier record, whose candidate's row scores these are: as named, then its digest
	Scores string // digest of the row scores; empty where the rows are not paired
}

// IsZero reports whether no source is named.
func (s Source) IsZero() bool { return s == Source{} }

// String names the source in a sentence.
func (s Source) String() string {
	if s.Plugin != "" {
		return "plug-in " + s.Plugin
	}
	if s.Record != "" {
		return "record " + s.Record
	}
	if s.Connection == "" {
		return s.Path
	}
	q := strings.Join(strings.Fields(s.Query), " ")
	if r := []rune(q); len(r) > 60 {
		q = string(r[:59]) + "…"
	}
	return s.Connection + ": " + q
}

// Remote reports whether the rows must be fetched before an engine can read them.
func (s Source) Remote() bool {
	return s.Connection != "" || s.Plugin != "" || s.Record != "" || s.Scheme() != "" || s.MLflow() || s.arrow()
}

// MLflow reports whether the rows are a table that an MLflow server holds, named as
// its users do: runs:/RUN_ID/path or models:/name/3/path.
func (s Source) MLflow() bool { return s.Connection == "" && mlflow.Is(s.Path) }

// Scheme is the kind of object store of an address: s3, gs or az, else empty.
func (s Source) Scheme() string {
	for _, x := range []string{"s3", "gs", "az"} {
		if strings.HasPrefix(s.Path, x+"://") {
			return x
		}
	}
	return ""
}

// arrow files are not read by DuckDB itself.
func (s Source) arrow() bool {
	switch strings.ToLower(filepath.Ext(s.Path)) {
	case ".arrow", ".arrows", ".feather", ".ipc":
		return true
	}
	return false
}

// sourceJSON is the form of a query.
type sourceJSON struct {
	Connection string `json:"connection"`
	Query      string `json:"query"`
	ResumeBy   string `json:"resume_by,omitempty"`
	MaxRows    int64  `json:"max_rows"`
	MaxBytes   int64  `json:"max_bytes"`
	Reuse      string `json:"reuse,omitempty"`
}

// recordJSON is the form of an earlier record.
type recordJSON struct {
	Record string `json:"record"`
	Scores string `json:"scores,omitempty"`
}

// pluginJSON is the form of a plug-in's answers.
type pluginJSON struct {
	Plugin string `json:"plugin"`
	Model  string `json:"model"`
}

// MarshalJSON writes a path as text and a query as an object.
func (s Source) MarshalJSON() ([]byte, error) {
	switch {
	case s.Plugin != "":
		return json.Marshal(pluginJSON{s.Plugin, s.Model})
	case s.Record != "":
		return json.Marshal(recordJSON{s.Record, s.Scores})
	case s.Connection == "":
		return json.Marshal(s.Path)
	}
	q := sourceJSON{s.Connection, s.Query, s.ResumeBy, s.MaxRows, s.MaxBytes, ""}
	if s.Reuse > 0 {
		q.Reuse = s.Reuse.String()
	}
	return json.Marshal(q)
}

// UnmarshalJSON reads both forms.
func (s *Source) UnmarshalJSON(b []byte) error {
	*s = Source{}
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &s.Path)
	}
	var x pluginJSON
	if err := json.Unmarshal(b, &x); err == nil && x.Plugin != "" {
		s.Plugin, s.Model = x.Plugin, x.Model
		return nil
	}
	var r recordJSON
	if err := json.Unmarshal(b, &r); err == nil && r.Record != "" {
		s.Record, s.Scores = r.Record, r.Scores
		return nil
	}
	var q sourceJSON
	if err := json.Unmarshal(b, &q); err != nil {
		return err
	}
	*s = Source{Connection: q.Connection, Query: q.Query, ResumeBy: q.ResumeBy, MaxRows: q.MaxRows, MaxBytes: q.MaxBytes}
	if q.Reuse == "" {
		return nil
	}
	var err error
	s.Reuse, err = time.ParseDuration(q.Reuse)
	return err
}

// Connection is a database that queries go to. It holds references to credentials,
// never credentials.
type Connection struct {
	Kind string `json:"kind"`
	URL  string `json:"url,omitempty"`  // env:NAME, file:PATH, or an address without a password
	Path string `json:"path,omitempty"` // of a file database, relative to the plan
}

// Kinds of connections, those of files first.
func connectionKinds() []string {
	return []string{"sqlite", "duckdb", "postgres", "redshift", "trino", "clickhouse", "snowflake", "bigquery"}
}

func (c Connection) file() bool { return c.Kind == "sqlite" || c.Kind == "duckdb" }

func (d *decoder) connections(n *node) {
	if n.kind != mapping {
		d.fail(n, "connections", "", "a mapping of connections is expected, this is %s", n.kind)
		return
	}
	d.plan.Connections = map[string]Connection{}
	for i, k := range n.keys {
		d.plan.Connections[k.text] = d.connection(n.items[i], "connections."+k.text)
	}
}

func (d *decoder) connection(n *node, path string) Connection {
	var c Connection
	if !d.keys(n, path, "kind", "url", "path") {
		return c
	}
	d.require(n, path, "kind", ": one of "+strings.Join(connectionKinds(), ", "))
	if v := n.get("kind"); v != nil {
		if c.Kind = d.text(v, path+".kind"); !slices.Contains(connectionKinds(), c.Kind) {
			d.fail(v, path+".kind", didYouMean(c.Kind, connectionKinds()), "unknown kind of connection %q: %s are known", c.Kind, strings.Join(connectionKinds(), ", "))
			return c
		}
	}
	need, other := "url", "path"
	if c.file() {
		need, other = other, need
	}
	d.require(n, path, need, map[string]string{"url": ": env:NAME of a variable that holds the address", "path": ": the file of the database"}[need])
	if v := n.get(other); v != nil && c.Kind != "" {
		d.fail(v, path+"."+other, "write "+need, "%s does not go with a %s connection", other, c.Kind)
	}
	d.with(n, "path", func(v *node) { c.Path = d.name(v, path+".path") })
	d.with(n, "url", func(v *node) {
		c.URL = d.name(v, path+".url")
		switch {
		case strings.HasPrefix(c.URL, "env:"):
			if !variableName.MatchString(c.URL[len("env:"):]) {
				d.fail(v, path+".url", "write env:NAME", "%q is no name of a variable", c.URL[len("env:"):])
			}
		case strings.HasPrefix(c.URL, "file:"):
		case secret(c.URL):
			c.URL = "" // it must reach no record, error or log
			v.text = "…"
			d.hide(v)
			d.fail(v, path+".url", "put the address into an environment variable and write url: env:NAME", "an address with a password must not stand in a plan")
		}
	})
	return c
}

// secret reports whether an address holds a password or a token.
func secret(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return true // what cannot be read cannot be vouched for
	}
	_, password := u.User.Password()
	for key := range u.Query() {
		if k := strings.ToLower(key); strings.Contains(k, "password") || strings.Contains(k, "token") || strings.Contains(k, "secret") {
			return true
		}
	}
	return password || strings.Contains(strings.ToLower(address), "password=")
}

// mlflow reads the address of a model or run of an MLflow server, or of a table there.
func (d *decoder) mlflow(n *node, path string, table bool) string {
	text := d.name(n, path)
	if text == "" {
		return ""
	}
	u, err := mlflow.ParseURI(text)
	switch {
	case err != nil:
		d.fail(n, path, "", "%v", err)
	case table && u.Path == "":
		d.fail(n, path, "write "+strings.TrimRight(text, "/")+"/predictions.parquet", "a table is expected: the path of a file below a run or model")
	}
	return text
}

// source reads a path, or a query of a connection, and remembers where it stands.
func (d *decoder) source(n *node, path string) Source {
	s := d.sourceOf(n, path)
	if d.plan.places == nil {
		d.plan.places = map[Source]string{}
	}
	if _, ok := d.plan.places[s]; !ok {
		d.plan.places[s] = fmt.Sprintf("%d:%d: %s", n.line, n.col, path)
	}
	return s
}

func (d *decoder) sourceOf(n *node, path string) Source {
	if n.kind != mapping {
		s := Source{Path: d.name(n, path)}
		if s.MLflow() {
			d.mlflow(n, path, true)
			return s
		}
		if scheme, _, ok := strings.Cut(s.Path, "://"); ok && s.Scheme() == "" {
			d.fail(n, path, didYouMean(scheme, []string{"s3", "gs", "az"}), "%s:// is no kind of address that can be read: a file, s3://, gs://, az://, MLflow's runs:/ and models:/, or a query of a connection is expected", scheme)
		}
		return s
	}
	s := Source{MaxRows: defaultMaxRows, MaxBytes: defaultMaxBytes}
	if !d.keys(n, path, "connection", "query", "table", "resume_by", "max_rows", "max_bytes", "reuse") {
		return s
	}
	d.require(n, path, "connection", ": a key under connections")
	d.with(n, "connection", func(v *node) {
		s.Connection = d.name(v, path+".connection")
		if _, ok := d.plan.Connections[s.Connection]; !ok && s.Connection != "" {
			names := []string{}
			for k := range d.plan.Connections {
				names = append(names, k)
			}
			slices.Sort(names)
			hint := didYouMean(s.Connection, names)
			if len(names) == 0 {
				hint = "add connections: {" + s.Connection + ": {kind: postgres, url: env:DATABASE_URL}}"
			}
			d.fail(v, path+".connection", hint, "no connection is called %q", s.Connection)
		}
	})
	switch q, t := n.get("query"), n.get("table"); {
	case q != nil && t != nil:
		d.fail(t, path+".table", "keep one of them", "table and query do not go together")
	case q != nil:
		s.Query = strings.TrimRight(strings.TrimSpace(d.name(q, path+".query")), "; \n\t")
	case t != nil:
		if name := d.name(t, path+".table"); name != "" {
			s.Query = "SELECT * FROM " + name
		}
	default:
		d.require(n, path, "query", ": SQL, or table: with a name")
	}
	d.with(n, "resume_by", func(v *node) { s.ResumeBy = d.name(v, path+".resume_by") })
	d.with(n, "max_rows", func(v *node) { s.MaxRows = d.whole(v, path+".max_rows", 1) })
	d.with(n, "max_bytes", func(v *node) { s.MaxBytes = d.size(v, path+".max_bytes") })
	d.with(n, "reuse", func(v *node) {
		x, err := time.ParseDuration(d.text(v, path+".reuse"))
		if err != nil || x < 0 {
			d.fail(v, path+".reuse", "", "a time such as 30m or 24h is expected, this is %q", v.text)
		}
		s.Reuse = max(x, 0)
	})
	return s
}

// size reads bytes: 500000000, 500 MB or 2GB.
func (d *decoder) size(n *node, path string) int64 {
	if n.kind == scalarNumber {
		return d.whole(n, path, 1)
	}
	text := strings.ToUpper(strings.ReplaceAll(d.text(n, path), " ", ""))
	for i, unit := range []string{"KB", "MB", "GB", "TB"} {
		if digits, ok := strings.CutSuffix(text, unit); ok {
			if x, err := strconv.ParseFloat(digits, 64); err == nil && x > 0 && x < 1e6 {
				return int64(x * math.Pow(1000, float64(i+1)))
			}
		}
	}
	d.fail(n, path, "", "a number of bytes is expected, such as 500 MB or 2 GB, this is %q", n.text)
	return defaultMaxBytes
}

// Remotes lists the sources that must be fetched, each once.
func (p *Plan) Remotes() []Source {
	var out []Source
	for _, s := range append([]Source{p.Data.Source}, p.modelSources()...) {
		if s.Remote() && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Fetched says which local files, a path or glob, hold the rows of a remote source.
func (p *Plan) Fetched(s Source, files string) {
	if p.fetched == nil {
		p.fetched = map[Source]string{}
	}
	p.fetched[s] = files
}

// Resolve turns a source into a path or glob that an engine can read: relative paths
// start at the plan's folder, remote sources lie where Fetched said.
func (p *Plan) Resolve(s Source) string {
	if f, ok := p.fetched[s]; ok {
		return f
	}
	if s.Path == "" || s.Scheme() != "" || s.MLflow() {
		return s.Path
	}
	return p.file(s.Path)
}

// file is a path of the plan as the process can open it.
func (p *Plan) file(path string) string {
	if filepath.IsAbs(path) || p.Dir == "" {
		return path
	}
	return filepath.Join(p.Dir, path)
}

// Place says where a source first stands in the plan's file, as problems do; empty for a
// plan that was not read from one.
func (p *Plan) Place(s Source) string {
	if at := p.places[s]; at != "" && p.File != "" {
		return p.File + ":" + at
	}
	return ""
}

// Database is where a file connection lies.
func (p *Plan) Database(c Connection) string { return p.file(c.Path) }

// Shorten undoes Resolve for a record, which never names a folder of a machine.
func (p *Plan) Shorten(path string) string {
	for s, f := range p.fetched {
		if filepath.Dir(f) == filepath.Dir(path) {
			switch {
			case s.Plugin != "":
				return s.Plugin + "/" + s.Model
			case s.Record != "":
				return s.Record
			case s.Connection == "":
				return s.Path
			}
			return fmt.Sprintf("%s/%s", s.Connection, filepath.Base(path))
		}
	}
	if p.Dir == "" {
		return path
	}
	if rel, err := filepath.Rel(p.Dir, path); err == nil {
		return rel
	}
	return filepath.Base(path)
}
