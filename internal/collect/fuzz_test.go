package collect

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

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

// What is read without a decoder is what the decoder reads.
func FuzzRemember(f *testing.F) {
	for _, e := range []Entry{
		{ID: "a", Key: "k", Answer: &provider.Answer{Output: "x"}},
		{ID: `a "b" ü`, Sample: 3, Step: 2, Key: "0f", Call: 12, Attempts: 2, Cached: true, Charge: Charge{In: 1, Out: 20, Pico: 300, Estimated: true}, Answer: &provider.Answer{Output: "x"}},
		{ID: "c", Charge: Charge{Out: 7}, Answer: &provider.Answer{}},
		{ID: "d", Err: &Failure{Kind: provider.BadRequest, Message: "no"}},
	} {
		meta, err := json.Marshal(&e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(meta)
	}
	f.Fuzz(func(t *testing.T, meta []byte) {
		got, ok := rememberPlain(meta)
		if !ok {
			return
		}
		var want remembered
		if err := json.Unmarshal(withoutAnswer(meta), &want); err != nil || got != want {
			t.Errorf("%q: %+v, want %+v (%v)", meta, got, want, err)
		}
	})
}

// Entries as they are stored are read without a decoder.
func TestRememberPlain(t *testing.T) {
	e := Entry{ID: "case-1", Key: "abc", Call: 5, Attempts: 1, At: time.Now(), Charge: Charge{In: 3, Out: 4}, Answer: &provider.Answer{Output: "x"}}
	meta, err := json.Marshal(&e)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := rememberPlain(meta); !ok || got != (remembered{ID: "case-1", Key: "abc", Call: 5, Charge: Charge{In: 3, Out: 4}}) {
		t.Errorf("%s: %+v, %v", meta, got, ok)
	}
	b, err := json.Marshal(begin{Call: 17, ID: "a"})
	if call, ok := begun(b); err != nil || !ok || call != 17 {
		t.Errorf("%s: %d, %v", b, call, ok)
	}
}
