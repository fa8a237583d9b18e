package collect

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/fairtrial/fairtrial/internal/provider"
)

// FuzzScan: whatever a log holds, reading it ends, and what it gives are whole records.
func FuzzScan(f *testing.F) {
	a, b := frame(kindHead, []byte(`{"format":1}`)), frame(kindBegin, []byte(`{"call":1,"id":"a"}`))
	f.Add(append(append([]byte{}, a...), b...))
	f.Add(append(append([]byte{}, a...), b[:len(b)-3]...))
	f.Add(append(append(append([]byte{}, a...), 0xF7, 'F', 'T'), b...))
	f.Fuzz(func(t *testing.T, log []byte) {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, logName), log, 0o644); err != nil {
			t.Fatal(err)
		}
		end, d, err := scan(folder, func(k kind, at int64, payload []byte) error {
			if want := frame(k, payload); !bytes.Equal(want, log[at:at+int64(len(want))]) {
				t.Fatalf("the record at %d is not what is there", at)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if end+d.torn > int64(len(log)) {
			t.Fatalf("end %d and %+v of %d bytes", end, d, len(log))
		}
		_, _ = recall(folder, true)
	})
}

// FuzzOpen: a damaged artifact gives an error, never a panic, and never another case's answer.
func FuzzOpen(f *testing.F) {
	folder := f.TempDir()
	j, err := openJournal(folder, 0)
	if err != nil {
		f.Fatal(err)
	}
	var refs []ref
	for i, id := range []string{"a", "b", "c"} {
		payload, err := encodeEntry(&Entry{ID: id, Key: id, Answer: &provider.Answer{Output: "answer " + id}}, []byte("request"), []byte("response"))
		if err != nil {
			f.Fatal(err)
		}
		at, _, err := j.append(kindAnswer, payload)
		if err != nil {
			f.Fatal(err)
		}
		refs = append(refs, ref{at: at, index: uint32(i)})
	}
	path, _, _, err := writeArtifact(folder, j.f, refs)
	if err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Fuzz(func(t *testing.T, b []byte) {
		name := filepath.Join(t.TempDir(), "answers-x.fta")
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
		a, err := Open(name)
		if err != nil {
			return
		}
		defer a.Close()
		for _, id := range []string{"a", "b", "nobody"} {
			entries, err := a.Case(id)
			for _, e := range entries {
				if err == nil && e.ID != id {
					t.Fatalf("asked for %s, got %s", id, e.ID)
				}
			}
		}
		for _, err := range a.All() {
			if err != nil {
				break
			}
		}
		_, _ = a.key("b")
	})
}
