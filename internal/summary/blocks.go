package summary

import "sort"

// MaxExactClusters is the number of clusters up to which a population keeps exact
// per-cluster sums; beyond it, BlockCount hash blocks stand for them.
const (
	MaxExactClusters = 512
	BlockCount       = 256
)

// Blocks are sums of a population kept by cluster (Exact) or by hash block of the
// cluster id. Entries are sorted by ID and none is empty. ID is the 64-bit hash of
// the cluster's value when Exact, else hash mod BlockCount, so that exact sums can
// be coarsened to blocks and two populations aligned.
type Blocks struct {
	Exact    bool      `json:"exact"`
	Clusters int64     `json:"clusters"`  // distinct clusters in the population
	MaxShare float64   `json:"max_share"` // rows of the largest cluster / rows
	SumSq    float64   `json:"sum_sq"`    // Σ (rows of a cluster)², for the mean cluster size seen by a row
	ID       []uint64  `json:"id"`
	N        []int64   `json:"n"`
	W        []float64 `json:"w"`

	// Sums of cells: for entry i, cell CellIndex[k] (of Counts.Cells) has weight
	// CellW[k], for k in CellStart[i]..CellStart[i+1].
	CellStart []int32   `json:"cell_start,omitempty"`
	CellIndex []int32   `json:"cell_index,omitempty"`
	CellW     []float64 `json:"cell_w,omitempty"`

	// Sums of row expressions Σw·(v − Mean) about the population's own mean: Moments[j][i*d+c] for the j-th Moments of the
	// population, entry i, column c.
	Moments [][]float64 `json:"moments,omitempty"`
}

// Coarsen maps per-entry sums of an exact Blocks to the hash blocks: the returned
// ids are block numbers in ascending order.
func Coarsen(id []uint64, sums []float64) ([]uint64, []float64) {
	m := map[uint64]float64{}
	for i, x := range id {
		m[x%BlockCount] += sums[i]
	}
	ids := make([]uint64, 0, len(m))
	for k := range m {
		ids = append(ids, k)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	out := make([]float64, len(ids))
	for i, k := range ids {
		out[i] = m[k]
	}
	return ids, out
}
