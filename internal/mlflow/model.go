package mlflow

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
)

// A Pin is what a URI means now: a version, never an alias.
type Pin struct {
	URI     string // as the plan writes it
	Name    string // of the registered model
	Version string
	Model   string // id of the logged model (MLflow 3)
	Run     string
	Store   string // where the files lie: mlflow-artifacts:/… or the address of another store
	Path    string // below Store
}

// Artifact is the pin as the record keeps it. sha256 is of the model's files, empty
// where they were not read.
func (p Pin) Artifact(sha256 string) map[string]string {
	out := map[string]string{}
	for k, v := range map[string]string{"mlflow": p.URI, "name": p.Name, "version": p.Version, "model_id": p.Model, "run_id": p.Run, "uri": p.at(), "sha256": sha256} {
		if v != "" {
			out[k] = v
		}
	}
	return out
}

func (p Pin) at() string {
	if p.Path == "" {
		return Bare(p.Store)
	}
	return Bare(p.Store) + "/" + p.Path
}

// Bare is an address of a store without credentials and settings.
func Bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		scheme, _, _ := strings.Cut(address, ":")
		return scheme + ":…"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// Resolve asks the server what a URI means.
func (c *Client) Resolve(ctx context.Context, text string) (Pin, error) {
	u, err := ParseURI(text)
	if err != nil {
		return Pin{}, &engine.DataError{Where: text, Msg: err.Error()}
	}
	p := Pin{URI: text, Name: u.Name, Version: u.Version, Model: u.Model, Run: u.Run, Path: u.Path}
	switch {
	case u.Run != "":
		err = c.run(ctx, &p)
	case u.Model != "":
		err = c.logged(ctx, &p)
	default:
		err = c.registered(ctx, u, &p)
	}
	if a, ok := Refused(err); ok && (a.Code == "RESOURCE_DOES_NOT_EXIST" || a.Code == "INVALID_PARAMETER_VALUE") {
		return Pin{}, &engine.DataError{Where: text, Msg: "MLflow at " + c.Address() + " does not have it: " + a.Message, Hint: "is MLFLOW_TRACKING_URI the right server?"}
	}
	return p, err
}

func (c *Client) run(ctx context.Context, p *Pin) error {
	var got struct {
		Run struct {
			Info struct {
				ID    string `json:"run_id"`
				Store string `json:"artifact_uri"`
				Stage string `json:"lifecycle_stage"`
			} `json:"info"`
		} `json:"run"`
	}
	if err := c.Get(ctx, "runs/get", url.Values{"run_id": {p.Run}}, &got); err != nil {
		return err
	}
	if got.Run.Info.Stage == "deleted" {
		return &engine.DataError{Where: p.URI, Msg: "the run is deleted", Hint: "restore it, or name another run"}
	}
	p.Store = got.Run.Info.Store
	return nil
}

func (c *Client) logged(ctx context.Context, p *Pin) error {
	var got struct {
		Model struct {
			Info struct {
				Store string `json:"artifact_uri"`
				Run   string `json:"source_run_id"`
			} `json:"info"`
		} `json:"model"`
	}
	if err := c.Get(ctx, "logged-models/"+p.Model, nil, &got); err != nil {
		return err
	}
	p.Store, p.Run = got.Model.Info.Store, got.Model.Info.Run
	return nil
}

func (c *Client) registered(ctx context.Context, u URI, p *Pin) error {
	var got struct {
		Version struct {
			Version string `json:"version"`
			Run     string `json:"run_id"`
			Source  string `json:"source"`
			Status  string `json:"status"`
		} `json:"model_version"`
	}
	endpoint, query := "model-versions/get", url.Values{"name": {u.Name}, "version": {u.Version}}
	if u.Alias != "" {
		endpoint, query = "registered-models/alias", url.Values{"name": {u.Name}, "alias": {u.Alias}}
	}
	if err := c.Get(ctx, endpoint, query, &got); err != nil {
		return err
	}
	p.Version, p.Run = got.Version.Version, got.Version.Run
	if id, ok := strings.CutPrefix(got.Version.Source, "models:/"); ok && loggedID.MatchString(id) {
		p.Model = id
	}
	var where struct {
		Store string `json:"artifact_uri"`
	}
	if err := c.Get(ctx, "model-versions/get-download-uri", url.Values{"name": {u.Name}, "version": {p.Version}}, &where); err != nil {
		return err
	}
	p.Store = cmp.Or(where.Store, got.Version.Source)
	if rest, ok := strings.CutPrefix(p.Store, "runs:/"); ok { // MLflow 2: a folder of the run
		id, below, _ := strings.Cut(rest, "/")
		of := Pin{URI: p.URI, Run: id}
		if err := c.run(ctx, &of); err != nil {
			return err
		}
		p.Store = strings.TrimRight(of.Store, "/") + "/" + below
	}
	return nil
}

// Proxied gives the path of a store that the server itself serves.
func (p Pin) Proxied() (string, bool) {
	rest, ok := strings.CutPrefix(p.Store, "mlflow-artifacts:")
	if !ok {
		return "", false
	}
	if after, has := strings.CutPrefix(rest, "//"); has { // mlflow-artifacts://host/path
		_, rest, _ = strings.Cut(after, "/")
	}
	return path.Join(strings.TrimLeft(rest, "/"), p.Path), true
}

// Proxy is the path of an artifact behind the server's proxy.
func Proxy(p string) string { return "/api/2.0/mlflow-artifacts/artifacts/" + p }

const proxyList = "/api/2.0/mlflow-artifacts/artifacts"

// Unserved is a store that the server does not serve to its clients.
type Unserved struct{ *engine.DataError }

func (u *Unserved) Unwrap() error { return u.DataError }

func (p Pin) elsewhere() error {
	return &Unserved{&engine.DataError{Where: p.URI, Msg: "its files lie in " + p.at() + ", which this MLflow server does not serve",
		Hint: "start the server with --serve-artifacts and an mlflow-artifacts:/ root; or pin the digest yourself with artifact: {sha256: …}, and name tables by their own address"}}
}

// Words names the version in a sentence.
func (p Pin) Words() string {
	switch {
	case p.Version != "":
		return p.Version
	case p.Model != "":
		return p.Model
	}
	return p.Run
}

// File is one file below a pin; Path starts there.
type File struct {
	Path  string
	Bytes int64
	dir   bool
}

// list gives the files of one folder, in no order.
func (c *Client) list(ctx context.Context, p Pin, below string) ([]File, error) {
	var got struct {
		Files []struct {
			Path  string `json:"path"`
			Dir   bool   `json:"is_dir"`
			Bytes int64  `json:"file_size"`
		} `json:"files"`
	}
	at, ok := p.Proxied()
	if !ok {
		return nil, p.elsewhere()
	}
	if err := c.json(ctx, http.MethodGet, proxyList, url.Values{"path": {path.Join(at, below)}}, nil, &got, true); err != nil {
		return nil, err
	}
	var out []File
	for _, f := range got.Files {
		name := path.Base(f.Path) // some servers give the whole path
		if name == "." || name == ".." || name == "/" {
			return nil, &engine.DataError{Where: p.URI, Msg: "the server names a file " + f.Path}
		}
		out = append(out, File{path.Join(below, name), f.Bytes, f.Dir})
	}
	return out, nil
}
