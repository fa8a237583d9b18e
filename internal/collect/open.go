package collect

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Artifact is a finished collection, open for reading. It may be read from many
// goroutines at once.
type Artifact struct {
	f           *os.File
	path        string
	cases, keys section
	table       section
	unzip       *zstd.Decoder
}

// section is a sorted array in the file.
type section struct {
	at int64
	n  int
}

// ErrNoCase says that an artifact has no entry of a case.
var ErrNoCase = errors.New("no such case")

// Open opens an artifact. It reads the footer only: Verify reads all of it.
func Open(path string) (*Artifact, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the answers: %w", err)
	}
	a := &Artifact{f: f, path: path}
	if err := a.footer(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open the answers: %s: %w", path, err)
	}
	if a.unzip, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(2*maxPayload)); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open the answers: %w", err)
	}
	return a, nil
}

func (a *Artifact) footer() error {
	info, err := a.f.Stat()
	if err != nil {
		return err
	}
	var b [footerSize]byte
	end := info.Size() - footerSize
	if end < int64(len(magic)) {
		return errors.New("the file is too short to be answers")
	}
	if _, err := a.f.ReadAt(b[:], end); err != nil {
		return err
	}
	if string(b[36:]) != magic {
		return errors.New("the file is no artifact of answers, or cut short")
	}
	if crc32.Checksum(b[:32], crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(b[32:]) {
		return errors.New("its end is damaged")
	}
	var at [4]int64
	for i := range at {
		at[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
	}
	size := func(i int, each int64) section { return section{at[i], int((at[i+1] - at[i]) / each)} }
	if at[0] < int64(len(magic)) || at[1] < at[0] || at[2] < at[1] || at[3] < at[2] || at[3] != end {
		return errors.New("its end is damaged")
	}
	a.cases, a.keys, a.table = size(0, placeSize), size(1, placeSize), size(2, tableSize)
	return nil
}

// Close lets go of the file.
func (a *Artifact) Close() error {
	a.unzip.Close()
	return a.f.Close()
}

// Len is the number of entries: samples with an answer or an error.
func (a *Artifact) Len() int { return a.cases.n }

// Verify reads the whole file and compares it with the digest in its name.
func (a *Artifact) Verify() error {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(a.f, 0, 1<<62)); err != nil {
		return fmt.Errorf("read the answers: %w", err)
	}
	want := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(a.path), "answers-"), ".fta")
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("%s: its SHA-256 is %s: the file has been changed", a.path, got)
	}
	return nil
}

// Case gives the entries of a case, by sample. It wraps ErrNoCase where there is none.
func (a *Artifact) Case(id string) ([]*Entry, error) {
	var found []*Entry
	err := a.search(a.cases, hash64(id), func(e *Entry) bool {
		if e.ID == id {
			found = append(found, e)
		}
		return true
	})
	if err == nil && found == nil {
		err = fmt.Errorf("case %q: %w", id, ErrNoCase)
	}
	return found, err
}

// key gives the answer to a request.
func (a *Artifact) key(key string) (*Entry, error) {
	var found *Entry
	err := a.search(a.keys, hash64(key), func(e *Entry) bool {
		if e.Key == key && e.Answer != nil {
			found = e
		}
		return found == nil
	})
	return found, err
}

func (a *Artifact) search(s section, h uint64, take func(*Entry) bool) error {
	var b [placeSize]byte
	var err error
	read := func(i int) uint64 {
		if _, rerr := a.f.ReadAt(b[:], s.at+int64(i)*placeSize); rerr != nil && err == nil {
			err = fmt.Errorf("read the answers: %w", rerr)
		}
		return binary.LittleEndian.Uint64(b[:])
	}
	last, chunk := uint32(0), []byte(nil)
	for i := sort.Search(s.n, func(i int) bool { return read(i) >= h }); i < s.n && err == nil && read(i) == h; i++ {
		number, from := binary.LittleEndian.Uint32(b[12:]), binary.LittleEndian.Uint32(b[16:])
		if chunk == nil || number != last {
			if chunk, err = a.chunk(int(number)); err != nil {
				return err
			}
			last = number
		}
		e, _, err := entryIn(chunk, int(from))
		if err != nil {
			return err
		}
		if !take(e) {
			break
		}
	}
	return err
}

func (a *Artifact) chunk(i int) ([]byte, error) {
	var b [tableSize]byte
	if i < 0 || i >= a.table.n {
		return nil, fmt.Errorf("read the answers: %s is damaged", a.path)
	}
	if _, err := a.f.ReadAt(b[:], a.table.at+int64(i)*tableSize); err != nil {
		return nil, fmt.Errorf("read the answers: %w", err)
	}
	size := int64(binary.LittleEndian.Uint32(b[8:]))
	if size > a.cases.at {
		return nil, fmt.Errorf("read the answers: %s is damaged", a.path)
	}
	packed := make([]byte, size)
	if _, err := a.f.ReadAt(packed, int64(binary.LittleEndian.Uint64(b[:]))); err != nil {
		return nil, fmt.Errorf("read the answers: %w", err)
	}
	var h zstd.Header
	plainSize := uint64(binary.LittleEndian.Uint32(b[12:]))
	if err := h.Decode(packed); err != nil || !h.HasFCS || h.FrameContentSize != plainSize || plainSize > maxPayload+2*chunkSize {
		return nil, fmt.Errorf("read the answers: %s is damaged", a.path)
	}
	plain, err := a.unzip.DecodeAll(packed, make([]byte, 0, plainSize))
	if err != nil {
		return nil, fmt.Errorf("read the answers: %s is damaged: %w", a.path, err)
	}
	return plain, nil
}

func entryIn(chunk []byte, from int) (e *Entry, next int, err error) {
	if from < 0 || from+4 > len(chunk) {
		return nil, 0, errors.New("read the answers: an index is damaged")
	}
	n := int(binary.LittleEndian.Uint32(chunk[from:]))
	if from+4+n > len(chunk) {
		return nil, 0, errors.New("read the answers: an index is damaged")
	}
	e, err = decodeEntry(chunk[from+4 : from+4+n])
	return e, from + 4 + n, err
}

// All gives every entry in the order of the cases, one chunk in memory at a time.
func (a *Artifact) All() iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		for i := range a.table.n {
			chunk, err := a.chunk(i)
			if err != nil {
				yield(nil, err)
				return
			}
			for from := 0; from < len(chunk); {
				var e *Entry
				if e, from, err = entryIn(chunk, from); !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}
