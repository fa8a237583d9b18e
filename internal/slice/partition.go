package slice

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"unicode"
)

// PartitionKind is how a partition divides the cases. The zero kind is invalid.
type PartitionKind uint8

// The kinds of partition.
const (
	ByColumn    PartitionKind = iota + 1 // every value of one column
	Cross                                // every observed combination of 2 to 4 columns
	ByWhere                              // one slice: the cases for which Where is true
	ByBins                               // ranges of one number column
	ByQuantiles                          // ranges of one number column with about equal rows, not known before the data: an engine makes ByBins of it
)

// Partition names slices of cases that do not overlap. Make one with
// ColumnSlice, CrossSlice, WhereSlice or BinSlice, which validate. Two
// partitions can give one name (a column both by value and in bins has two
// "age=∅"); whoever holds a list of partitions has to look.
type Partition struct {
	Kind    PartitionKind
	Name    string    // the where slice's name, else its columns as labels write them
	Columns []string  // the columns read; of Where, in order of first use
	Bins    []float64 // ByBins only: strictly increasing, finite
	Where   Predicate // ByWhere only

	Quantiles int // ByQuantiles only: 2 to MaxQuantiles
}

// MaxQuantiles bounds the slices of QuantileSlice.
const MaxQuantiles = 100

// ColumnSlice makes a slice of every value of a column, null included.
func ColumnSlice(column string) (Partition, error) {
	if column == "" {
		return Partition{}, errors.New("make column slice: the column name is empty")
	}
	return Partition{Kind: ByColumn, Name: formatColumn(column), Columns: []string{column}}, nil
}

// CrossSlice makes a slice of every observed combination of the values of 2 to
// 4 different columns.
func CrossSlice(columns ...string) (Partition, error) {
	if len(columns) < 2 || len(columns) > 4 {
		return Partition{}, fmt.Errorf("make cross slice: it has %d columns; 2 to 4 are allowed", len(columns))
	}
	names := make([]string, len(columns))
	for i, column := range columns {
		if column == "" {
			return Partition{}, errors.New("make cross slice: a column name is empty")
		}
		if slices.Contains(columns[:i], column) {
			return Partition{}, fmt.Errorf("make cross slice: column %s is there twice", writeName(column))
		}
		names[i] = formatColumn(column)
	}
	return Partition{Kind: Cross, Name: strings.Join(names, separator), Columns: slices.Clone(columns)}, nil
}

// WhereSlice makes the one slice of cases for which where is true. Its name
// must be printable, must neither start nor end with a space nor contain " & ",
// and must not be "overall".
func WhereSlice(name string, where Predicate) (Partition, error) {
	refuse := func(reason string) (Partition, error) {
		return Partition{}, fmt.Errorf("make where slice %q: %s", name, reason)
	}
	switch {
	case name == "":
		return refuse("the name is empty")
	case name == Overall:
		return refuse("the name is taken by the slice of all cases")
	case strings.Contains(name, separator):
		return refuse(`the name contains " & ", which joins the parts of a cross`)
	case strings.TrimSpace(name) != name:
		return refuse("the name starts or ends with a space")
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return refuse("the name contains a character that does not print")
	case where.IsZero():
		return refuse("the condition is missing")
	}
	return Partition{Kind: ByWhere, Name: name, Columns: where.Columns(), Where: where}, nil
}

// BinSlice makes len(bins)+1 slices of a number column: below the first bound,
// [a, b) between neighbours, and from the last bound on; and one for null.
// Bounds must be finite and strictly increasing, and there must be one.
func BinSlice(column string, bins []float64) (Partition, error) {
	if column == "" {
		return Partition{}, errors.New("make bin slice: the column name is empty")
	}
	if len(bins) == 0 {
		return Partition{}, fmt.Errorf("make bin slice of %s: it needs at least one bound", writeName(column))
	}
	for i, bound := range bins {
		if math.IsNaN(bound) || math.IsInf(bound, 0) {
			return Partition{}, fmt.Errorf("make bin slice of %s: bound %d is not a finite number", writeName(column), i+1)
		}
		if i > 0 && bound <= bins[i-1] {
			return Partition{}, fmt.Errorf("make bin slice of %s: bounds must increase, but %s follows %s",
				writeName(column), formatNumber(bound), formatNumber(bins[i-1]))
		}
	}
	return Partition{Kind: ByBins, Name: formatColumn(column), Columns: []string{column}, Bins: slices.Clone(bins)}, nil
}

