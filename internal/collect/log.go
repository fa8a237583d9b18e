package collect

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The log is a sequence of frames:
//
//	mark (4 bytes) · length of payload (4) · CRC-32C of kind and payload (4) · kind (1) · payload
//
// little-endian. The mark lets a reader find the next frame behind damage.
const (
	logName    = "answers.log"
	headerSize = 13
	maxPayload = 256 << 20
)

func mark() []byte { return []byte{0xF7, 'F', 'T', 0x0A} }

type kind byte

const (
	kindHead    kind = 'H' // once, first: the collection
	kindBegin   kind = 'B' // a call is about to leave
	kindAnswer  kind = 'A' // it is answered
	kindFail    kind = 'F' // it failed, and may be tried again
	kindError   kind = 'E' // it failed for good
	kindSettled kind = 'S' // what failed before this stays as it is (Options.Settle)
	kindUnknown kind = 'U' // found at the next start: begun, and nothing more is known
)

// journal is the log open for writing. Every append is a write to the operating system,
// which a killed process cannot lose; wait returns when it is on the disk as well.
type journal struct {
	mu    sync.Mutex
	f     *os.File
	size  int64
	err   error // the first failure: nothing is written after it
	spare string

	wake    chan struct{}
	waiters []chan error
	done    chan struct{}
	sync    func() error // f.Sync, or a test's
}

// group is how long a sync waits for company. Together with the sync it stays well under
// the 10 ms that an answer may wait.
const group = 2 * time.Millisecond

// spareSize is kept aside so that the answers of calls in flight still fit on a full disk.
const spareSize = 4 << 20

// openJournal opens the log for appending at size, cutting off what is behind it.
func openJournal(folder string, size int64) (*journal, error) {
	f, err := os.OpenFile(filepath.Join(folder, logName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	if err := f.Truncate(size); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open the log: %w", err)
	}
	j := &journal{f: f, size: size, wake: make(chan struct{}, 1), done: make(chan struct{}), sync: f.Sync}
	j.spare = filepath.Join(folder, "spare")
	if err := reserve(j.spare); err != nil {
		_ = f.Close()
		return nil, err
	}
	if err := syncFolder(folder); err != nil {
		_ = f.Close()
		return nil, err
	}
	go j.syncer()
	return j, nil
}

func reserve(path string) error {
	zero := make([]byte, spareSize)
	if err := os.WriteFile(path, zero, 0o644); err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("no room for answers: %w", err)
	}
	return nil
}

// syncFolder makes a name in a folder durable.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	_ = d.Sync() // not every file system can
	return nil
}

