package cli_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
)

// judgeBench is a folder with a plan whose answers are recorded and whose judges are real
// servers on the loopback that speak OpenAI's protocol.
type judgeBench struct {
	t   *testing.T
	dir string
	env map[string]string
	mu  sync.Mutex
	in  []stub.Call
	url string
}

const judgeKey = "sk-judge-s3cr3t-0123456789"

var answerIn = regexp.MustCompile(`(?s)===== answer to judge [0-9a-f]+ =====\n(.*?)\n===== end of answer`)

// newJudgeBench starts a judge that replies by what the answer is.
func newJudgeBench(t *testing.T, reply func(answer string, c stub.Call) stub.Reply) *judgeBench {
	t.Helper()
	b := &judgeBench{t: t, dir: t.TempDir(), env: map[string]string{"JUDGE_KEY": judgeKey}}
	s, err := stub.New(func(c stub.Call) stub.Reply {
		b.mu.Lock()
		b.in = append(b.in, c)
		b.mu.Unlock()
		m := answerIn.FindStringSubmatch(c.Prompt)
		if m == nil {
			t.Errorf("no answer stands in %s", c.Body)
			return stub.Fail(400, "no_answer", "there is no answer to judge")
		}
		if c.Header.Get("Authorization") != "Bearer "+judgeKey {
			return stub.Fail(401, "invalid_api_key", "wrong key "+c.Header.Get("Authorization"))
		}
		return reply(m[1], c)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	b.url = s.URL + "/v1"
	return b
}

func (b *judgeBench) write(name, text string) { write(b.t, filepath.Join(b.dir, name), text) }

func (b *judgeBench) read(name string) string {
	b.t.Helper()
	raw, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(raw)
}

// answers writes cases and what models answered them: by model, one text a case.
func (b *judgeBench) answers(models map[string][]string) {
	var cases strings.Builder
	for i := range models["candidate"] {
		fmt.Fprintf(&cases, "{\"id\": \"c%d\", \"q\": \"question %d?\", \"ref\": \"right %d\"}\n", i, i, i)
	}
	b.write("cases.jsonl", cases.String())
	for m, list := range models {
		var out strings.Builder
		for i, a := range list {
			x, err := json.Marshal(a)
			if err != nil {
				b.t.Fatal(err)
			}
			fmt.Fprintf(&out, "{\"id\": \"c%d\", \"output\": %s}\n", i, x)
		}
		b.write(m+".jsonl", out.String())
	}
}

// plan writes a plan of recorded models; scorer is the rest of its one judge.
func (b *judgeBench) plan(models, judges, scorer string) {
	b.write("rubric.yaml", "criterion: Is it any good?\nlevels:\n- {value: 1, name: good, means: it is}\n- {value: 0.5, name: fair, means: it is half}\n- {value: 0, name: bad, means: it is not}\n")
	b.write("tree.yaml", "tree:\n  ask: Does it answer?\n  no: 0\n  yes:\n    ask: How well?\n    options: {poorly: 0.25, well: {ask: Is it short?, yes: 1, no: 0.75}}\n")
	b.write("plan.yaml", "name: judged\ntask: generation\ndata: {source: cases.jsonl, columns: {id: id, question: q, reference: ref}}\nmodels: {"+models+"}\n"+
		"judges:\n"+strings.ReplaceAll(judges, "URL", b.url)+"limits: {concurrency: 4, retries: 1}\nscorers:\n  - {type: judge, as: good, "+scorer+"}\ngates:\n  - {metric: good, at_least: 0.01, min_rows: 2, max_ungraded: 100%}\n")
}

const (
	oneModel  = "candidate: {provider: recorded, source: candidate.jsonl}"
	twoModels = oneModel + ", baseline: {provider: recorded, source: baseline.jsonl}"
	oneJudge  = "  strict: {provider: openai, base_url: \"URL\", model: gpt-judge, key: \"env:JUDGE_KEY\", params: {temperature: 0}, price: {in: 1, out: 2}, seed: 7}\n"
)

func (b *judgeBench) run(want int, args ...string) (stdout, stderr string) {
	b.t.Helper()
	code, stdout, stderr := with(b.env, b.dir, args...)
	if code != want {
		b.t.Fatalf("%v: exit status %d, want %d\n%s%s", args, code, want, stdout, stderr)
	}
	return stdout, stderr
}

// asked is how many calls came since the last time.
func (b *judgeBench) asked() []stub.Call {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.in
	b.in = nil
	return out
}

// judgedRecord is what a record says of judges.
type judgedRecord struct {
	Digest       string // of all but times, calls and other accidents of the run
	ResultDigest string `json:"result_digest"`
	Data         struct {
		Scorers []struct {
			Variances []struct {
				Verdicts                     int
				Questions, Sampling, Judging *struct{ Value *float64 }
				Note                         string
			}
			Judge *struct {
				Identity string
				Answers  int64
				Weighted int64
				Alpha    *struct{ Value, Lower, Upper *float64 }
				Judges   []struct {
					Judge              string
					Verdicts, Ungraded int64
					Variance, Unlike   *struct {
						Value, Lower, Upper *float64
						N                   int64
					}
				}
			}
		}
		Findings []struct{ Code, Text string }
	}
	Run struct {
		Judges []struct {
			Scorer, Judge, Digest  string
			Calls, Cases, Answered int64
			TokensIn               int64 `json:"tokens_in"`
			TokensOut              int64 `json:"tokens_out"`
			USD                    float64
			Errors                 []struct{ Kind string }
		}
	}
	Estimates []struct {
		Metric, Model, Slice string
		Value, Worst, Best   *float64
		N                    int64
	}
	Cases []struct {
		Answers []struct {
			Scores []struct {
				Verdicts []struct {
					Judge, Level, Reasoning string
					Evidence                []string
				}
			}
		}
	}
}

func (b *judgeBench) record(folder string) judgedRecord {
	b.t.Helper()
	var r judgedRecord
	raw, err := os.ReadFile(filepath.Join(b.dir, folder, "record.json"))
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (r judgedRecord) value(model string) float64 {
	for _, e := range r.Estimates {
		if e.Model == model && e.Slice == "overall" && e.Value != nil {
			return *e.Value
		}
	}
	return math.NaN()
}

// shownScore is the score of a case as `show` prints it.
func (b *judgeBench) shownScore(id string) (value *float64, ungraded string) {
	b.t.Helper()
	out, _ := b.run(0, "show", "out", "--case", id, "--json")
	var w struct {
		Models []struct {
			Scores []struct {
				Value    *float64
				Ungraded string
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &w); err != nil {
		b.t.Fatal(err)
	}
	s := w.Models[0].Scores[0]
	return s.Value, s.Ungraded
}

func said(level string) stub.Reply {
	return stub.Answer(`{"evidence": ["word"], "reasoning": "So it is.", "level": "` + level + `"}`)
}

func finished(text, finish string) stub.Reply {
	return stub.Reply{Body: []byte(strings.Replace(string(stub.Completion(text)), `"finish_reason":"stop"`, `"finish_reason":"`+finish+`"`, 1))}
}

// noKey looks for the key in all that was written.
func (b *judgeBench) noKey() {
	b.t.Helper()
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if strings.Contains(string(raw), judgeKey) {
			b.t.Errorf("%s holds the key", path)
		}
		return err
	})
	if err != nil {
		b.t.Error(err)
	}
}

func command(bin, dir string, env []string, args ...string) *exec.Cmd {
	c := exec.Command(bin, args...)
	c.Dir, c.Env = dir, env
	return c
}
