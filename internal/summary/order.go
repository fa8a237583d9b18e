package summary

import (
	"sort"
	"strconv"
	"strings"
)

// Rank is what one walk over the sorted scores of each model yields for one
// population: the exact ROC AUC with DeLong's placement moments, the average
// precision with its influence moments, and equal-mass calibration bins.
//
// Rank is the one kind that does not merge: ranks of a part say nothing about ranks
// in the whole. An engine that shards rows cannot make it.
type Rank struct {
	Pos int64 `json:"pos"`
	Neg int64 `json:"neg"`
	// Weights is set when rows have weights: then AUC holds the value, S10 … hold Σw²
	// about it, and Bins are of equal weight.
	Weights *RankWeights `json:"weights,omitempty"`
	// Binned is the number of bins of equal width whose scores were taken for tied; 0: none,
	// the order is exact.
	Binned int         `json:"binned,omitempty"`
	Models []RankModel `json:"models"`
	Pairs  []RankPair  `json:"pairs,omitempty"` // every model against the baseline, in model order
}

// RankWeights are Σw and Σw² of each class.
type RankWeights struct {
	Pos  float64 `json:"pos"`
	Neg  float64 `json:"neg"`
	Pos2 float64 `json:"pos2"`
	Neg2 float64 `json:"neg2"`
}

// RankModel is one model's part of a Rank. Value fields are meaningful only when
// both classes occur (AUC) or a positive occurs (AP).
type RankModel struct {
	U2   uint64  `json:"u2"`            // 2·(concordant + ½ tied) pairs: AUC = U2/(2·Pos·Neg)
	S10  float64 `json:"s10"`           // Σ over positives of (V10 − AUC)²; divide by (Pos−1)·Pos for DeLong's term
	S01  float64 `json:"s01"`           // Σ over negatives of (V01 − AUC)²
	AUC  float64 `json:"auc,omitempty"` // with weights only
	AP   float64 `json:"ap"`            // average precision, step interpolation, ties grouped
	APSS float64 `json:"apss"`          // Σ over rows of the squared influence on AP, divided by n²: the variance of AP
	KS   float64 `json:"ks,omitempty"`  // largest |true-positive rate − false-positive rate| over thresholds
	Bins []Bin   `json:"bins,omitempty"`
	// With Binned, how far AUC, AP and KS can be from their exact values at the most.
	OffAUC float64 `json:"off_auc,omitempty"`
	OffAP  float64 `json:"off_ap,omitempty"`
	OffKS  float64 `json:"off_ks,omitempty"`
	// AUCBlocks and APBlocks hold Σ of row influence (on the scale of the metric,
	// already divided by the class counts or n) for each entry of the population's Blocks.
	AUCBlocks []float64 `json:"auc_blocks,omitempty"`
	APBlocks  []float64 `json:"ap_blocks,omitempty"`
}

// RankPair is the covariance of a model with the baseline over the same rows.
type RankPair struct {
	A   int     `json:"a"`
	B   int     `json:"b"`
	C10 float64 `json:"c10"` // Σ over positives of (V10a − AUCa)(V10b − AUCb)
	C01 float64 `json:"c01"`
	CAP float64 `json:"cap"` // Σ of products of AP influences, divided by n²
}

// Same is the pair of a model whose scores are those of the baseline: nothing is rounded.
func (r *Rank) Same(a, b int) RankPair {
	x := r.Models[a]
	return RankPair{A: a, B: b, C10: x.S10, C01: x.S01, CAP: x.APSS}
}

// Bin is one equal-mass bin of scores: rows of tied score are never split (a tie
// group goes where its first rank from below falls).
type Bin struct {
	N        int64   `json:"n"`
	Pos      int64   `json:"pos"`
	SumScore float64 `json:"sum"` // Σw·score

	// With weights only: Σw, Σw² and Σw of positives.
	W    float64 `json:"w,omitempty"`
	W2   float64 `json:"w2,omitempty"`
	WPos float64 `json:"w_pos,omitempty"`
}

// Weights are Σw, Σw of positives and the effective number of rows, without weights the
// counts.
func (b Bin) Weights() (w, pos, rows float64) {
	if b.W2 > 0 {
		return b.W, b.WPos, b.W * b.W / b.W2
	}
	return float64(b.N), float64(b.Pos), float64(b.N)
}

// CalibrationBins is the number of equal-mass bins.
const CalibrationBins = 15

// ClassRank is the one-vs-rest ROC AUC of each class and its macro average, with
// the variance of the average by summing each row's influence over the classes.
type ClassRank struct {
	Models []ClassRankModel `json:"models"`
	Pairs  []ClassRankPair  `json:"pairs,omitempty"`
}

// ClassRankModel is one model's part. Classes without a row, or with every row,
// have NaN-free zero AUC and Defined false; the average is defined only when every
// class is.
type ClassRankModel struct {
	AUC     []float64 `json:"auc"`     // by class
	SE2     []float64 `json:"se2"`     // variance by class (DeLong)
	Defined []bool    `json:"defined"` // by class
	Macro   float64   `json:"macro"`
	Var     float64   `json:"var"`              // variance of Macro
	Blocks  []float64 `json:"blocks,omitempty"` // Σ influence on Macro by block

	ClassBlocks [][]float64 `json:"class_blocks,omitempty"` // the same on each class, nil where it is not defined
}

