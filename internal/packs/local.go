package packs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// ErrNoFile: a commit has no file of that name.
var ErrNoFile = errors.New("no such file in that commit")

// Commit is the hash of a revision (a branch, tag or commit) of the repository that a
// folder lies in; found is false where the repository has none of that name. A branch that
// only the remote "origin" has is found too.
func Commit(ctx context.Context, dir, revision string) (hash string, found bool, err error) {
	if _, err := exec.LookPath("git"); err != nil {
		return "", false, nil
	}
	out, err := inFolder(ctx, dir, "rev-parse", "--is-inside-work-tree")
	var told *exec.ExitError
	if errors.As(err, &told) && bytes.Contains(told.Stderr, []byte("dubious ownership")) { // usual in containers
		return "", false, fmt.Errorf("git refuses the repository, which belongs to another user: git config --global --add safe.directory %q", dir)
	}
	if err != nil || strings.TrimSpace(string(out)) != "true" {
		return "", false, ctx.Err()
	}
	for _, name := range []string{revision, "refs/remotes/origin/" + revision} {
		out, err := inFolder(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
		if err == nil {
			return strings.TrimSpace(string(out)), true, nil
		}
		if ctx.Err() != nil {
			return "", false, ctx.Err()
		}
	}
	return "", false, nil
}

// Committed is a file as it stands in a commit of the repository that dir lies in. A path
// that begins with ./ starts at dir, others at the top of the repository. It is ErrNoFile
// where there is none.
func Committed(ctx context.Context, dir, commit, path string, most int64) ([]byte, error) {
	at := commit + ":" + path
	size, err := inFolder(ctx, dir, "cat-file", "-s", at)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, ErrNoFile
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(string(size)), 10, 64); err != nil || n > most {
		return nil, fmt.Errorf("%s at %.12s is larger than %d MB", path, commit, most>>20)
	}
	text, err := inFolder(ctx, dir, "cat-file", "blob", at)
	if err != nil {
		return nil, fmt.Errorf("read %s at %.12s: %w", path, commit, err)
	}
	if bytes.HasPrefix(text, []byte("version https://git-lfs.github.com/spec/")) {
		return nil, fmt.Errorf("%s at %.12s is a pointer of Git LFS, not the file itself", path, commit)
	}
	return text, nil
}

func inFolder(ctx context.Context, dir string, args ...string) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	c := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	c.Env = append(c.Environ(), "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	return c.Output()
}
