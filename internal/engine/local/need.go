package local

import (
	"fmt"
	"strconv"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/influence"
	"github.com/fairtrial/fairtrial/internal/engine/local/order"
	"github.com/fairtrial/fairtrial/internal/engine/local/scan"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// need is what a request would hold at the most, from the headers alone.
func need(plan *scan.Plan, r engine.Request) int64 {
	n, _ := plan.Rows()
	return plan.Bytes() + kernelBytes(n, r)
}

// kernelBytes estimates what the kernels hold beside the rows.
func kernelBytes(n int64, r engine.Request) int64 {
	classes := 2
	for _, m := range r.Models {
		classes = max(classes, len(m.Probabilities))
	}
	bytes := max(order.Bytes(n, r, threads(r.Workers)), influence.Bytes(n, classes, threads(r.Workers), r.Needs))
	if r.Degrade != nil {
		bytes += 24 * n // keys of rows
	}
	for _, s := range r.Needs {
		if s.Kind == summary.KindFit { // log-odds
			bytes = max(bytes, 8*n*int64(len(r.Models)))
		}
	}
	return bytes
}

// fits tells the caller what the request needs, and refuses it where that is too much.
func (e *Engine) fits(plan *scan.Plan, r engine.Request) error {
	limit, of := e.limit(r)
	bytes := need(plan, r)
	n, exact := plan.Rows()
	if r.Expect != nil {
		r.Expect(engine.Expected{Rows: n, Estimated: !exact, Bytes: bytes, Limit: limit, LimitOf: of})
	}
	if limit == 0 || bytes <= limit {
		return nil
	}
	about := ""
	if !exact {
		about = "about "
	}
	hint := "filter rows with data.where, judge fewer models or slices at once, leave out metrics that sort scores (roc_auc, average_precision, ece), or use a machine with more memory"
	if binned, ok := binnedNeed(plan, r); ok && binned <= limit {
		hint = fmt.Sprintf("write exact: false in the plan: with scores in bins about %s are needed; or filter rows with data.where", size(binned))
	}
	return &engine.DataError{Where: r.Source, Msg: fmt.Sprintf("needs about %s of memory for %s%d rows; %s is %s", size(bytes), about, n, of, size(limit)), Hint: hint}
}

// binnedNeed is need with exact: false, where that is allowed and saves something.
func binnedNeed(plan *scan.Plan, r engine.Request) (int64, bool) {
	if !order.CanBin(r) || r.Binned {
		return 0, false
	}
	bytes := need(plan, r)
	r.Binned = true
	binned := need(plan, r)
	return binned, binned < bytes
}

func size(n int64) string {
	if n < 1<<30 {
		return strconv.FormatInt((n+1<<20-1)>>20, 10) + " MiB"
	}
	return strconv.FormatFloat(float64(n)/(1<<30), 'f', 1, 64) + " GiB"
}
