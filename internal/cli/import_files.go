package cli

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
)

// draftFiles are the files that init is about to write: all of them, or none.
type draftFiles struct {
	dir     string // of the plan
	plan    string // its name
	out     string // as the user wrote it
	force   bool
	names   []string
	data    map[string][]byte
	streams map[string]*stream
}

// stream is a file that is too long for memory, under a name that it loses in the end.
type stream struct {
	file *os.File
	w    *bufio.Writer
}

func (w *draftFiles) put(name string, data []byte) {
	if w.data == nil {
		w.data = map[string][]byte{}
	}
	if _, ok := w.data[name]; !ok {
		w.names = append(w.names, name)
	}
	w.data[name] = data
}

// create begins a file that is written piece by piece.
func (w *draftFiles) create(name string) (*bufio.Writer, error) {
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	f, err := os.CreateTemp(w.dir, "."+name+".*")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	if w.streams == nil {
		w.streams = map[string]*stream{}
	}
	s := &stream{f, bufio.NewWriterSize(f, 1<<16)}
	w.streams[name] = s
	w.names = append(w.names, name)
	return s.w, nil
}

// drop removes what was begun and not finished.
func (w *draftFiles) drop() {
	for _, s := range w.streams {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}

// free refuses to replace a file that init would write, unless it is told to.
func (w *draftFiles) free(name string) error {
	if _, err := os.Stat(filepath.Join(w.dir, name)); err == nil && !w.force {
		return wrong("write elsewhere with -o FOLDER/plan.yaml, or --force", "%s exists already", w.show(name))
	}
	return nil
}

func (w *draftFiles) show(name string) string {
	return filepath.ToSlash(filepath.Join(filepath.Dir(w.out), name))
}

func (w *draftFiles) shown() []string {
	var out []string
	for _, n := range w.names {
		out = append(out, w.show(n))
	}
	return out
}

// write puts all files there; nothing where one of them exists.
func (w *draftFiles) write() error {
	for _, n := range w.names {
		if err := w.free(n); err != nil {
			return err
		}
	}
	for _, n := range w.names {
		to := filepath.Join(w.dir, filepath.FromSlash(n))
		if s := w.streams[n]; s != nil {
			if err := s.finish(to); err != nil {
				return fmt.Errorf("write %s: %w", w.show(n), err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return fmt.Errorf("write %s: %w", n, err)
		}
		if err := writeFile(to, w.data[n]); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) finish(to string) error {
	if err := s.w.Flush(); err != nil {
		return err
	}
	if err := s.file.Chmod(0o644); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	if err := s.file.Close(); err != nil {
		return err
	}
	return os.Rename(s.file.Name(), to)
}
