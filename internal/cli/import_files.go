package cli

import (
	"fmt"
	"os"
	"path/filepath"
)

// free refuses to replace a file that init would write, unless it is told to.
func (w *draftFiles) free(name string) error {
	if _, err := os.Stat(filepath.Join(w.dir, name)); err == nil && !w.force {
		return wrong("write elsewhere with -o FOLDER/plan.yaml, or --force", "%s exists already", filepath.ToSlash(filepath.Join(filepath.Dir(w.out), name)))
	}
	return nil
}

// write puts all files there, the plan last; nothing where one of them exists.
func (w *draftFiles) write() error {
	for _, n := range w.names {
		if err := w.free(n); err != nil {
			return err
		}
	}
	for _, n := range w.names {
		to := filepath.Join(w.dir, filepath.FromSlash(n))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return fmt.Errorf("write %s: %w", n, err)
		}
		if err := writeFile(to, w.data[n]); err != nil {
			return err
		}
	}
	return nil
}
