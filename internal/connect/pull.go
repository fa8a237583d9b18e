package connect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/engine"
)

// note is what the workspace remembers of a pull: the last whole one of a source, or
// one that was interrupted.
type note struct {
	Pulled engine.Pull     `json:"pulled"`
	Last   json.RawMessage `json:"last,omitempty"` // of resume_by, in the last whole part
	Asked  int64           `json:"asked,omitempty"`
}

// Pull brings the result of a query. The same query pulled less than Reuse ago is not
// asked again; one that was interrupted goes on where its last whole part ended, when
// it has ResumeBy.
func (p *Puller) Pull(ctx context.Context, q Query) (*engine.Pull, error) {
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("pull: %w", err)
	}
	name := q.key()
	if old, ok := p.recall(name + ".json"); ok && q.Reuse > 0 && p.Now().Sub(old.Pulled.Started) < q.Reuse {
		old.Pulled.Reused = true
		return &old.Pulled, nil
	}
	var out *engine.Pull
	var err error
	if q.Kind == "duckdb" {
		out, err = p.pullDuck(ctx, q)
	} else {
		out, err = p.pullRows(ctx, q, name+".partial.json")
	}
	if err != nil {
		return nil, err
	}
	return out, p.remember(name+".json", note{Pulled: *out})
}

// Notes of an interrupted pull are taken up within this time: after it, rows have
// most likely changed.
const partialFor = 24 * time.Hour

func (p *Puller) pullRows(ctx context.Context, q Query, partial string) (*engine.Pull, error) {
	db, err := open(ctx, q)
	if err != nil {
		return nil, err
	}
	defer db.close()
	cols, err := db.describe(ctx, q.SQL)
	if err != nil {
		return nil, err
	}
	all, err := db.count(ctx, q.SQL)
	if err != nil {
		return nil, err
	}
	if err := q.fits(all); err != nil {
		return nil, err
	}
	t := &transfer{Puller: p, q: q, db: db, cols: cols, all: all, began: p.Now(), rows: p.page}
	if t.rows == 0 {
		t.rows = partRows
	}
	t.out = engine.Pull{Source: q.Name, Kind: q.Kind, Server: db.server(ctx), Query: q.SQL, Columns: columnsOf(cols), Started: t.began.UTC(), Parts: []engine.Part{}}
	if q.ResumeBy == "" {
		return whole(&t.out, all, q, t.stream(ctx))
	}
	key := slices.IndexFunc(cols, func(c column) bool { return c.name == q.ResumeBy })
	if key < 0 || cols[key].kind != integer && cols[key].kind != text {
		return nil, q.refuse("name a column of whole numbers or text that the query gives", "resume_by: %q is no such column", q.ResumeBy)
	}
	var last any
	if old, ok := p.recall(partial); ok && old.Asked == all && slices.Equal(old.Pulled.Columns, t.out.Columns) && p.Now().Sub(old.Pulled.Started) < partialFor {
		if last, err = value(old.Last); err != nil {
			return nil, err
		}
		old.Pulled.Resumed++
		t.out = old.Pulled
	}
	if err := t.pages(ctx, key, last, partial); err != nil {
		return nil, err
	}
	_ = os.Remove(filepath.Join(p.Dir, partial)) // stale at worst: its columns and count are compared
	return whole(&t.out, all, q, nil)
}

// whole refuses a result that is not what was counted.
func whole(x *engine.Pull, all int64, q Query, err error) (*engine.Pull, error) {
	if err != nil {
		return nil, err
	}
	if x.Rows != all {
		return nil, q.refuse("run it again; if it stays so, resume_by names a column with nulls or repeated values",
			"%d rows came, %d were counted before", x.Rows, all)
	}
	return x, nil
}

// transfer is one pull on its way.
type transfer struct {
	*Puller
	q     Query
	db    database
	cols  []column
	all   int64
	rows  int64 // of a part
	began time.Time
	out   engine.Pull
}

