package order

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// rank walks every model's score. The baseline goes first and leaves in each row's
// line, by slot, what a paired covariance needs (see split).
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
	paired := r.Baseline >= 0 && len(r.Models) > 1 && e == nil
	codes := pack(r, all, workers)
	defer codes.free()
	kept := lines{slots: len(all)}
	if paired {
		kept.v = newArray[uint32](r.N * kept.slots)
		defer kept.v.free()
	}
	w := &sorter{workers: workers}
	defer w.free()
	base := make([][]state, len(groups)) // the baseline's sums, for the covariances
	for _, m := range order {
		s, err := w.sort(ctx, r.Models[m].Score, codes.words...)
		if err != nil {
			return err
		}
		if cut != nil {
			cut.model(m, s)
		}
		walks := make([]*walk, len(groups))
		for g, group := range groups {
			walks[g] = &walk{s: s, group: group, reading: paired && m != r.Baseline, writing: paired && m == r.Baseline, e: e}
			walks[g].start(pops, codes)
		}
		b := &march{s: s, lines: kept, workers: workers}
		if err := b.run(ctx, r.N, walks); err != nil {
			return err
		}
		same := paired && slices.Equal(r.Models[m].Score, r.Models[r.Baseline].Score)
		for g, k := range walks {
			k.finish(pops, m)
			if k.reading {
				k.pair(pops, m, r.Baseline, base[g], same)
			}
			if m == r.Baseline {
				base[g] = k.st
			}
		}
	}
	return nil
}

// block is a stretch of the sorted order that all workers walk together: they share
// the fetching of its lines, then each walks its own slots over the whole of it, then
// they share the writing back. A block never cuts a tie group, so its ends, and with
// them every sum, are the same for any number of workers.
type block struct {
	from, to int
	kept     [][]uint32 // by slot, then row: apart, so that workers do not write to one cache line
}

const blockRows = 8192

// march takes all blocks through their stages: the lines of a block are fetched, it is
// walked, and they are written back. While one is walked, the next is fetched and the one
// before is written back, so that workers meet once a block.
type march struct {
	s       *sorted
	lines   lines
	workers int
}

func (m *march) run(ctx context.Context, n int, walks []*walk) error {
	reading, writing := walks[0].reading, walks[0].writing
	var ring [3]block
	if reading || writing {
		for i := range ring {
			ring[i].kept = make([][]uint32, m.lines.slots)
		}
	}
	load := func(b *block, from int) {
		b.from, b.to = from, min(from+blockRows, n)
		for b.to < n && m.s.tie(b.to) {
			b.to++
		}
		for i, kept := range b.kept {
			if len(kept) < b.to-b.from {
				b.kept[i] = make([]uint32, b.to-b.from)
			}
		}
	}
	load(&ring[0], 0)
	if reading {
		share(m.workers, ring[0].to, func(_, from, to int) { m.fetch(&ring[0], from, to) })
	}
	for step := 0; ; step++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		before, now, after := &ring[(step+2)%3], &ring[step%3], &ring[(step+1)%3]
		write := step > 0 && writing
		if now.from == now.to && !write {
			return nil
		}
		load(after, now.to)
		share(m.workers, m.workers, func(w, _, _ int) {
			if w < len(walks) {
				walks[w].block(now)
			}
			if reading {
				portion(w, m.workers, after.to-after.from, func(from, to int) { m.fetch(after, from, to) })
			}
			if write {
				portion(w, m.workers, before.to-before.from, func(from, to int) { m.store(before, from, to) })
			}
		})
		if now.from == now.to {
			return nil
		}
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

// fetch copies the lines of the block's rows [from, to). A short loop that only touches
// them goes ahead, so that as many memory accesses as the machine can hold overlap; plain
// loops beat calls of copy for the same reason.
func (m *march) fetch(b *block, from, to int) {
	w, lines := m.lines.slots, m.lines.v.v
	const ahead = 128
	for start := from; start < to; start += ahead {
		end := min(start+ahead, to)
		sorted := m.s.rec[b.from+start : b.from+end]
		touched := uint32(0)
		for k := range sorted {
			touched |= lines[int(sorted[k].row)*w]
		}
		for k := range sorted {
			i, row := start+k, int(sorted[k].row)
			line := lines[row*w : row*w+w]
			for slot, kept := range b.kept {
				kept[i] = line[slot]
			}
		}
		if touched == ^uint32(0) { // never, but the touching must not be optimised away
			runtime.Gosched()
		}
	}
}

func (m *march) store(b *block, from, to int) {
	w, lines := m.lines.slots, m.lines.v.v
	for i := from; i < to; i++ {
		row := int(m.s.row(b.from + i))
		line := lines[row*w : row*w+w]
		for slot, kept := range b.kept {
			line[slot] = kept[i]
		}
	}
}
