package mlflow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"path"
	"sort"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
)

// maxFiles bounds the files of one model.
const maxFiles = 10_000

// Files lists the files below a pin, sorted by their bytes' order.
func (c *Client) Files(ctx context.Context, p Pin) ([]File, error) {
	var out []File
	for folders := []string{""}; len(folders) > 0; {
		found, err := c.list(ctx, p, folders[0])
		if err != nil {
			return nil, err
		}
		folders = folders[1:]
		for _, f := range found {
			if f.dir {
				folders = append(folders, f.Path)
			} else {
				out = append(out, f)
			}
		}
		if len(out)+len(folders) > maxFiles {
			return nil, &engine.DataError{Where: p.URI, Msg: fmt.Sprintf("more than %d files", maxFiles), Hint: "pin the digest yourself with artifact: {sha256: …}"}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out, nil
}

// Digest is the sha256 of the list of a model's files, each as "sha256  path\n" in the
// order of their paths: what `sha256sum` prints, hashed again. The files are read and
// not kept.
func (c *Client) Digest(ctx context.Context, p Pin) (digest string, bytes int64, err error) {
	files, err := c.Files(ctx, p)
	if err != nil {
		return "", 0, err
	}
	if len(files) == 0 {
		return "", 0, &engine.DataError{Where: p.URI, Msg: "no file lies there", Hint: "a model's folder is expected; was its logging interrupted?"}
	}
	all := sha256.New()
	for _, f := range files {
		h := sha256.New()
		n, err := c.copy(ctx, p, f.Path, h)
		if err != nil {
			return "", 0, err
		}
		bytes += n
		fmt.Fprintf(all, "%s  %s\n", sum(h), f.Path)
	}
	return sum(all), bytes, nil
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// copy reads one file below a pin.
func (c *Client) copy(ctx context.Context, p Pin, below string, to io.Writer) (int64, error) {
	var r io.ReadCloser
	var err error
	if at, ok := p.Proxied(); ok {
		r, err = c.Do(ctx, http.MethodGet, Proxy(path.Join(at, below)), nil, "", nil, true)
	} else if p.Run != "" && p.Model == "" && p.Name == "" { // the server reads a run's store for its users, wherever that is
		r, err = c.Do(ctx, http.MethodGet, "/get-artifact", url.Values{"run_uuid": {p.Run}, "path": {path.Join(p.Path, below)}}, "", nil, true)
	} else {
		return 0, p.elsewhere()
	}
	if a, ok := Refused(err); ok && (a.Status == http.StatusNotFound || a.Code == "RESOURCE_DOES_NOT_EXIST") {
		return 0, &engine.DataError{Where: p.URI, Msg: "no such file in MLflow at " + c.Address(), Hint: c.siblings(ctx, p)}
	}
	if err != nil {
		return 0, err
	}
	defer r.Close()
	n, err := io.Copy(to, r)
	if err != nil {
		return n, c.unreachable(err)
	}
	return n, nil
}

// siblings names what lies beside a file that is not there.
func (c *Client) siblings(ctx context.Context, p Pin) string {
	dir := p
	if dir.Path = path.Dir(p.Path); dir.Path == "." {
		dir.Path = ""
	}
	found, err := c.list(ctx, dir, "")
	if err != nil || len(found) == 0 {
		return ""
	}
	var names []string
	for _, f := range found {
		name := f.Path
		if f.dir {
			name += "/"
		}
		names = append(names, name)
	}
	sort.Strings(names)
	if len(names) > 8 {
		names = append(names[:8], "…")
	}
	return "there are: " + strings.Join(names, ", ")
}
