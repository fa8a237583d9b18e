package score

import (
	"math"
	"strconv"
)

func costEntries() []*Entry {
	make1 := func(name, meaning string, aliases []string, of func(*Case) *float64) *Entry {
		e := &Entry{Name: name, Aliases: aliases, Group: "Cost", Meaning: meaning, Lo: 0, Hi: math.Inf(1), Direction: Down, Oracle: "own vectors", Needs: name}
		e.build = func(*args) (kernel, error) {
			return kernelFunc(func(c *Case) Score {
				v := of(c)
				if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
					return ungraded("the case has no " + name)
				}
				return graded(*v, strconv.FormatFloat(*v, 'g', -1, 64))
			}), nil
		}
		return e
	}
	return []*Entry{
		make1("latency", "milliseconds of the call; with a threshold, 1 if it took no longer", []string{"latency_ms"}, func(c *Case) *float64 { return c.Latency }),
		make1("cost", "US dollars of the call", []string{"cost_usd"}, func(c *Case) *float64 { return c.CostUSD }),
		make1("tokens_in", "tokens of the request", []string{"prompt_tokens"}, func(c *Case) *float64 { return c.TokensIn }),
		make1("tokens_out", "tokens of the answer", []string{"completion_tokens"}, func(c *Case) *float64 { return c.TokensOut }),
	}
}