// QuantileSlice makes about n slices of a number column with about equal rows; equal
// values share a slice.
func QuantileSlice(column string, n int) (Partition, error) {
	if column == "" {
		return Partition{}, errors.New("make quantile slice: the column name is empty")
	}
	if n < 2 || n > MaxQuantiles {
		return Partition{}, fmt.Errorf("make quantile slice of %s: %d slices; 2 to %d are allowed", writeName(column), n, MaxQuantiles)
	}
	return Partition{Kind: ByQuantiles, Name: formatColumn(column), Columns: []string{column}, Quantiles: n}, nil
}

// Check resolves p against the columns of the data, as Predicate.Check does:
// unknown columns are refused, bins need a column of numbers, a where needs
// fitting kinds. The result is the one to call CodeSQL on.
func (p Partition) Check(types func(column string) (Kind, bool)) (Partition, error) {
	if p.Kind == ByWhere {
		where, err := p.Where.Check(types)
		if err != nil {
			return Partition{}, fmt.Errorf("check slice %q: %w", p.Name, err)
		}
		p.Where = where
		return p, nil
	}
	var errs []error
	for _, column := range p.Columns {
		kind, ok := types(column)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("check slice %q: the data has no column %s", p.Name, writeName(column)))
		case kind == 0:
			errs = append(errs, fmt.Errorf("check slice %q: column %s holds %s", p.Name, writeName(column), kind))
		case (p.Kind == ByBins || p.Kind == ByQuantiles) && kind != Number:
			errs = append(errs, fmt.Errorf("check slice %q: bins need numbers, but column %s holds %s", p.Name, writeName(column), kind))
		}
	}
	if len(errs) > 0 {
		return Partition{}, errors.Join(errs...)
	}
	return p, nil
}

// Label returns the name of the slice with the given values, one for each
// column in order: region=DE, region=DE & age_band=18-25. For bins it takes the
// number and names its bin; a where slice takes no values. Another count of
// values is a mistake of the program and panics.
func (p Partition) Label(values ...Value) string {
	want := len(p.Columns)
	if p.Kind == ByWhere {
		want = 0
	}
	if len(values) != want {
		panic(fmt.Sprintf("slice: label of %q takes %d values, not %d", p.Name, want, len(values)))
	}
	switch p.Kind {
	case ByWhere:
		return p.Name
	case ByBins:
		if values[0].kind != Number {
			return p.BinLabel(-1)
		}
		return p.BinLabel(p.Bin(values[0].number))
	}
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = formatColumn(p.Columns[i]) + "=" + FormatValue(v)
	}
	return strings.Join(parts, separator)
}

// Bin returns the index of x's bin, 0 to len(Bins), and -1 for NaN, which
// counts as null. Infinities fall into the outer bins.
func (p Partition) Bin(x float64) int {
	if math.IsNaN(x) {
		return -1
	}
	return sort.Search(len(p.Bins), func(i int) bool { return x < p.Bins[i] })
}

// BinLabel returns the name of bin i: age=<0, age=[0, 25), age=≥65, and age=∅
// for every index that is no bin, as -1.
func (p Partition) BinLabel(i int) string {
	column := formatColumn(p.Columns[0])
	switch last := len(p.Bins); {
	case i < 0 || i > last:
		return column + "=" + nullName
	case i == 0:
		return column + "=<" + formatNumber(p.Bins[0])
	case i == last:
		return column + "=≥" + formatNumber(p.Bins[last-1])
	}
	return fmt.Sprintf("%s=[%s, %s)", column, formatNumber(p.Bins[i-1]), formatNumber(p.Bins[i]))
}

// CodeSQL returns an SQL expression for the integer code of a row, and the
// values bound to its ?. A where gives 1 where it is true and else 0; bins give
// what Bin gives, and -1 for null and NaN. Column and cross partitions have no
// code, their values being known only from the data: the text is "".
func (p Partition) CodeSQL() (text string, args []any) {
	switch p.Kind {
	case ByWhere:
		text, args = p.Where.SQL(nil)
		return "CASE WHEN " + text + " THEN 1 ELSE 0 END", args
	case ByBins:
		x := "CAST(" + quoteName(p.Columns[0]) + " AS DOUBLE)"
		var b strings.Builder
		fmt.Fprintf(&b, "CASE WHEN %s IS NULL OR isnan(%s) THEN -1", x, x)
		for i, bound := range p.Bins {
			fmt.Fprintf(&b, " WHEN %s < CAST(? AS DOUBLE) THEN %d", x, i)
			args = append(args, bound)
		}
		fmt.Fprintf(&b, " ELSE %d END", len(p.Bins))
		return b.String(), args
	}
	return "", nil
}
