package collect

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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

type placed struct {
	hash               uint64
	order, chunk, from uint32
}

func hash64(s string) uint64 {
	h := sha256.Sum256([]byte(s))
	return binary.LittleEndian.Uint64(h[:])
}

// writeArtifact puts the entries that refs name, in their order, into a file of folder
// whose name is its digest. Memory: 64 bytes an entry and a chunk.
func writeArtifact(folder string, log io.ReaderAt, refs []ref) (path, digest string, err error) {
	f, err := os.CreateTemp(folder, "answers-*.tmp")
	if err != nil {
		return "", "", fmt.Errorf("write the artifact: %w", err)
	}
	defer func() {
		_ = f.Close()
		if err != nil {
			_ = os.Remove(f.Name())
			err = fmt.Errorf("write the artifact: %w", err)
		}
	}()
	w := newArtifactWriter(f)
	for _, r := range refs {
		k, payload, err := readAt(log, r.at)
		if err != nil {
			return "", "", err
		}
		if k != kindAnswer && k != kindError {
			return "", "", fmt.Errorf("the record at byte %d is no answer", r.at)
		}
		if err := w.add(payload); err != nil {
			return "", "", err
		}
	}
	if digest, err = w.end(); err != nil {
		return "", "", err
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return "", "", err
	}
	path = filepath.Join(folder, "answers-"+digest+".fta")
	if err := os.Rename(f.Name(), path); err != nil {
		return "", "", err
	}
	return path, digest, syncFolder(folder)
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
	cases   []placed
	keys    []placed
}

func newArtifactWriter(f io.Writer) *artifactWriter {
	w := &artifactWriter{sum: sha256.New()}
	w.w = bufio.NewWriterSize(io.MultiWriter(f, w.sum), 1<<16)
	w.zip, w.err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
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
	e, err := decodeEntry(payload)
	if err != nil {
		return err
	}
	p := placed{order: w.entries, chunk: w.chunks, from: uint32(len(w.chunk))}
	p.hash = hash64(e.ID)
	w.cases = append(w.cases, p)
	if e.Answer != nil {
		p.hash = hash64(e.Key)
		w.keys = append(w.keys, p)
	}
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

func (w *artifactWriter) index(list []placed) {
	slices.SortFunc(list, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.order, b.order))
	})
	for _, p := range list {
		var b [placeSize]byte
		binary.LittleEndian.PutUint64(b[:], p.hash)
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
	w.index(w.cases)
	foot = binary.LittleEndian.AppendUint64(foot, w.at)
	w.index(w.keys)
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
