package connect

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // what object stores give to check a transfer with
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/s3blob" // s3://
	"gocloud.dev/gcerrors"

	"github.com/fairtrial/fairtrial/internal/engine"
)

// Objects brings an object, or all that match a glob, of s3://bucket/key, gs://… or
// az://…; what follows a ? are settings of the store, such as region and endpoint. An
// object that did not change since it was brought is not brought again, and one whose
// transfer was interrupted goes on where it ended.
func (p *Puller) Objects(ctx context.Context, address string) (*engine.Pull, error) {
	bucket, key, err := p.bucket(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = bucket.Close() }()
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("pull: %w", err)
	}
	plainAddress, _, _ := strings.Cut(address, "?")
	scheme, _, _ := strings.Cut(address, "://")
	began := p.Now()
	out := &engine.Pull{Source: plainAddress, Kind: scheme, Started: began.UTC(), Parts: []engine.Part{}}
	keys, err := matching(ctx, bucket, plainAddress, key)
	if err != nil {
		return nil, err
	}
	for i, k := range keys {
		part, err := p.object(ctx, bucket, address, k)
		if err != nil {
			return nil, err
		}
		part.Name = fmt.Sprintf("%04d-%s", i+1, path.Base(k))
		out.Parts = append(out.Parts, part)
		out.Bytes += part.Bytes
		if p.Progress != nil {
			p.Progress(plainAddress, int64(i+1), int64(len(keys)))
		}
	}
	out.Seconds = p.Now().Sub(began).Seconds()
	return out, nil
}

func (p *Puller) bucket(ctx context.Context, address string) (*blob.Bucket, string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil, "", &engine.DataError{Where: address, Msg: "is no address of an object", Hint: "s3://bucket/folder/file.parquet"}
	}
	at := url.URL{Scheme: u.Scheme, Host: u.Host, RawQuery: u.RawQuery}
	switch settings := u.Query(); at.Scheme {
	case "az":
		at.Scheme = "azblob"
	case "s3": // the SDK would warn on stderr of every server that sends no checksum of its own kind
		if !settings.Has("response_checksum_validation") {
			settings.Set("response_checksum_validation", "when_required")
		}
		at.RawQuery = settings.Encode()
	}
	if !blob.DefaultURLMux().ValidBucketScheme(at.Scheme) {
		return nil, "", &engine.DataError{Where: address, Msg: "this build of fairtrial cannot read " + u.Scheme + "://",
			Hint: "build it with -tags " + map[string]string{"gs": "gcs", "az": "azure"}[u.Scheme] + ", or bring the file here first"}
	}
	b, err := blob.OpenBucket(ctx, at.String())
	if err != nil {
		return nil, "", &engine.DataError{Where: address, Msg: "the store cannot be opened: " + err.Error()}
	}
	return b, strings.TrimPrefix(u.Path, "/"), nil
}

// matching lists the keys that a key with *, ? or [ stands for, in order.
func matching(ctx context.Context, b *blob.Bucket, address, key string) ([]string, error) {
	i := strings.IndexAny(key, "*[")
	if i < 0 {
		return []string{key}, nil
	}
	if _, err := path.Match(key, ""); err != nil {
		return nil, &engine.DataError{Where: address, Msg: "the pattern is malformed"}
	}
	var keys []string
	list := b.List(&blob.ListOptions{Prefix: key[:i]})
	for {
		o, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, storeError(address, err)
		}
		if ok, _ := path.Match(key, o.Key); ok && !o.IsDir { // the pattern was checked
			keys = append(keys, o.Key)
		}
	}
	if len(keys) == 0 {
		return nil, &engine.DataError{Where: address, Msg: "no object matches"}
	}
	sort.Strings(keys)
	return keys, nil
}

// storeError tells what the plan got wrong from a store that does not answer.
func storeError(where string, err error) error {
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return &engine.DataError{Where: where, Msg: "no such object"}
	case gcerrors.PermissionDenied:
		return &engine.DataError{Where: where, Msg: "the store refuses access", Hint: "set the store's credentials in the environment, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}
	}
	return fmt.Errorf("%s: the store cannot be read: %s", where, strings.Join(strings.Fields(err.Error()), " "))
}

