package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"maps"
	"math"
	"math/bits"
	"os"
	"slices"
	"strconv"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

type digests struct {
	files []engine.File
	whole string
	err   error
}

// digestFiles takes the SHA-256 of each file and of all of them end to end, beside
// whatever else is going on. The channel gives one value.
func digestFiles(ctx context.Context, files []input) <-chan digests {
	done := make(chan digests, 1)
	go func() {
		var d digests
		whole := sha256.New()
		for _, f := range files {
			own := whole
			if len(files) > 1 {
				own = sha256.New()
			}
			n, err := digestFile(ctx, f.path, own, whole)
			if err != nil {
				d.err = err
				break
			}
			d.files = append(d.files, engine.File{Path: f.path, Bytes: n, Digest: hex.EncodeToString(own.Sum(nil))})
		}
		d.whole = hex.EncodeToString(whole.Sum(nil))
		done <- d
	}()
	return done
}

func digestFile(ctx context.Context, path string, own, whole hash.Hash) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, missing(path, err)
	}
	defer f.Close()
	block := make([]byte, 1<<17) // stays in the cache between the copy and the hash
	var total int64
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		n, err := f.Read(block)
		total += int64(n)
		own.Write(block[:n])
		if own != whole {
			whole.Write(block[:n])
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, &engine.DataError{Where: path, Msg: "cannot be read: " + cause(err)}
		}
	}
}

// rowsDigest is a digest of the used rows that does not depend on their order: the
// sums mod 2^64 of two hashes of each row's label, outputs and weight. Class names
// and model keys are hashed along, so that renaming shows too.
func rowsDigest(r *rows.Rows) string {
	const block = 4096
	var a, b [block]uint64
	var sumA, sumB uint64
	fold := func(i int, w uint64) {
		hi, lo := bits.Mul64(a[i]^w, 0x9e3779b97f4a7c15)
		a[i] = hi ^ lo ^ 0x2545f4914f6cdd1d
		b[i] = (b[i]^lo)*0xd6e8feb86659fd93 + hi
	}
	for from := 0; from < r.N; from += block {
		n := min(block, r.N-from)
		for i := 0; i < n; i++ {
			a[i], b[i] = 0x243f6a8885a308d3, 0x13198a2e03707344
		}
		codes := func(x []uint16) {
			if x != nil {
				for i, c := range x[from : from+n] {
					fold(i, uint64(c)+1)
				}
			}
		}
		floats := func(x []float64) {
			if x != nil {
				for i, v := range x[from : from+n] {
					fold(i, math.Float64bits(v+0)) // −0 and 0 are one score
				}
			}
		}
		codes(r.Class)
		floats(r.Target)
		for m := range r.Models {
			floats(r.Models[m].Score)
			codes(r.Models[m].Decision)
			for _, p := range r.Models[m].Probs {
				floats(p)
			}
			for _, x := range r.Models[m].Ends {
				floats(x)
			}
			if r.Task.Generative() { // what is known of an answer are its scores
				for _, scorer := range slices.Sorted(maps.Keys(r.Given)) {
					g := r.Given[scorer]
					floats(g.Scores[r.Models[m].Key])
					for _, name := range slices.Sorted(maps.Keys(g.More)) {
						floats(g.More[name][r.Models[m].Key])
					}
				}
			}
		}
		floats(r.Weight)
		for i := 0; i < n; i++ {
			sumA += a[i]
			sumB += b[i]
		}
	}
	h := sha256.New()
	put := func(s string) { io.WriteString(h, strconv.Quote(s)) }
	put(string(r.Task))
	put(strconv.Itoa(r.N))
	for _, c := range r.Classes {
		put(c)
	}
	for _, m := range r.Models {
		put(m.Key)
	}
	put(strconv.FormatUint(sumA, 16))
	put(strconv.FormatUint(sumB, 16))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