// stream reads the whole result at once; it cannot go on after an interruption. The
// query goes as it is: inside another, Trino would drop its ORDER BY.
func (t *transfer) stream(ctx context.Context) error {
	w, err := newWriter(ctx, t.cols)
	if err != nil {
		return err
	}
	defer func() { w.close() }()
	err = t.db.read(ctx, t.q.SQL, nil, t.cols, func(values []any) error {
		if err := t.add(w, values); err != nil || w.rows < t.rows {
			return err
		}
		if err := t.part(ctx, w); err != nil {
			return err
		}
		w, err = newWriter(ctx, t.cols)
		return err
	})
	if err != nil {
		return err
	}
	if w.rows > 0 || len(t.out.Parts) == 0 {
		return t.part(ctx, w)
	}
	return nil
}

func (t *transfer) add(w *writer, values []any) error {
	if t.out.Rows+w.rows >= t.q.MaxRows {
		return t.q.fits(t.out.Rows + w.rows + 1)
	}
	if err := w.add(values); err != nil {
		return t.q.refuse("", "row %d: %v", t.out.Rows+w.rows+1, err)
	}
	return nil
}

// pages reads parts in the order of a unique column; after each, a note says where the
// next begins.
func (t *transfer) pages(ctx context.Context, key int, last any, partial string) error {
	name := t.db.quote(t.q.ResumeBy)
	for t.out.Rows < t.all {
		w, err := newWriter(ctx, t.cols)
		if err != nil {
			return err
		}
		sql, args := "SELECT * FROM "+sub(t.q.SQL), []any(nil)
		if last != nil {
			sql += " WHERE " + name + " > " + t.db.placeholder()
			args = []any{last}
		}
		sql += fmt.Sprintf(" ORDER BY %s LIMIT %d", name, t.rows)
		err = t.db.read(ctx, sql, args, t.cols, func(values []any) error {
			v := plain(values[key])
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			if v == nil {
				return t.q.refuse("use a column that is never null", "resume_by: %q is null", t.q.ResumeBy)
			}
			if v == last {
				return t.q.refuse("use a unique column", "resume_by: %q is %v more than once", t.q.ResumeBy, v)
			}
			last = v
			return t.add(w, values)
		})
		if err == nil && w.rows == 0 {
			w.close()
			return nil // fewer than were counted: told by whole
		}
		if err == nil {
			err = t.part(ctx, w)
		}
		if err != nil {
			w.close()
			return err
		}
		at, err := json.Marshal(last)
		if err != nil {
			return fmt.Errorf("pull: %w", err)
		}
		if err := t.remember(partial, note{Pulled: t.out, Last: at, Asked: t.all}); err != nil {
			return err
		}
	}
	return nil
}

// value reads the last key of a note: text or a whole number of up to 64 bits.
func value(b json.RawMessage) (any, error) {
	if len(b) > 0 && b[0] == '"' {
		var s string
		err := json.Unmarshal(b, &s)
		return s, err
	}
	var n int64
	err := json.Unmarshal(b, &n)
	return n, err
}

// part keeps what a writer holds.
func (t *transfer) part(ctx context.Context, w *writer) error {
	rows := w.rows
	tmp := t.temp(len(t.out.Parts))
	if err := w.save(ctx, tmp); err != nil {
		return fmt.Errorf("pull from %s: %w", t.q.Name, err)
	}
	return t.keep(ctx, tmp, rows)
}

func (t *transfer) temp(part int) string {
	return t.Keep.TempPath(fmt.Sprintf("%s.%s.%d.parquet", t.Version, t.q.key()[:12], part))
}

