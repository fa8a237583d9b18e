// Package store is the workspace: a SQLite database of runs and events beside
// content-addressed files. It refuses to interpret what it keeps.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the database/sql driver
)

// Errors that callers tell apart; they come wrapped.
var (
	ErrNotFound  = errors.New("not found")
	ErrAmbiguous = errors.New("ambiguous")
)

//go:embed migrations/*.sql
var migrations embed.FS //nolint:gochecknoglobals // embedded files

// Folder is the name of a workspace's folder.
const Folder = ".fairtrial"

// Workspace is an open workspace. It is safe for concurrent use, and two processes
// may have the same one open. A process that is killed leaves it whole: SQLite's
// write-ahead log rolls back, and files appear by rename.
type Workspace struct {
	dir string
	db  *bun.DB
}

// Find gives the workspace folder of a start folder: the nearest .fairtrial upwards,
// as git finds its own, else the one that would be made in start (found is false). A
// ceiling, where there is one, and what lies above it are not looked at, but for start itself.
func Find(start, ceiling string) (dir string, found bool) {
	abs, err := filepath.Abs(start)
	if err != nil {
		abs = start
	}
	if ceiling != "" {
		ceiling = filepath.Clean(ceiling)
	}
	for d := abs; ; d = filepath.Dir(d) {
		p := filepath.Join(d, Folder)
		if st, err := os.Stat(p); err == nil && st.IsDir() {
			return p, true
		}
		if up := filepath.Dir(d); d == up || d == ceiling || up == ceiling {
			return filepath.Join(abs, Folder), false
		}
	}
}

// Open opens the workspace in dir and makes it, or brings it to the present form,
// where needed.
func Open(ctx context.Context, dir string) (*Workspace, error) {
	for _, d := range []string{dir, filepath.Join(dir, "blobs"), filepath.Join(dir, "tmp")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, fmt.Errorf("open workspace %s: %w", dir, err)
		}
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Stat(ignore); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o644); err != nil {
			return nil, fmt.Errorf("open workspace %s: %w", dir, err)
		}
	}
	path := filepath.Join(dir, "fairtrial.db")
	sqldb, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("open workspace %s: %w", dir, err)
	}
	// One connection: SQLite has one writer, and a workspace's reads are few.
	sqldb.SetMaxOpenConns(1)
	w := &Workspace{dir: dir, db: bun.NewDB(sqldb, sqlitedialect.New())}
	if err := w.migrate(ctx, sqldb); err != nil {
		sqldb.Close()
		return nil, fmt.Errorf("open workspace: %s: %w", path, err)
	}
	w.sweep(time.Now())
	return w, nil
}

func dsn(path string) string {
	q := url.Values{}
	for _, p := range []string{"busy_timeout(20000)", "journal_mode(WAL)", "foreign_keys(1)", "synchronous(NORMAL)"} {
		q.Add("_pragma", p)
	}
	q.Set("_txlock", "immediate")
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// migrate applies what is missing. Two processes that open a new workspace at once
// both get there: the loser of the race finds the work done when it tries again.
func (w *Workspace) migrate(ctx context.Context, db *sql.DB) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		p, err := goose.NewProvider(goose.DialectSQLite3, db, sub)
		if err != nil {
			return friendly(err)
		}
		var have int64
		if have, err = p.GetDBVersion(ctx); err == nil {
			sources := p.ListSources()
			newest := sources[len(sources)-1].Version
			if have == newest {
				return nil
			}
			if have > newest {
				return fmt.Errorf("made by a newer fairtrial (form %d, this one knows %d): upgrade fairtrial", have, newest)
			}
			_, err = p.Up(ctx)
		}
		if err == nil {
			return nil
		}
		if try >= 20 || ctx.Err() != nil || broken(err) {
			return friendly(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(20+10*try) * time.Millisecond):
		}
	}
}

func broken(err error) bool {
	return strings.Contains(err.Error(), "not a database") || strings.Contains(err.Error(), "malformed") || strings.Contains(err.Error(), "readonly")
}

func friendly(err error) error {
	if strings.Contains(err.Error(), "not a database") || strings.Contains(err.Error(), "malformed") {
		return fmt.Errorf("the database is damaged: move it away and run again (records in output folders stay readable): %w", err)
	}
	return err
}

// Close releases the workspace.
func (w *Workspace) Close() error { return w.db.Close() }

// Dir is the workspace's folder.
func (w *Workspace) Dir() string { return w.dir }
