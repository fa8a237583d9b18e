package collect

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/fairtrial/fairtrial/internal/provider"
)

// A finished run that is run again gives the artifact that is there, and makes it anew
// where the note or the artifact is lost, cut or changed.
func TestFinishedRunIsNotWrittenAgain(t *testing.T) {
	p := model(t, server(t, echo), nil)
	o := Options{Folder: t.TempDir()}
	again := func(n int) (Result, os.FileInfo) {
		t.Helper()
		r, err := Run(context.Background(), made(n), p, o)
		if err != nil || !r.Complete || len(r.Models) != 1 {
			t.Fatalf("%+v %v", r, err)
		}
		info, err := os.Stat(r.Artifact)
		if err != nil {
			t.Fatal(err)
		}
		return r, info
	}
	first, was := again(50)
	second, is := again(50)
	for m, n := range first.Models {
		if second.Models[m] != n || n != 50 {
			t.Errorf("models: %v, then %v", first.Models, second.Models)
		}
	}
	if first.Digest != second.Digest || !os.SameFile(was, is) {
		t.Errorf("the artifact %s was written again as %s", first.Digest, second.Digest)
	}
	b, err := os.ReadFile(first.Artifact)
	if err != nil {
		t.Fatal(err)
	}
	changed := append([]byte(nil), b...)
	changed[len(b)/2] ^= 1
	for what, damage := range map[string]func() error{
		"lost artifact":    func() error { return os.Remove(first.Artifact) },
		"cut artifact":     func() error { return os.WriteFile(first.Artifact, b[:len(b)-9], 0o644) },
		"changed artifact": func() error { return os.WriteFile(first.Artifact, changed, 0o644) },
		"lost note":        func() error { return os.Remove(filepath.Join(o.Folder, noteName)) },
		"damaged note":     func() error { return os.WriteFile(filepath.Join(o.Folder, noteName), []byte(`{"contents":`), 0o644) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		r, _ := again(50)
		now, err := os.ReadFile(r.Artifact)
		if err != nil || r.Digest != first.Digest || string(now) != string(b) {
			t.Errorf("%s: digest %s, expected %s (%v)", what, r.Digest, first.Digest, err)
		}
	}
	if more, _ := again(51); more.Digest == first.Digest {
		t.Error("another case, and the artifact is the same")
	}
	if less, _ := again(50); less.Digest != first.Digest {
		t.Error("the first cases again, and the artifact is another")
	}
}

// What a resumed run reads of an entry is what the whole entry says, whatever its id.
func TestWithoutAnswer(t *testing.T) {
	for _, id := range []string{"plain", `","answer":{"output":"`, `\`, "{\u2028\"answer\":{"} {
		for _, x := range []Entry{
			{ID: id, Sample: 2, Key: "k", Call: 7, Charge: Charge{In: 3, Pico: 9}, Answer: &provider.Answer{Output: `,"answer":{`}},
			{ID: id, Key: "k", Err: &Failure{Kind: provider.BadRequest, Message: `,"answer":{`}},
		} {
			b, err := json.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			var got Entry
			if err := json.Unmarshal(withoutAnswer(b), &got); err != nil {
				t.Fatalf("%s: %v", b, err)
			}
			x.Answer = nil
			if !reflect.DeepEqual(got, x) {
				t.Errorf("%s: %+v", b, got)
			}
		}
	}
}