func (t *transfer) keep(ctx context.Context, tmp string, rows int64) error {
	info, err := os.Stat(tmp)
	if err != nil {
		return fmt.Errorf("pull from %s: %w", t.q.Name, err)
	}
	bytes := t.out.Bytes + info.Size()
	done := t.out.Rows + rows
	expected := bytes
	if done > 0 && t.all > done { // so far the bytes of a row are alike
		expected = int64(float64(bytes) / float64(done) * float64(t.all))
	}
	if t.q.MaxBytes > 0 && expected > t.q.MaxBytes {
		os.Remove(tmp)
		return t.q.refuse("pull fewer columns or rows, or raise max_bytes", "%d rows take %d bytes, all %d would take about %d: more than max_bytes: %d", done, bytes, t.all, expected, t.q.MaxBytes)
	}
	digest, err := t.Keep.PutFile(ctx, tmp)
	if err != nil {
		return fmt.Errorf("pull from %s: %w", t.q.Name, err)
	}
	t.out.Parts = append(t.out.Parts, engine.Part{Name: fmt.Sprintf("%04d.parquet", len(t.out.Parts)+1), Digest: digest, Bytes: info.Size(), Rows: rows})
	t.out.Rows, t.out.Bytes = done, bytes
	t.out.Seconds = t.Now().Sub(t.began).Seconds()
	if t.Progress != nil {
		t.Progress(t.q.Name, t.out.Rows, t.all)
	}
	return nil
}

func (p *Puller) pullDuck(ctx context.Context, q Query) (*engine.Pull, error) {
	db, err := openDuck(q)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	t := &transfer{Puller: p, q: q, began: p.Now()}
	t.out = engine.Pull{Source: q.Name, Kind: q.Kind, Server: "DuckDB 1.5", Query: q.SQL, Started: t.began.UTC(), Parts: []engine.Part{}}
	if t.out.Columns, err = columnsDuck(ctx, db, q); err != nil {
		return nil, err
	}
	if t.all, err = countDuck(ctx, db, q); err != nil {
		return nil, err
	}
	if err := q.fits(t.all); err != nil {
		return nil, err
	}
	tmp := t.temp(0)
	if err := duckCopy(ctx, db, q, tmp); err != nil {
		return nil, err
	}
	return &t.out, t.keep(ctx, tmp, t.all)
}

// key names the notes of a query: what is asked, and of whom. No password is in it.
func (q Query) key() string {
	h := sha256.New()
	for _, s := range []string{q.Kind, strings.ReplaceAll(q.Address, password(q.Address), ""), q.SQL, q.ResumeBy} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// recall reads a note, if it is whole and all of its parts are still there.
func (p *Puller) recall(name string) (note, bool) {
	var n note
	b, err := os.ReadFile(filepath.Join(p.Dir, name))
	if err != nil {
		return n, false
	}
	if json.Unmarshal(b, &n) != nil {
		return n, false
	}
	for _, part := range n.Pulled.Parts {
		path, err := p.Keep.Path(part.Digest)
		if err != nil {
			return n, false
		}
		if info, err := os.Stat(path); err != nil || info.Size() != part.Bytes {
			return n, false
		}
	}
	return n, true
}

// remember writes a note; it appears whole or not at all.
func (p *Puller) remember(name string, n note) error {
	b, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("pull: %w", err)
	}
	t, err := os.CreateTemp(p.Dir, "note-*")
	if err != nil {
		return fmt.Errorf("pull: %w", err)
	}
	_, err = t.Write(b)
	err = errors.Join(err, t.Close())
	if err == nil {
		err = os.Rename(t.Name(), filepath.Join(p.Dir, name))
	}
	if err != nil {
		os.Remove(t.Name())
		return fmt.Errorf("pull: %w", err)
	}
	return nil
}

// Lay puts the parts of a pull into a folder under their names, for an engine that
// reads files, and returns the glob that finds them.
func (p *Puller) Lay(x *engine.Pull, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("pull: %w", err)
	}
	for _, part := range x.Parts {
		from, err := p.Keep.Path(part.Digest)
		if err != nil {
			return "", err
		}
		to := filepath.Join(dir, part.Name)
		if err := os.Link(from, to); err != nil {
			abs, err := filepath.Abs(from)
			if err != nil {
				return "", fmt.Errorf("pull: %w", err)
			}
			if err := os.Symlink(abs, to); err != nil {
				return "", fmt.Errorf("pull: %w", err)
			}
		}
	}
	return filepath.Join(dir, "*"+filepath.Ext(x.Parts[0].Name)), nil
}
