package collect

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// An artifact is
//
//	magic · chunks · index of cases · index of keys · table of chunks · footer
//
// A chunk is one zstd frame of whole entries, in the order of the input. The indexes are
// sorted arrays that are searched where they lie, so that opening reads a hundred bytes
// and one case costs two dozen small reads and one chunk, however many there are.
const (
	magic      = "FTANSWR1"
	chunkSize  = 128 << 10 // uncompressed: a chunk is what one case costs to read
	placeSize  = 20        // hash (8) · number in order (4) · chunk (4) · offset in it (4)
	tableSize  = 16        // offset (8) · compressed size (4) · uncompressed size (4)
	footerSize = 8*4 + 4 + 8
)

// placed is an entry's place: 32 bytes, for both indexes.
type placed struct {
	id, key            uint64 // hashes
	order, chunk, from uint32
	answered           bool
}

func hash64(s string) uint64 {
	h := sha256.Sum256([]byte(s))
	return binary.LittleEndian.Uint64(h[:])
}

// writeArtifact puts the entries that refs name, in their order, into a file of folder
// whose name is its digest. Memory: 32 bytes an entry and a chunk.
func writeArtifact(folder string, log io.ReaderAt, refs []ref) (path, digest string, models map[Model]int64, err error) {
	f, err := os.CreateTemp(folder, "answers-*.tmp")
	if err != nil {
		return "", "", nil, fmt.Errorf("write the artifact: %w", err)
	}
	defer func() {
		_ = f.Close()
		if err != nil {
			_ = os.Remove(f.Name())
			err = fmt.Errorf("write the artifact: %w", err)
		}
	}()
	w := newArtifactWriter(f, len(refs))
	for _, r := range refs {
		k, payload, err := readAt(log, r.at)
		if err != nil {
			return "", "", nil, err
		}
		if k != kindAnswer && k != kindError {
			return "", "", nil, fmt.Errorf("the record at byte %d is no answer", r.at)
		}
		if err := w.add(payload); err != nil {
			return "", "", nil, err
		}
	}
	if digest, err = w.end(); err != nil {
		return "", "", nil, err
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return "", "", nil, err
	}
	path = filepath.Join(folder, "answers-"+digest+".fta")
	if err := os.Rename(f.Name(), path); err != nil {
		return "", "", nil, err
	}
	return path, digest, w.models, syncFolder(folder)
}

type artifactWriter struct {
	w       *bufio.Writer
	sum     hash.Hash
	at      uint64
	err     error
	zip     *zstd.Encoder
	chunk   []byte
	packed  []byte
	table   []byte
	chunks  uint32
	entries uint32
	places  []placed
	models  map[Model]int64
}

// Model is what answered, as the provider names it.
type Model struct{ Name, Fingerprint string }

func newArtifactWriter(f io.Writer, entries int) *artifactWriter {
	w := &artifactWriter{sum: sha256.New(), models: map[Model]int64{}, places: make([]placed, 0, entries)}
	w.w = bufio.NewWriterSize(io.MultiWriter(f, w.sum), 1<<16)
	w.zip, w.err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true), zstd.WithWindowSize(2*chunkSize), zstd.WithLowerEncoderMem(true))
	w.write([]byte(magic))
	return w
}

func (w *artifactWriter) write(b []byte) {
	if w.err == nil {
		var n int
		n, w.err = w.w.Write(b)
		w.at += uint64(n)
	}
}

func (w *artifactWriter) add(payload []byte) error {
	meta, _, _, err := split(payload)
	if err != nil {
		return err
	}
	var e struct {
		ID     string   `json:"id"`
		Key    string   `json:"key"`
		Err    *Failure `json:"error"`
		Answer struct {
			Model       string `json:"model"`
			Fingerprint string `json:"system_fingerprint"`
		} `json:"answer"`
	}
	if err := json.Unmarshal(meta, &e); err != nil {
		return fmt.Errorf("a stored answer is damaged: %w", err)
	}
	if e.Err == nil {
		w.models[Model{e.Answer.Model, e.Answer.Fingerprint}]++
	}
	w.places = append(w.places, placed{id: hash64(e.ID), key: hash64(e.Key), order: w.entries, chunk: w.chunks, from: uint32(len(w.chunk)), answered: e.Err == nil})
	w.entries++
	w.chunk = binary.LittleEndian.AppendUint32(w.chunk, uint32(len(payload)))
	w.chunk = append(w.chunk, payload...)
	if len(w.chunk) >= chunkSize {
		w.flush()
	}
	return w.err
}

func (w *artifactWriter) flush() {
	if len(w.chunk) == 0 || w.err != nil {
		return
	}
	w.packed = w.zip.EncodeAll(w.chunk, w.packed[:0])
	w.table = binary.LittleEndian.AppendUint64(w.table, w.at)
	w.table = binary.LittleEndian.AppendUint32(w.table, uint32(len(w.packed)))
	w.table = binary.LittleEndian.AppendUint32(w.table, uint32(len(w.chunk)))
	w.write(w.packed)
	w.chunk = w.chunk[:0]
	w.chunks++
}

// index writes the places that take accepts, sorted by the hash that it gives.
func (w *artifactWriter) index(take func(placed) (hash uint64, ok bool)) {
	slices.SortFunc(w.places, func(a, b placed) int {
		x, _ := take(a)
		y, _ := take(b)
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a.order, b.order))
	})
	for _, p := range w.places {
		hash, ok := take(p)
		if !ok {
			continue
		}
		var b [placeSize]byte
		binary.LittleEndian.PutUint64(b[:], hash)
		binary.LittleEndian.PutUint32(b[8:], p.order)
		binary.LittleEndian.PutUint32(b[12:], p.chunk)
		binary.LittleEndian.PutUint32(b[16:], p.from)
		w.write(b[:])
	}
}

// end writes indexes, table and footer and gives the digest of the whole.
func (w *artifactWriter) end() (string, error) {
	w.flush()
	var foot []byte
	foot = binary.LittleEndian.AppendUint64(foot, w.at)
	w.index(func(p placed) (uint64, bool) { return p.id, true })
	foot = binary.LittleEndian.AppendUint64(foot, w.at)
	w.index(func(p placed) (uint64, bool) { return p.key, p.answered })
	foot = binary.LittleEndian.AppendUint64(foot, w.at)
	w.write(w.table)
	foot = binary.LittleEndian.AppendUint64(foot, w.at)
	foot = binary.LittleEndian.AppendUint32(foot, crc32.Checksum(foot, crc32.MakeTable(crc32.Castagnoli)))
	w.write(append(foot, magic...))
	if w.err == nil {
		w.err = w.w.Flush()
	}
	if w.err != nil {
		return "", w.err
	}
	return hex.EncodeToString(w.sum.Sum(nil)), w.zip.Close()
}