func frame(k kind, payload []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(payload))
	copy(b, mark())
	binary.LittleEndian.PutUint32(b[4:], uint32(len(payload)))
	b[12] = byte(k)
	b = append(b, payload...)
	binary.LittleEndian.PutUint32(b[8:], crc32.Checksum(b[12:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// append writes one record and says where it begins. A failed write is taken back, so
// that the log ends with a whole record; on a full disk the spare room is given up and
// the write tried once more. full says that this happened: no further call should leave.
func (j *journal) append(k kind, payload []byte) (at int64, full bool, err error) {
	b := frame(k, payload)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return 0, true, j.err
	}
	for try := 0; ; try++ {
		_, err = j.f.WriteAt(b, j.size)
		if err == nil {
			at = j.size
			j.size += int64(len(b))
			return at, full, nil
		}
		full = true
		if terr := j.f.Truncate(j.size); terr != nil || try > 0 {
			break
		}
		_ = os.Remove(j.spare)
	}
	j.err = fmt.Errorf("write the log: %w", err)
	return 0, true, j.err
}

// wait returns when everything appended so far is on the disk.
func (j *journal) wait() error {
	c := make(chan error, 1)
	j.mu.Lock()
	j.waiters = append(j.waiters, c)
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return <-c
}

// syncer serves all that wait with one sync.
func (j *journal) syncer() {
	defer close(j.done)
	for range j.wake {
		time.Sleep(group)
		j.mu.Lock()
		waiters := j.waiters
		j.waiters = nil
		j.mu.Unlock()
		err := j.sync()
		j.mu.Lock()
		if err != nil && j.err == nil {
			// What a failed sync left on the disk nobody knows: stop writing.
			j.err = fmt.Errorf("write the log: %w", err)
		}
		err = j.err
		j.mu.Unlock()
		for _, c := range waiters {
			c <- err
		}
	}
}

// close ends the journal; nobody may be waiting.
func (j *journal) close() error {
	close(j.wake)
	<-j.done
	err := errors.Join(j.sync(), j.f.Close())
	_ = os.Remove(j.spare)
	return err
}

// damage is what a scan could not read.
type damage struct {
	torn  int64 // bytes at the end: a record that was being written
	bad   int   // places before the end where records are lost
	bytes int64 // lost there
}

// scan reads a log from its beginning and gives each whole record with its place; end is
// where the next one belongs. A record that fails its checksum is skipped up to the next
// whole one and counted. The payload is valid until visit returns.
func scan(folder string, visit func(k kind, at int64, payload []byte) error) (end int64, d damage, err error) {
	f, err := os.Open(filepath.Join(folder, logName))
	if errors.Is(err, os.ErrNotExist) {
		return 0, d, nil
	}
	if err != nil {
		return 0, d, fmt.Errorf("read the log: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, d, fmt.Errorf("read the log: %w", err)
	}
	in := bufio.NewReaderSize(f, 1<<18)
	var buf []byte
	for at := int64(0); at < info.Size(); {
		k, payload, ok := readFrame(in, info.Size()-at, &buf)
		if ok {
			if err := visit(k, at, payload); err != nil {
				return 0, d, err
			}
			at += headerSize + int64(len(payload))
			end = at
			continue
		}
		next, err := nextFrame(f, at+1, info.Size())
		if err != nil {
			return 0, d, fmt.Errorf("read the log: %w", err)
		}
		if next < 0 {
			d.torn = info.Size() - at
			break
		}
		d.bad++
		d.bytes += next - at
		at = next
		if _, err := f.Seek(at, io.SeekStart); err != nil {
			return 0, d, fmt.Errorf("read the log: %w", err)
		}
		in.Reset(f)
	}
	return end, d, nil
}

// readFrame reads a frame that may be at most left bytes long.
func readFrame(in io.Reader, left int64, buf *[]byte) (kind, []byte, bool) {
	var h [headerSize]byte
	if _, err := io.ReadFull(in, h[:]); err != nil || !bytes.Equal(h[:4], mark()) {
		return 0, nil, false
	}
	n := int64(binary.LittleEndian.Uint32(h[4:]))
	if n > maxPayload || n > left-headerSize {
		return 0, nil, false
	}
	if int64(cap(*buf)) < n+1 || cap(*buf) > 1<<20 && n < 1<<16 {
		*buf = make([]byte, n+1)
	}
	b := (*buf)[:n+1]
	b[0] = h[12]
	if _, err := io.ReadFull(in, b[1:]); err != nil {
		return 0, nil, false
	}
	if crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(h[8:]) {
		return 0, nil, false
	}
	return kind(h[12]), b[1:], true
}

// nextFrame finds the next whole frame at or behind at, -1 if there is none.
func nextFrame(f *os.File, at, size int64) (int64, error) {
	block := make([]byte, 1<<18)
	for at < size {
		n, err := f.ReadAt(block, at)
		if err != nil && err != io.EOF {
			return 0, err
		}
		for from := 0; ; {
			i := bytes.Index(block[from:n], mark())
			if i < 0 {
				break
			}
			from += i
			var buf []byte
			start := at + int64(from)
			if _, _, ok := readFrame(io.NewSectionReader(f, start, size-start), size-start, &buf); ok {
				return start, nil
			}
			from++
		}
		if n < len(mark()) {
			break
		}
		at += int64(n - len(mark()) + 1) // a mark may lie across two blocks
	}
	return -1, nil
}

// readAt gives the record at a place.
func readAt(f io.ReaderAt, at int64) (kind, []byte, error) {
	var buf []byte
	k, p, ok := readFrame(io.NewSectionReader(f, at, headerSize+maxPayload), headerSize+maxPayload, &buf)
	if !ok {
		return 0, nil, fmt.Errorf("read the log: the record at byte %d is damaged", at)
	}
	return k, p, nil
}
