package cli_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
)

const (
	twoJudges = oneJudge + "  mild: {provider: openai, base_url: \"URL\", model: gpt-mild, key: \"env:JUDGE_KEY\", params: {temperature: 0}, price: {in: 1, out: 2}, seed: 7}\n"
	ensemble  = "judge: [strict, mild], vote: mean, rubric: rubric.yaml"
)

// judgesAtOnce is a bench of two judges of one server, with n answers; wait is how long a
// judge thinks.
func judgesAtOnce(t *testing.T, n int, wait func(mild bool) time.Duration) (b *judgeBench, both *atomic.Int64) {
	var now [2]atomic.Int64
	both = &atomic.Int64{} // calls that came while the other judge was thinking
	b = newJudgeBench(t, func(answer string, c stub.Call) stub.Reply {
		me := 0
		if strings.Contains(string(c.Body), "gpt-mild") {
			me = 1
		}
		now[me].Add(1)
		defer now[me].Add(-1)
		if now[1-me].Load() > 0 {
			both.Add(1)
		}
		time.Sleep(wait(me == 1))
		return said([]string{"good", "fair", "bad"}[(len(answer)+me*int(answer[0]))%3])
	})
	var list []string
	for i := range n {
		list = append(list, strings.Repeat(string(rune('a'+i%5)), 1+i%7)+fmt.Sprint(i))
	}
	b.answers(map[string][]string{"candidate": list})
	b.plan(oneModel, twoJudges, ensemble)
	return b, both
}

// Two judges are asked at the same time, unless the plan bounds requests a minute; the record
// is the same whoever is the slower one.
func TestJudgesAtOnce(t *testing.T) {
	t.Parallel()
	slow := atomic.Int32{} // which judge is slow
	b, both := judgesAtOnce(t, 60, func(mild bool) time.Duration {
		if mild == (slow.Load() == 1) {
			return 12 * time.Millisecond
		}
		return 2 * time.Millisecond
	})
	digests, wholes := map[string]bool{}, map[string]bool{}
	for i := range 2 {
		slow.Store(int32(i))
		b.run(0, "run", "plan.yaml", "-q", "-o", "out", "--fresh")
		if n := len(b.asked()); n != 120 {
			t.Errorf("%d calls for 120 verdicts", n)
		}
		if both.Swap(0) == 0 {
			t.Error("no judge was asked while the other one was")
		}
		r := b.record("out")
		digests[r.ResultDigest], wholes[r.Digest] = true, true
		if j := r.Run.Judges; len(j) != 2 || j[0].Judge != "strict" || j[1].Judge != "mild" || j[0].Answered != 60 || j[1].Answered != 60 {
			t.Errorf("%+v", j)
		}
	}
	b.write("plan.yaml", strings.Replace(b.read("plan.yaml"), "limits: {", "limits: {requests_per_minute: 1000000, ", 1))
	b.run(0, "run", "plan.yaml", "-q", "-o", "out", "--fresh")
	if both.Load() != 0 {
		t.Errorf("%d calls came at the same time, though requests a minute are bounded", both.Load())
	}
	digests[b.record("out").ResultDigest] = true
	if len(digests) != 1 || len(wholes) != 1 || wholes[""] {
		t.Errorf("results %v, records %v, want one of each", digests, wholes)
	}
}

var (
	spentElse = regexp.MustCompile(`^ \(judges\.\w+ for good (\d+) calls`)
	spentHere = regexp.MustCompile(`(\d+) answers are kept`)
)

