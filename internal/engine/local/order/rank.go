package order

import (
	"context"
	"slices"
	"sync"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// rank walks every model's score. The baseline goes first and leaves what a paired
// covariance needs (see grid).
func rank(ctx context.Context, r *rows.Rows, pops []*summary.Population, e entries, workers int, cut *cutter) error {
	all := slots(r)
	groups := deal(all, workers)
	for _, p := range pops {
		p.Rank = &summary.Rank{Models: make([]summary.RankModel, len(r.Models))}
	}
	order := make([]int, 0, len(r.Models))
	if r.Baseline >= 0 {
		order = append(order, r.Baseline)
	}
	for m := range r.Models {
		if m != r.Baseline {
			order = append(order, m)
		}
	}
	pairs := r.Baseline >= 0 && len(r.Models) > 1 && e == nil
	paired := pairs && r.N > directRows
	codes := pack(r, all, workers)
	defer codes.free()
	var left *grid
	var tags *tagger // once the baseline has been walked
	if paired {
		left = newGrid(r.N, all)
		defer left.free()
	}
	w := &sorter{workers: workers}
	defer w.free()
	base := make([][]state, len(groups)) // the baseline's sums, for the covariances
	for _, m := range order {
		b := &march{grid: left, reading: paired && m != r.Baseline, writing: paired && m == r.Baseline, alone: e != nil}
		var err error
		if b.reading && cut != nil && cut.byRow() {
			if err = cut.sorted(ctx, m, w, codes); err != nil {
				return err
			}
		}
		if b.s, err = w.sort(ctx, r.Models[m].Score, tags, codes.words...); err != nil {
			return err
		}
		if cut != nil && !(b.reading && cut.byRow()) {
			cut.model(m, b.s)
		}
		if b.writing {
			left.cut(b.s)
			tags = left.tagger(b.s, r.Models[m].Score)
		}
		walks := make([]*walk, len(groups))
		for g, group := range groups {
			walks[g] = &walk{s: b.s, group: group, grid: left, reading: b.reading, writing: b.writing, e: e}
			walks[g].start(pops, codes)
		}
		if err := b.run(ctx, r.N, walks); err != nil {
			return err
		}
		same := pairs && slices.Equal(r.Models[m].Score, r.Models[r.Baseline].Score)
		each(rangesOf(len(walks)), func(g, _, _ int) { // workers have no population in common
			k := walks[g]
			k.finish(pops, m)
			if pairs && m != r.Baseline {
				direct(r, k.group, pops, k.pair(pops, m, r.Baseline, base[g], same), m, r.Baseline)
			}
			if m == r.Baseline {
				base[g] = k.st
			}
		})
	}
	return nil
}

// block is a stretch of the sorted order that all workers walk together, each its own slots
// over the whole of it. A block never cuts a tie group, so its ends, and with them every
// sum, are the same for any number of workers.
type block struct {
	from, to int
	pieces   []piece
}

// piece is a part of a block: rows of one score, or rows whose scores no other row has.
type piece struct {
	rows int
	tied bool
	bin  int  // of the baseline's that it lies in, on writing
	ends bool // it
}

const blockRows = 8192

// march takes all blocks through the walk. On reading, the records' tags are the bins of the rows.
type march struct {
	s                *sorted
	grid             *grid
	reading, writing bool
	alone            bool // each score is a piece, for the sake of clusters
	bin              int  // the next one to end
}

func (m *march) run(ctx context.Context, n int, walks []*walk) error {
	var b block
	for b.to < n {
		if err := ctx.Err(); err != nil {
			return err
		}
		m.load(&b, b.to)
		share(len(walks), len(walks), func(w, _, _ int) { walks[w].block(&b) })
	}
	return nil
}

// load finds the pieces of the block that begins at from.
func (m *march) load(b *block, from int) {
	n := len(m.s.rec)
	b.from, b.to = from, min(from+blockRows, n)
	for b.to < n && m.s.tie(b.to) {
		b.to++
	}
	b.pieces = b.pieces[:0]
	for at := from; at < b.to; {
		to, p := b.to, piece{}
		if tie := m.s.nextTie(at+1, b.to); tie < b.to {
			to = tie - 1 // where its group begins
		}
		if p.tied = m.alone || to == at; p.tied {
			for to = at + 1; to < b.to && m.s.tie(to); {
				to++
			}
		}
		if m.writing {
			p.bin = m.bin
			if end := m.grid.ends[m.bin]; end <= to {
				to, p.ends = end, true
				m.bin++
			}
		}
		p.rows = to - at
		b.pieces = append(b.pieces, p)
		at = to
	}
}

// portion is the w-th worker's part of n rows.
func portion(w, workers, n int, f func(from, to int)) {
	if from, to := w*n/workers, (w+1)*n/workers; from < to {
		f(from, to)
	}
}

// share splits n items among the workers.
func share(workers, n int, f func(w, from, to int)) {
	var wg sync.WaitGroup
	for w := range workers {
		portion(w, workers, n, func(from, to int) { wg.Go(func() { f(w, from, to) }) })
	}
	wg.Wait()
}
