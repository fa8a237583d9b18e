package gate

import (
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/result"
)

// A control that passes turns a go into inconclusive, and nothing else.
func TestControlled(t *testing.T) {
	for _, verdict := range []result.Decision{result.Go, result.NoGo, result.DecisionInconclusive} {
		for _, control := range []result.Decision{result.Go, result.NoGo, result.DecisionInconclusive} {
			o := result.Outcome{Decision: verdict, Sentence: "as it was"}
			Controlled(&o, &result.Control{Degrade: 0.1, Decision: control, Gates: []result.ControlGate{{Name: "recall", Verdict: result.Fail}}})
			want := verdict
			if verdict == result.Go && control == result.Go {
				want = result.DecisionInconclusive
			}
			if o.Decision != want || (want == verdict) != (o.Sentence == "as it was") {
				t.Errorf("%s with a control that is %s: %s, %q", verdict, control, o.Decision, o.Sentence)
			}
			says := map[result.Decision]string{result.Go: "passes every blocking gate", result.NoGo: `stopped by: "recall"`, result.DecisionInconclusive: "does not pass"}[control]
			if o.Control == nil || !strings.Contains(o.Control.Sentence, says) || !strings.Contains(o.Control.Sentence, "10 %") {
				t.Errorf("a control that is %s: %+v", control, o.Control)
			}
		}
	}
}
