package collect

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// cache is a folder of finished artifacts. An answer is found by the full request and the
// repeat; nothing of it is held in memory.
type cache struct{ open []*Artifact }

// openCache opens what the folder has, the newest first. A damaged artifact costs its
// answers, not the run.
func openCache(folder string) (*cache, error) {
	names, err := filepath.Glob(filepath.Join(folder, "answers-*.fta"))
	if err != nil {
		return nil, fmt.Errorf("open the cache: %w", err)
	}
	age := func(name string) int64 {
		if info, err := os.Stat(name); err == nil {
			return info.ModTime().UnixNano()
		}
		return 0
	}
	slices.SortFunc(names, func(a, b string) int {
		if x, y := age(a), age(b); x != y {
			if x > y {
				return -1
			}
			return 1
		}
		return 0
	})
	c := &cache{}
	for _, n := range names {
		if a, err := Open(n); err == nil {
			c.open = append(c.open, a)
		}
	}
	return c, nil
}

// find gives the answer to a request, nil if there is none.
func (c *cache) find(key string, sample int) *Entry {
	if c == nil {
		return nil
	}
	for _, a := range c.open {
		if e, err := a.key(key); err == nil && e != nil && e.Sample == sample {
			return e
		}
	}
	return nil
}

func (c *cache) close() {
	if c == nil {
		return
	}
	for _, a := range c.open {
		_ = a.Close()
	}
}

// shareArtifact puts an artifact into the cache: a second name of the same file where the
// file system can, else a copy.
func shareArtifact(folder, artifact string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("fill the cache: %w", err)
	}
	to := filepath.Join(folder, filepath.Base(artifact))
	err := os.Link(artifact, to)
	if err == nil || errors.Is(err, os.ErrExist) {
		return nil
	}
	b, err := os.Open(artifact)
	if err != nil {
		return fmt.Errorf("fill the cache: %w", err)
	}
	defer b.Close()
	f, err := os.CreateTemp(folder, "*.tmp")
	if err != nil {
		return fmt.Errorf("fill the cache: %w", err)
	}
	_, err = f.ReadFrom(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("fill the cache: %w", err)
	}
	return nil
}
