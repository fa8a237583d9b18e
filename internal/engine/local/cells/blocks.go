package cells

import (
	"sort"
	"sync"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// blocks adds the sums by cluster to every population. Rows are visited cluster by
// cluster; a population keeps exact clusters up to summary.MaxExactClusters, hash
// blocks beyond.
func (j *job) blocks(pops []*summary.Population, workers int) {
	r := j.r
	start, byCluster := j.group()
	var wg sync.WaitGroup
	work := make(chan int)
	for range max(1, min(workers, len(r.Parts)+1)) {
		wg.Go(func() {
			for k := range work {
				j.blockPartition(pops, k, start, byCluster)
			}
		})
	}
	for k := -1; k < len(r.Parts); k++ {
		work <- k
	}
	close(work)
	wg.Wait()
}

// group sorts row numbers by cluster, stably.
func (j *job) group() (start []int32, byCluster []int32) {
	start = make([]int32, len(j.r.ClusterHash)+1)
	for _, c := range j.r.Cluster {
		start[c+1]++
	}
	for c := 1; c < len(start); c++ {
		start[c] += start[c-1]
	}
	at := append([]int32(nil), start...)
	byCluster = make([]int32, j.r.N)
	for i, c := range j.r.Cluster {
		byCluster[at[c]] = int32(i)
		at[c]++
	}
	return start, byCluster
}

// blockPartition fills the blocks of the populations of one partition (-1: overall).
func (j *job) blockPartition(pops []*summary.Population, part int, start, byCluster []int32) {
	base, count := 0, 1
	var code []uint16
	if part >= 0 {
		base, count, code = j.offset[part], len(j.r.Parts[part].Names), j.r.Parts[part].Codes()
	}
	popOf := func(i int32) int {
		if code == nil {
			return 0
		}
		if code[i] == rows.None {
			return -1
		}
		return int(code[i])
	}
	b := make([]*summary.Blocks, count)
	for i := range b {
		b[i] = &summary.Blocks{}
	}
	// First the sizes: how many clusters each population has.
	most := make([]int64, count)
	seen := make([]int64, count)
	var touched []int
	clusters := len(j.r.ClusterHash)
	for c := range clusters {
		touched = touched[:0]
		for _, i := range byCluster[start[c]:start[c+1]] {
			if p := popOf(i); p >= 0 {
				if seen[p] == 0 {
					touched = append(touched, p)
				}
				seen[p]++
			}
		}
		for _, p := range touched {
			b[p].Clusters++
			b[p].SumSq += float64(seen[p]) * float64(seen[p])
			most[p] = max(most[p], seen[p])
			seen[p] = 0
		}
	}
	entries := make([]map[uint64]int, count)
	sums := make([]blockSums, count)
	for p := range b {
		pop := pops[base+p]
		b[p].Exact = b[p].Clusters <= summary.MaxExactClusters
		if pop.N > 0 {
			b[p].MaxShare = float64(most[p]) / float64(pop.N)
		}
		entries[p] = map[uint64]int{}
		sums[p] = newBlockSums(j, pop)
		pop.Blocks = b[p]
	}
	values := j.rowValues()
	for c := range clusters {
		id := j.r.ClusterHash[c]
		for _, i := range byCluster[start[c]:start[c+1]] {
			p := popOf(i)
			if p < 0 {
				continue
			}
			key := id
			if !b[p].Exact {
				key = id % summary.BlockCount
			}
			e, ok := entries[p][key]
			if !ok {
				e = len(b[p].ID)
				entries[p][key] = e
				b[p].ID = append(b[p].ID, key)
				b[p].N = append(b[p].N, 0)
				b[p].W = append(b[p].W, 0)
				sums[p].grow()
			}
			w := 1.0
			if j.r.Weight != nil {
				w = j.r.Weight[i]
			}
			b[p].N[e]++
			b[p].W[e] += w
			sums[p].add(j, e, int(i), w, values)
		}
	}
	for p := range b {
		sums[p].finish(b[p], pops[base+p])
	}
}

// rowValues evaluates a row's expressions, spec by spec.
func (j *job) rowValues() func(s, c, i int) float64 {
	var one [1]float64
	return func(s, c, i int) float64 {
		j.cols[s][c](i, i+1, one[:])
		return one[0]
	}
}

// blockSums collects one population's sums by entry.
type blockSums struct {
	cellAt  map[uint64]int32
	cells   []map[int32]float64 // by entry: weight by joint cell
	moments [][]float64         // by spec: entry × column
	mean    [][]float64
}

func newBlockSums(j *job, pop *summary.Population) blockSums {
	s := blockSums{}
	if pop.Counts != nil {
		s.cellAt = map[uint64]int32{}
		for i, c := range pop.Counts.Cells {
			key := uint64(c.Label)
			for _, d := range c.Decisions {
				if d == summary.NoDecision {
					d = uint32(j.classes)
				}
				key = key*uint64(j.radix) + uint64(d)
			}
			s.cellAt[key] = int32(i)
		}
	}
	for _, m := range pop.Moments {
		s.moments = append(s.moments, nil)
		s.mean = append(s.mean, m.Mean)
	}
	return s
}

func (s *blockSums) grow() {
	s.cells = append(s.cells, map[int32]float64{})
	for k := range s.moments {
		s.moments[k] = append(s.moments[k], make([]float64, len(s.mean[k]))...)
	}
}

func (s *blockSums) add(j *job, e, i int, w float64, values func(s, c, i int) float64) {
	if s.cellAt != nil {
		s.cells[e][s.cellAt[j.key(i)]] += w
	}
	for k := range s.moments {
		d := len(s.mean[k])
		for c := range d {
			s.moments[k][e*d+c] += w * (values(k, c, i) - s.mean[k][c])
		}
	}
}

// finish sorts the entries by id and writes them out.
func (s *blockSums) finish(b *summary.Blocks, pop *summary.Population) {
	order := make([]int, len(b.ID))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(x, y int) bool { return b.ID[order[x]] < b.ID[order[y]] })
	id, n, w := b.ID, b.N, b.W
	b.ID, b.N, b.W = make([]uint64, len(id)), make([]int64, len(id)), make([]float64, len(id))
	for i, o := range order {
		b.ID[i], b.N[i], b.W[i] = id[o], n[o], w[o]
	}
	if pop.Counts != nil {
		b.CellStart = append(b.CellStart, 0)
		for _, o := range order {
			var at []int32
			for c := range s.cells[o] {
				at = append(at, c)
			}
			sort.Slice(at, func(x, y int) bool { return at[x] < at[y] })
			for _, c := range at {
				b.CellIndex = append(b.CellIndex, c)
				b.CellW = append(b.CellW, s.cells[o][c])
			}
			b.CellStart = append(b.CellStart, int32(len(b.CellIndex)))
		}
	}
	for k := range s.moments {
		d := len(s.mean[k])
		out := make([]float64, 0, len(s.moments[k]))
		for _, o := range order {
			out = append(out, s.moments[k][o*d:(o+1)*d]...)
		}
		b.Moments = append(b.Moments, out)
	}
}