// object brings one object, unless the workspace has it as it is now.
func (p *Puller) object(ctx context.Context, b *blob.Bucket, address, key string) (engine.Part, error) {
	u, err := url.Parse(address)
	if err != nil {
		return engine.Part{}, fmt.Errorf("pull: %w", err)
	}
	where := u.Scheme + "://" + u.Host + "/" + key
	a, err := b.Attributes(ctx, key)
	if err != nil {
		return engine.Part{}, storeError(where, err)
	}
	h := sha256.Sum256([]byte(where + "?" + u.RawQuery + "\n" + a.ETag + "\n" + fmt.Sprint(a.Size, a.ModTime.UnixNano())))
	id := hex.EncodeToString(h[:])
	if old, ok := p.recall(id + ".json"); ok && len(old.Pulled.Parts) == 1 {
		return old.Pulled.Parts[0], nil
	}
	if a.Size == 0 {
		return engine.Part{}, &engine.DataError{Where: where, Msg: "the object is empty", NoRows: true}
	}
	tmp, err := p.download(ctx, b, key, where, id, a)
	if err != nil {
		return engine.Part{}, err
	}
	digest, err := p.Keep.PutFile(ctx, tmp)
	if err != nil {
		return engine.Part{}, fmt.Errorf("pull %s: %w", where, err)
	}
	part := engine.Part{Digest: digest, Bytes: a.Size, Version: a.ETag}
	return part, p.remember(id+".json", note{Pulled: engine.Pull{Parts: []engine.Part{part}}})
}

// download fills a file whose name holds what it is a copy of. A claim on an earlier,
// unfinished one is a rename, which only one process can do.
func (p *Puller) download(ctx context.Context, b *blob.Bucket, key, where, id string, a *blob.Attributes) (string, error) {
	mine := p.Keep.TempPath(id[:24] + "." + p.Version + ".part")
	p.claim(id[:24], mine)
	f, err := os.OpenFile(mine, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", fmt.Errorf("pull %s: %w", where, err)
	}
	defer f.Close()
	sum := md5.New() //nolint:gosec // see above
	have, err := io.Copy(sum, f)
	if err != nil {
		return "", fmt.Errorf("pull %s: %w", where, err)
	}
	if have < a.Size {
		err = fetch(ctx, b, key, f, sum, have, a)
	}
	if err == nil && len(a.MD5) > 0 && !bytes.Equal(a.MD5, sum.Sum(nil)) {
		os.Remove(mine)
		return "", fmt.Errorf("pull %s: what came does not have the store's MD5; run it again", where)
	}
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err() // what came is kept for the next run
	case err != nil:
		return "", storeError(where, err)
	}
	return mine, f.Close()
}

// unfinished is how long a transfer must have been quiet before another run goes on
// with it.
const unfinished = time.Minute

func (p *Puller) claim(id, mine string) {
	left, _ := filepath.Glob(p.Keep.TempPath(id + ".*.part")) // the pattern is well formed
	for _, old := range left {
		if info, err := os.Stat(old); err == nil && p.Now().Sub(info.ModTime()) > unfinished && os.Rename(old, mine) == nil {
			return
		}
	}
}

// fetch reads the bytes from have on.
func fetch(ctx context.Context, b *blob.Bucket, key string, to io.Writer, sum hash.Hash, have int64, a *blob.Attributes) error {
	r, err := b.NewRangeReader(ctx, key, have, -1, nil)
	if err != nil {
		return err
	}
	n, err := io.Copy(io.MultiWriter(to, sum), r)
	if e := r.Close(); err == nil {
		err = e
	}
	if err == nil && have+n != a.Size {
		return fmt.Errorf("%d bytes came, the object has %d: it changed while it was read", have+n, a.Size)
	}
	return err
}
