package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const digestPrefix = "sha256:"

// ErrChanged: a kept file is no longer what its digest says.
var ErrChanged = errors.New("the content does not match its digest: the file was changed")

// Path is where the file of a digest lies, or would.
func (w *Workspace) Path(digest string) (string, error) {
	h := strings.TrimPrefix(digest, digestPrefix)
	if raw, err := hex.DecodeString(h); err != nil || len(raw) != sha256.Size || !strings.HasPrefix(digest, digestPrefix) {
		return "", fmt.Errorf("find file: %q is not a sha256 digest", digest)
	}
	return filepath.Join(w.dir, "blobs", h[:2], h[2:]), nil
}

// TempPath is a place in the workspace's own file system for a file that PutFile will
// take over.
func (w *Workspace) TempPath(name string) string { return filepath.Join(w.dir, "tmp", name) }

// PulledPath is the folder for notes of what was pulled from elsewhere.
func (w *Workspace) PulledPath() string { return filepath.Join(w.dir, "pulled") }

// AnswersPath is the folder of answers of models that are being collected.
func (w *Workspace) AnswersPath() string { return filepath.Join(w.dir, "answers") }

// PutBytes keeps data and returns its digest. The same data twice is kept once.
func (w *Workspace) PutBytes(_ context.Context, data []byte) (string, error) {
	sum := sha256.Sum256(data)
	digest := digestPrefix + hex.EncodeToString(sum[:])
	t, err := os.CreateTemp(filepath.Join(w.dir, "tmp"), "blob-*")
	if err != nil {
		return "", fmt.Errorf("keep file: %w", err)
	}
	defer os.Remove(t.Name())
	if _, err = t.Write(data); err == nil {
		err = t.Sync()
	}
	if e := t.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = w.adopt(t.Name(), digest)
	}
	if err != nil {
		return "", fmt.Errorf("keep file: %w", err)
	}
	return digest, nil
}

// PutFile takes a file over: it is moved when it lies in the workspace's file system
// (see TempPath).
func (w *Workspace) PutFile(_ context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("keep file: %w", err)
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if e := f.Sync(); err == nil {
		err = e
	}
	f.Close()
	if err != nil {
		return "", fmt.Errorf("keep file: %w", err)
	}
	digest := digestPrefix + hex.EncodeToString(h.Sum(nil))
	if err := w.adopt(path, digest); err != nil {
		return "", fmt.Errorf("keep file: %w", err)
	}
	return digest, nil
}

// adopt renames a whole file into place.
func (w *Workspace) adopt(from, digest string) error {
	to, err := w.Path(digest)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// Open reads the file of a digest. The content is checked against the digest; a file
// that was changed fails at its end with an error that names it.
func (w *Workspace) Open(digest string) (io.ReadCloser, int64, error) {
	p, err := w.Path(digest)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("no file %s in %s: %w", digest, w.dir, ErrNotFound)
	}
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return &checked{f: f, h: sha256.New(), want: strings.TrimPrefix(digest, digestPrefix), path: p}, st.Size(), nil
}

// checked hashes what is read and compares at the end.
type checked struct {
	f    *os.File
	h    hash.Hash
	want string
	path string
}

func (c *checked) Read(b []byte) (int, error) {
	n, err := c.f.Read(b)
	c.h.Write(b[:n])
	if err == io.EOF && hex.EncodeToString(c.h.Sum(nil)) != c.want {
		return n, fmt.Errorf("read %s: %w", c.path, ErrChanged)
	}
	return n, err
}

func (c *checked) Close() error { return c.f.Close() }

// sweep removes temporary files older than a day: what killed processes left.
func (w *Workspace) sweep(now time.Time) {
	left, err := os.ReadDir(filepath.Join(w.dir, "tmp"))
	if err != nil {
		return
	}
	for _, f := range left {
		if i, err := f.Info(); err == nil && now.Sub(i.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(filepath.Join(w.dir, "tmp", f.Name()))
		}
	}
}

// Check reads the whole file of a digest against it and returns its path, for readers
// that need a path.
func (w *Workspace) Check(digest string) (string, error) {
	f, _, err := w.Open(digest)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err := io.Copy(io.Discard, f); err != nil {
		return "", err
	}
	return w.Path(digest)
}