// ClassRankPair is the covariance of two macro averages, and without clusters of each
// class.
type ClassRankPair struct {
	A     int       `json:"a"`
	B     int       `json:"b"`
	Cov   float64   `json:"cov"`
	Class []float64 `json:"class,omitempty"`
}

// Quantile is one quantile of a row expression for each model.
type Quantile struct {
	Spec   Spec            `json:"spec"`
	Q      float64         `json:"q"`
	N      int64           `json:"n"`
	Kish   float64         `json:"kish,omitempty"` // with weights: (Σw)²/Σw²
	Models []QuantileModel `json:"models"`
	Pairs  []QuantilePair  `json:"pairs,omitempty"`
}

// QuantileModel holds the value and a ladder of order statistics around it:
// Ladder[i] is the order statistic of rank Ranks[i] (1-based, ascending), dense
// enough that an interval of any usual level can be read from it. Below is the
// number of rows ≤ Value; Blocks holds Σ(1(x ≤ Value) − Below/N) by block. With weights
// the ranks are those of rows that have some, Cum[i] is the share of weight up to
// Ladder[i], Share that at or below Value, and Blocks and SS hold Σ and Σ of squares of
// w(1(x ≤ Value) − Share)/Σw.
type QuantileModel struct {
	Value  float64   `json:"value"`
	Below  int64     `json:"below"`
	Ranks  []int64   `json:"ranks"`
	Ladder []float64 `json:"ladder"`
	Cum    []float64 `json:"cum,omitempty"`
	Share  float64   `json:"share,omitempty"`
	SS     float64   `json:"ss,omitempty"`
	Blocks []float64 `json:"blocks,omitempty"`
}

// QuantilePair counts the rows at or below the value of both models; with weights Cov is
// the sum of products that SS is of squares.
type QuantilePair struct {
	A    int     `json:"a"`
	B    int     `json:"b"`
	Both int64   `json:"both"`
	Cov  float64 `json:"cov,omitempty"`
}

// At is the order statistic of a rank that the ladder holds; 0 for another rank.
func (x *QuantileModel) At(rank int64) float64 {
	i := sort.Search(len(x.Ranks), func(i int) bool { return x.Ranks[i] >= rank })
	if i < len(x.Ladder) && x.Ranks[i] == rank {
		return x.Ladder[i]
	}
	return 0
}

// Cuts are the counts of rows at or above thresholds of equal mass: what ROC and
// precision–recall curves are drawn from, and thresholds chosen among. Binary rows only,
// overall only.
type Cuts struct {
	Total     []int64    `json:"total"`     // rows by fold
	Positives []int64    `json:"positives"` // by fold
	Models    []CutModel `json:"models"`

	// With weights: Σw by fold, and of the positives.
	Weight         []float64 `json:"weight,omitempty"`
	WeightPositive []float64 `json:"weight_positive,omitempty"`
}

// CutModel is one model's part: Rows[i][f] rows of fold f score at least Scores[i], and
// Hits[i][f] of them are positive. Scores fall.
type CutModel struct {
	Scores []float64 `json:"scores"`
	Rows   [][]int64 `json:"rows"`
	Hits   [][]int64 `json:"hits"`

	// With weights: the weight of those rows and of the positives among them.
	Weight     [][]float64 `json:"weight,omitempty"`
	WeightHits [][]float64 `json:"weight_hits,omitempty"`
	// Errors, where asked for and rows have weights or clusters, over all folds.
	Errors []CutError `json:"errors,omitempty"`
}

// CutError is sums over clusters (over rows without clusters) of squares and products of a
// cluster's weight W called, H of the positives among it and P of all its positives, with
// the clusters that have some W, and some H.
type CutError struct {
	WW       float64 `json:"ww"`
	HW       float64 `json:"hw"`
	HH       float64 `json:"hh"`
	HP       float64 `json:"hp"`
	Clusters int64   `json:"clusters"`
	Positive int64   `json:"positive"`
}

// CutsOf asks for about most cuts a model, in folds (1: none). Folds are by a hash of the
// cluster, else of the row's label and scores (equal rows in turn), so that they do not depend on the order of
// rows.
func CutsOf(most, folds int) Spec {
	return Spec{Kind: KindCuts, Terms: strconv.Itoa(most) + " " + strconv.Itoa(folds)}
}

// CutErrorsOf is CutsOf with Errors.
func CutErrorsOf(most, folds int) Spec {
	s := CutsOf(most, folds)
	s.Terms += cutErrors
	return s
}

const cutErrors = " errors"

// CutErrors reports whether a Spec of cuts asks for Errors.
func (s Spec) CutErrors() bool { return strings.HasSuffix(s.Terms, cutErrors) }

// Cuts is what a Spec made by CutsOf asks for.
func (s Spec) Cuts() (most, folds int, ok bool) {
	a, b, found := strings.Cut(strings.TrimSuffix(s.Terms, cutErrors), " ")
	most, errA := strconv.Atoi(a)
	folds, errB := strconv.Atoi(b)
	return most, folds, found && errA == nil && errB == nil && s.Kind == KindCuts && most > 0 && folds > 0 && folds < 256
}