// A total budget holds for judges that are asked at the same time, over sessions: exactly so
// many calls leave, the message accounts for all of them, and no verdict is paid twice.
func TestJudgesAtOnceBudget(t *testing.T) {
	t.Parallel()
	b, _ := judgesAtOnce(t, 30, func(mild bool) time.Duration {
		if mild {
			return 3 * time.Millisecond
		}
		return time.Millisecond
	})
	total := 0
	for i, budget := range []int{25, 25, 41, 59} {
		_, stderr := b.run(4, "run", "plan.yaml", "-q", "-o", "out", "--set", fmt.Sprintf("limits.total_budget={calls: %d}", budget))
		if total += len(b.asked()); total != budget {
			t.Errorf("%d calls, want %d", total, budget)
		}
		_, why, _ := strings.Cut(stderr, fmt.Sprintf("of limits.total_budget: %d of %d calls", budget, budget))
		var mine, other int
		if m := spentElse.FindStringSubmatch(why); m != nil {
			other, _ = strconv.Atoi(m[1])
		}
		if m := spentHere.FindStringSubmatch(why); m != nil {
			mine, _ = strconv.Atoi(m[1])
		}
		// A session that goes on counts what it kept as far as it came in the order of the cases.
		if mine+other > budget || i == 0 && mine+other != budget {
			t.Errorf("%d and %d calls of %d: %s", mine, other, budget, stderr)
		}
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "out", "--set", "limits.total_budget={calls: 60}")
	if total += len(b.asked()); total != 60 {
		t.Errorf("%d calls for 60 verdicts", total)
	}
	parts := b.record("out")
	b.run(0, "run", "plan.yaml", "-q", "-o", "whole", "--fresh")
	if whole := b.record("whole"); whole.ResultDigest != parts.ResultDigest {
		t.Error("another result than that of an undisturbed run")
	}
}

// Money and tokens are set aside by both at once: whatever is in flight, their sum stays
// within the budget, and what is left is less than a call may need.
func TestJudgesAtOnceTokens(t *testing.T) {
	t.Parallel()
	b, _ := judgesAtOnce(t, 60, func(bool) time.Duration { return time.Millisecond })
	b.write("plan.yaml", strings.ReplaceAll(b.read("plan.yaml"), "temperature: 0", "temperature: 0, max_tokens: 64"))
	_, stderr := b.run(4, "run", "plan.yaml", "-q", "-o", "out", "--set", "limits.total_budget={tokens: 1200}")
	calls, used := len(b.asked()), 0
	if _, err := fmt.Sscanf(stderr[strings.Index(stderr, "total_budget: "):], "total_budget: %d of 1200 tokens", &used); err != nil || used == 0 || used > 1200 {
		t.Errorf("%d tokens in %d calls, %v: %s", used, calls, err, stderr)
	}
}

// Ctrl-C while both are asked; and a judge that is refused ends the other one, whose verdicts
// are kept.
func TestJudgesAtOnceStopped(t *testing.T) {
	t.Parallel()
	bin := binary(t)
	b, _ := judgesAtOnce(t, 150, func(bool) time.Duration { return 5 * time.Millisecond })
	c := command(bin, b.dir, []string{"JUDGE_KEY=" + judgeKey, "HOME=" + b.dir, "FAIRTRIAL_CEILING=" + b.dir}, "run", "plan.yaml", "-o", "out")
	var stderr strings.Builder
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	seen := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.in)
	}
	for deadline := time.Now().Add(time.Minute); seen() < 60 && time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil || !strings.Contains(stderr.String(), "interrupted: judges.") || !strings.Contains(stderr.String(), "answers are kept; the same command goes on from there") {
		t.Errorf("%v\n%s", err, stderr.String())
	}
	b.write("good.yaml", b.read("plan.yaml"))
	b.write("plan.yaml", strings.Replace(b.read("plan.yaml"), "model: gpt-mild, key: \"env:JUDGE_KEY\"", "model: gpt-mild, key: \"env:OTHER_KEY\"", 1))
	b.env["OTHER_KEY"] = "sk-another-key"
	if _, stderr := b.run(4, "run", "plan.yaml", "-q", "-o", "out"); !strings.Contains(stderr, "judges.mild for good: provider refuses") || strings.Contains(stderr, "halted") {
		t.Error(stderr)
	}
	refused := 0
	for _, c := range b.asked() {
		if !strings.Contains(c.Header.Get("Authorization"), judgeKey) {
			refused++
		}
	}
	b.write("plan.yaml", b.read("good.yaml"))
	b.run(0, "run", "plan.yaml", "-q", "-o", "out")
	r := b.record("out")
	calls := int64(0)
	for _, j := range r.Run.Judges {
		calls += j.Calls
	}
	if calls != 300+int64(refused) {
		t.Errorf("%d calls for 300 verdicts, %d of them refused", calls, refused)
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "whole", "--fresh")
	if whole := b.record("whole"); whole.Digest != r.Digest || whole.ResultDigest != r.ResultDigest {
		t.Error("another record than that of an undisturbed run")
	}
}
