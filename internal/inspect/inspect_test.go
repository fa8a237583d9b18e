package inspect

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func all(t testing.TB, path string) (*Log, []*Sample, error) {
	t.Helper()
	l, err := Open(path, filepath.Base(path))
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	var out []*Sample
	err = l.Each(func(s *Sample) error {
		out = append(out, s)
		return nil
	})
	return l, out, err
}

// TestRealLog reads a log that Inspect wrote; what stands in it was checked by hand.
func TestRealLog(t *testing.T) {
	l, samples, err := all(t, "testdata/small.eval")
	if err != nil {
		t.Fatal(err)
	}
	if l.Status != "success" || l.Eval.Model != "mockllm/small" || l.Eval.Config.Epochs != 2 || l.Cluster() != "country" {
		t.Errorf("header %+v", l.Header)
	}
	if r := l.Results.Scores[0]; r.Score() != "graded" || *r.Metrics["accuracy"].Value != 0.5 || l.Results.Scores[1].Score() != "parts.length" {
		t.Errorf("results %+v", l.Results)
	}
	var got []string
	for _, s := range samples {
		got = append(got, fmt.Sprintf("%s/%d %q %v %s graded=%g polite=%g in=%d out=%d", s.ID, s.Epoch, *s.Output, s.Targets, s.Metadata["country"], *s.Scores["graded"], *s.Scores["parts.polite"], *s.In, *s.Out))
	}
	want := []string{
		`1/1 "Rome" [Paris] c0 graded=0 polite=1 in=11 out=3`, `1/2 "It is Paris." [Paris] c0 graded=1 polite=1 in=11 out=3`,
		`2/1 "It is Paris." [Paris] c1 graded=1 polite=1 in=11 out=3`, `2/2 "x" [Paris] c1 graded=0 polite=1 in=11 out=3`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

const oneSample = `{"id":%q,"epoch":1,"input":[{"role":"system","content":"Be short"},{"role":"user","content":[{"type":"text","text":"attachment://abc"},{"type":"image","image":"attachment://def"}]}],
"target":"Paris","messages":[{"content":"NaN"}],"output":{"completion":"say \"NaN\" attachment://0","choices":[{}]},"scores":{"a":{"value":NaN},"b":{"value":"C"},"c":{"value":"weird"},"d":{"value":{"x":"0.25","y":true}},"e":{"value":[-Infinity,2]}},
"metadata":{"n":NaN},"events":[{"x":[NaN,-Infinity]}],"working_time":1.5,"attachments":{"abc":"Where?","def":"no","zzz":"not wanted"},"limit":{"type":"token","limit":10}}`

func jsonLog(samples ...string) string {
	return `{"version":2,"status":"success","eval":{"model":"m","config":{"epochs":1}},"results":{"scores":[]},"samples":[` + strings.Join(samples, ",") + `],"reductions":[]}`
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSample(t *testing.T) {
	_, samples, err := all(t, write(t, "a.json", jsonLog(fmt.Sprintf(oneSample, "q"), `{"id":7,"epoch":2,"input":"x","target":["a","b"],"error":{"message":"broke"},"output":{"choices":[],"completion":""},"scores":{}}`,
		`{"id":8,"input":"x","target":"","output":{"choices":[],"completion":""},"limit":{"type":"time"}}`)))
	if err != nil {
		t.Fatal(err)
	}
	s := samples[0]
	if s.Input != "system: Be short\n\nuser: Where?\n[image]" || *s.Output != `say "NaN" attachment://0` || s.Limit != "token" || *s.Seconds != 1.5 {
		t.Errorf("%+v %q", s, *s.Output)
	}
	x := func(f float64) *float64 { return &f }
	if d := cmp.Diff(map[string]*float64{"a": nil, "b": x(1), "c": nil, "d.x": x(0.25), "d.y": x(1), "e.0": nil, "e.1": x(2)}, s.Scores); d != "" {
		t.Error(d)
	}
	if s.Strange["c"] != `"weird"` || len(s.Strange) != 1 {
		t.Errorf("strange %v", s.Strange)
	}
	if e := samples[1]; e.Output != nil || e.Error != "broke" || e.ID != "7" || e.Epoch != 2 || len(e.Targets) != 2 {
		t.Errorf("%+v", e)
	}
	if e := samples[2]; e.Output != nil || e.Error != "the time limit was reached" {
		t.Errorf("%+v", e)
	}
}

func TestBrokenLogs(t *testing.T) {
	whole := jsonLog(fmt.Sprintf(oneSample, "q"))
	for name, want := range map[string][2]string{
		"empty.json":   {"", "the file is empty"},
		"list.json":    {"[1]", "neither a zip file nor a JSON object"},
		"other.json":   {`{"version":1}`, "it has no key eval"},
		"cut.json":     {whole[:len(whole)-40], "the file ends in the middle"},
		"half.json":    {whole[:len(whole)/2], "the file ends in the middle"},
		"noid.json":    {jsonLog(`{"epoch":1,"input":"x"}`), "sample 1: the sample has no id"},
		"epoch.json":   {jsonLog(`{"id":1,"epoch":0}`), "epoch 0: 1 to 1000"},
		"type.json":    {jsonLog(`{"id":1,"scores":3}`), "sample 1: scores: json: cannot unmarshal number"},
		"samples.json": {`{"eval":{},"samples":3}`, "samples: a list is expected"},
		"not.eval":     {"PK and no more", "a damaged log"},
	} {
		_, _, err := all(t, write(t, name, want[0]))
		if err == nil || !strings.Contains(err.Error(), want[1]) || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// zipLog is an .eval log of n samples with events of so many bytes each.
func zipLog(t testing.TB, n, events int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "big.eval")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	put := func(name, text string) {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	filler := strings.Repeat(`{"text":"`+strings.Repeat("x", 1000)+`"},`, events/1000)
	for i := n; i > 0; i-- {
		put(fmt.Sprintf("samples/%d_epoch_1.json", i), fmt.Sprintf(`{"id":%d,"input":"q","target":"a","events":[%s{}],"output":{"completion":"o","choices":[{}]},"scores":{"s":{"value":1}}}`, i, filler))
	}
	put("_journal/start.json", `{"version":2,"eval":{"model":"m"}}`)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestMemory: a log is read sample by sample, and events are passed over.
func TestMemory(t *testing.T) {
	path := zipLog(t, 200, 2_000_000)
	runtime.GC()
	var before, m runtime.MemStats
	runtime.ReadMemStats(&before)
	l, err := Open(path, "big.eval")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n, most := 0, uint64(0)
	err = l.Each(func(s *Sample) error {
		if n++; s.ID != fmt.Sprint(n) {
			t.Fatalf("sample %s comes as number %d", s.ID, n)
		}
		if n%20 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
		return nil
	})
	if err != nil || n != 200 {
		t.Fatalf("%d samples: %v", n, err)
	}
	if grown := int64(most) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("%d MB are held for 400 MB of samples", grown>>20)
	}
}

func FuzzLog(f *testing.F) {
	f.Add([]byte(jsonLog(fmt.Sprintf(oneSample, "q"))))
	f.Add([]byte(`{"eval":{},"samples":null}`))
	real, err := os.ReadFile("testdata/small.eval")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(real)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "f.json")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, samples, err := all(t, path)
		if err != nil {
			return
		}
		for _, s := range samples {
			if _, err := json.Marshal(s); err != nil {
				t.Fatalf("%+v: %v", s, err)
			}
		}
	})
}

func FuzzFinite(f *testing.F) {
	f.Add([]byte(`{"a":[NaN,-Infinity,Infinity,"NaN \" NaN",1e5,-1]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := io.ReadAll(newFinite(bytes.NewReader(data)))
		if err != nil {
			t.Fatal(err)
		}
		if json.Valid(data) && !bytes.Equal(got, data) {
			t.Fatalf("valid JSON was changed: %q to %q", data, got)
		}
	})
}
