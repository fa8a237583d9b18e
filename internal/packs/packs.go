// Package packs brings the text of a standard from a Git repository or a URL. It refuses
// texts that are too long to be one; digests are checked by who asks.
package packs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// MaxBytes is how long a standard may be.
const MaxBytes = 1 << 20

// patience is how long a server may take, connection and all.
const patience = time.Minute

// URL gets the text behind an http or https address.
func URL(ctx context.Context, address string) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", address, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err // it names the method and the address
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: the server answers %s", address, resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", address, err)
	}
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("get %s: it is longer than the %d KiB that a standard may have", address, MaxBytes>>10)
	}
	return text, nil
}

// Git gets a file of a repository (an address or a folder) at a revision: a tag, a branch
// or a commit. It asks the installed git, so that whatever lets its user clone the
// repository (credential helpers, ssh, proxies) works here too; it never prompts.
func Git(ctx context.Context, repository, revision, file string) ([]byte, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, errors.New("a standard in a Git repository needs git, which is not installed")
	}
	if strings.HasPrefix(revision, "-") {
		return nil, fmt.Errorf("%q is no revision", revision)
	}
	dir, err := os.MkdirTemp("", "fairtrial-standard-*")
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", repository, err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	if _, err := git(ctx, dir, "init", "--bare", "--quiet"); err != nil {
		return nil, err
	}
	commit := "FETCH_HEAD"
	if _, err := git(ctx, dir, "fetch", "--quiet", "--no-tags", "--depth=1", "--", repository, revision); err != nil {
		// A server may refuse to give a single commit by its hash, and none knows the short
		// form of one: then everything is fetched.
		if _, all := git(ctx, dir, "fetch", "--quiet", "--", repository, "+refs/*:refs/fetched/*"); all != nil {
			return nil, fmt.Errorf("fetch %s at %s: %w", repository, revision, all)
		}
		commit = revision
		if _, none := git(ctx, dir, "rev-parse", "--verify", "--quiet", commit+"^{commit}"); none != nil {
			return nil, fmt.Errorf("fetch %s: it has no tag, branch or commit %q", repository, revision)
		}
	}
	size, err := git(ctx, dir, "cat-file", "-s", commit+":"+file)
	if err != nil {
		return nil, fmt.Errorf("%s at %s has no file %s", repository, revision, file)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(size))); err != nil || n > MaxBytes {
		return nil, fmt.Errorf("%s of %s at %s is longer than the %d KiB that a standard may have", file, repository, revision, MaxBytes>>10)
	}
	text, err := git(ctx, dir, "cat-file", "blob", commit+":"+file)
	if err != nil {
		return nil, fmt.Errorf("read %s of %s at %s: %w", file, repository, revision, err)
	}
	return text, nil
}

// git runs one command of git; its error is git's own words.
func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, "git", append([]string{"--git-dir", dir}, args...)...)
	c.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	if os.Getenv("GIT_SSH_COMMAND") == "" {
		c.Env = append(c.Env, "GIT_SSH_COMMAND=ssh -o BatchMode=yes")
	}
	var out, words bytes.Buffer
	c.Stdout, c.Stderr = &out, &words
	err := c.Run()
	if err == nil {
		return out.Bytes(), nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if w := strings.TrimSpace(words.String()); w != "" {
		return nil, fmt.Errorf("git %s: %s", args[0], strings.Join(strings.Fields(w), " "))
	}
	return nil, fmt.Errorf("git %s: %w", args[0], err)
}
