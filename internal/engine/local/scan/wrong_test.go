package scan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// manyRows is a CSV of n good rows with one line put behind them.
func manyRows(n int, last string) string {
	var b strings.Builder
	b.WriteString("id,y,s,g\n")
	for i := range n {
		fmt.Fprintf(&b, "r%d,%d,0.%d,%d\n", i, i%2, i%10, i%7)
	}
	return b.String() + last
}

func byColumn(t *testing.T, name string) slice.Partition {
	t.Helper()
	p, err := slice.ColumnSlice(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func where(t *testing.T, text string) *slice.Predicate {
	t.Helper()
	p, err := slice.ParseWhere(text)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

// TestWrongData holds the message of every kind of wrong data that a user can meet.
func TestWrongData(t *testing.T) {
	with := func(source string, change func(*engine.Request)) engine.Request {
		r := binary(source)
		if change != nil {
			change(&r)
		}
		return r
	}
	own := func(source string) func(*engine.Request) {
		return func(r *engine.Request) {
			r.Models = append(r.Models, cases.Model{Key: "baseline", Source: source, Score: "p", Threshold: half()})
		}
	}
	probability := func(r *engine.Request) { r.NeedProbability = []bool{true} }
	regression := func(r *engine.Request) {
		r.Task = cases.Regression
		for i := range r.Models {
			m := &r.Models[i]
			m.Prediction, m.Score, m.Threshold = m.Score, "", nil
		}
	}
	ends := func(r *engine.Request) {
		regression(r)
		r.Models[0].Lower, r.Models[0].Upper, r.Models[0].Level = "lo", "hi", 0.9
	}
	good := "id,y,s\na,1,0.9\nb,0,0.1\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		req   engine.Request
		want  string
	}{
		{"no file", nil, with("none.csv", nil), `none.csv: no such file`},
		{"no match", nil, with("none*.csv", nil), `none*.csv: no file matches`},
		{"folder", nil, with(".", nil), `.: is a folder | name the files in it: *.parquet`},
		{"unknown type", map[string]string{"a.xlsx": "x"}, with("a.xlsx", nil), `a.xlsx: unknown file type ".xlsx" | use .csv, .tsv, .jsonl, .ndjson, .json (each also with .gz) or .parquet`},
		{"no extension", map[string]string{"a": "x"}, with("a", nil), `a: unknown file type "" | use .csv, .tsv, .jsonl, .ndjson, .json (each also with .gz) or .parquet`},
		{"gzipped parquet", map[string]string{"a.parquet.gz": "x"}, with("a.parquet.gz", nil), `a.parquet.gz: unknown file type ".parquet.gz" | use .csv, .tsv, .jsonl, .ndjson, .json (each also with .gz) or .parquet`},
		{"empty file", map[string]string{"a.csv": ""}, with("a.csv", nil), `a.csv: the file is empty`},
		{"empty parquet", map[string]string{"a.parquet": ""}, with("a.parquet", nil), `a.parquet: the file is empty`},
		{"mixed formats", map[string]string{"a.csv": good, "a.jsonl": "{}"}, with("a.*", nil), `a.*: matches files of different formats: a.csv is CSV, a.jsonl is JSONL | name files of one format`},
		{"not parquet", map[string]string{"a.parquet": good}, with("a.parquet", nil), `a.parquet: is not a Parquet file, whatever its name says | one that was cut short, as by a broken copy, is none either: copy or write it again`},
		{"crossed interval", map[string]string{"a.csv": "id,y,s,lo,hi\na,1,2,0,3\nb,1,2,4,3\n"}, with("a.csv", ends), `a.csv, row 2 (id b), column lo: the prediction interval begins at 4 and ends at 3 (column hi) | the lower end must not lie above the upper one: perhaps interval.lower and interval.upper are exchanged`},
		{"end too large", map[string]string{"a.csv": "id,y,s,lo,hi\na,1,2,0,1e200\n"}, with("a.csv", ends), `a.csv, row 1 (id a), column hi: 1e200 is too large to be squared and summed: at most 1e+50 | is it a code for a missing value? leave such cells empty`},
		{"end no number", map[string]string{"a.csv": "id,y,s,lo,hi\na,1,2,0,x\n"}, with("a.csv", ends), `a.csv, row 1 (id a), column hi: "x" is not a number | every cell of the prediction interval of candidate must be a number; a missing one is left empty`},
		{"header only", map[string]string{"a.csv": "id,y,s\n"}, with("a.csv", nil), `a.csv: has no rows`},
		{"blank first line", map[string]string{"a.csv": "\n" + good}, with("a.csv", nil), `a.csv: the first line is empty | the first line must hold the column names`},
		{"UTF-16", map[string]string{"a.csv": "\xff\xfei\x00d\x00"}, with("a.csv", nil), `a.csv: the file is UTF-16 | save it as UTF-8`},
		{"binary file", map[string]string{"a.csv": "id,\x00,s\n"}, with("a.csv", nil), `a.csv: the header holds a zero byte: this is not a text file`},
		{"Latin-1 cell", map[string]string{"a.csv": "id,y,s\ncaf\xe9,1,0.9\n"}, with("a.csv", nil), `a.csv, line 2: holds bytes that are not UTF-8 | save the file as UTF-8; it may be Latin-1 or Windows-1252`},
		{"Latin-1 header", map[string]string{"a.csv": "id,y,caf\xe9\n"}, with("a.csv", nil), `a.csv: the header is not UTF-8 text | save it as UTF-8`},
		{"open quote in header", map[string]string{"a.csv": "id,\"y,s\na,1,0.9\n"}, with("a.csv", nil), `a.csv: the header has a quote that is never closed`},
		{"open quote", map[string]string{"a.csv": "id,y,s\na,1,\"0.9\nb,0,0.1\n"}, with("a.csv", nil), `a.csv, line 2: a quote is never closed`},
		{"too few fields", map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,0\n"}, with("a.csv", nil), `a.csv, line 3: has 2 fields, but the header has 3 | a field that holds the separator must be quoted`},
		{"too many fields", map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,0,0,5\n"}, with("a.csv", nil), `a.csv, line 3: has 4 fields, but the header has 3 | a field that holds the separator must be quoted`},
		{"not gzip", map[string]string{"a.csv.gz": good}, with("a.csv.gz", nil), `a.csv.gz: is not a gzip file, whatever its name says`},
		{"missing column", map[string]string{"a.csv": "id,y,score\na,1,0.9\n"}, with("a.csv", nil), `a.csv: has no column s (score of candidate) | its columns are id, y, score`},
		{"duplicate header", map[string]string{"a.csv": "id,s,y,s\na,1,1,0.9\n"}, with("a.csv", nil), `a.csv: column s stands twice in the header, as columns 2 and 4 | rename one of them: which one is the score of candidate?`},
		{"headers differ", map[string]string{"a1.csv": good, "a2.csv": "id,s,y\nc,1,0.9\n"}, with("a*.csv", nil), `a2.csv: its header differs from that of a1.csv | all files of one source need the same columns in the same order`},
		{"text score", map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,0,high\n"}, with("a.csv", nil), `a.csv, row 2 (id b), column s: "high" is not a number | every cell of the score of candidate must be a number; a missing one is left empty`},
		{"comma decimals", map[string]string{"a.csv": "id;y;s\na;1;0,9\nb;0;0,1\n"}, with("a.csv", nil), `a.csv, row 1 (id a), column s: "0,9" is not a number | write the decimal point as a point, not as a comma`},
		{"text score beyond any sample", map[string]string{"a.csv": manyRows(25_000, "late,1,n/a,3\n")}, with("a.csv", nil), `a.csv, row 25001 (id late), column s: "n/a" is not a number | every cell of the score of candidate must be a number; a missing one is left empty`},
		{"text score in the second file", map[string]string{"a1.csv": good, "a2.csv": "id,y,s\nc,1,x\n"}, with("a*.csv", nil), `a2.csv, row 1 (id c), column s: "x" is not a number | every cell of the score of candidate must be a number; a missing one is left empty`},
		{"text in JSON score", map[string]string{"a.jsonl": `{"id":"a","y":1,"s":0.5}` + "\n" + `{"id":"b","y":0,"s":{"x":1}}` + "\n"}, with("a.jsonl", nil), `a.jsonl, row 2 (id b), column s: "{\"x\":1}" is not a number | every cell of the score of candidate must be a number; a missing one is left empty`},
		{"malformed JSON", map[string]string{"a.jsonl": `{"id":"a","y":1,"s":0.5}` + "\n" + `{"id":"b","y":0,` + "\n"}, with("a.jsonl", nil), `a.jsonl, line 2: is not valid JSON: unexpected end of JSON input`},
		{"JSON array line", map[string]string{"a.jsonl": `{"id":"a","y":1,"s":0.5}` + "\n" + `[1]` + "\n"}, with("a.jsonl", nil), `a.jsonl, line 2: is not a JSON object | each line must be one object: {"id": …, "score": …}`},
		{"JSON document", map[string]string{"a.json": "[\n {\"id\":\"a\",\"y\":1,\"s\":0.5}\n]\n"}, with("a.json", nil), `a.json: is one JSON array, not one object a line | write each row as an object on a line of its own: jq -c '.[]' turns one into the other`},
		{"score above 1", map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,0,1.5\n"}, with("a.csv", probability), `a.csv, row 2 (id b), column s: 1.5 is not a probability: it is outside [0, 1] | if these scores only rank, leave out the metrics that need probabilities (log_loss, brier, ece)`},
		{"score below 0", map[string]string{"a.csv": "id,y,s\na,1,-0.25\nb,0,1.5\n"}, with("a.csv", probability), `a.csv, row 1 (id a), column s: -0.25 is not a probability: it is outside [0, 1] | if these scores only rank, leave out the metrics that need probabilities (log_loss, brier, ece)`},
		{"three labels", map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,0,0.1\nc,2,0.1\n"}, with("a.csv", nil), `a.csv, column y: a binary label has 2 values, this one has 3: 0, 1, 2 | use task: multiclass, or a filter that leaves two classes`},
		{"no positive", map[string]string{"a.csv": "id,y,s\na,yes,0.9\nb,no,0.1\n"}, with("a.csv", nil), `a.csv, column y: no row has the positive value 1; the labels are no, yes | set data.columns.label.positive to one of them`},
		{"no usable row", map[string]string{"a.csv": "id,y,s\na,,0.9\nb,0,\n"}, with("a.csv", nil), `a.csv: none of 2 rows can be used | label missing: 1 row, for example row 1 (id a); s is null: 1 row, for example row 2 (id b)`},
		{"filter drops all", map[string]string{"a.csv": good}, with("a.csv", func(r *engine.Request) { r.Where = where(t, "s > 5") }), `a.csv: no row passes the filter s > 5 (2 rows read)`},
		{"negative weight", map[string]string{"a.csv": "id,y,s,w\na,1,0.9,1\nb,0,0.1,-2\n"}, with("a.csv", func(r *engine.Request) { r.Weight = "w" }), `a.csv, row 2 (id b), column w: the weight -2 is negative | weights are importance weights: 0 or more`},
		{"zero weights", map[string]string{"a.csv": "id,y,s,w\na,1,0.9,0\nb,0,0.1,0\n"}, with("a.csv", func(r *engine.Request) { r.Weight = "w" }), `a.csv, column w: every weight is 0 | without weights, leave data.columns.weight out`},
		{"weight too large to square", map[string]string{"a.csv": "id,y,s,w\na,1,0.9,1\nb,0,0.1,1e200\n"}, with("a.csv", func(r *engine.Request) { r.Weight = "w" }), `a.csv, row 2 (id b), column w: 1e200 is no usable weight: 0, or 1e-30 to 1e+30 | is it a code for a missing value? leave such cells empty`},
		{"score too large to sum", map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,0,-1.7e308\n"}, with("a.csv", nil), `a.csv, row 2 (id b), column s: -1.7e308 is too large to be summed: at most 1e+200 | is it a code for a missing value? leave such cells empty`},
		{"label too large to square", map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,-1e200,0.1\n"}, with("a.csv", regression), `a.csv, row 2 (id b), column y: -1e200 is too large to be squared and summed: at most 1e+50 | is it a code for a missing value? leave such cells empty`},
		{"prediction too large to square", map[string]string{"a.csv": "id,y,s\na,,0.9\nb,1,1e200\n"}, with("a.csv", regression), `a.csv, row 2 (id b), column s: 1e200 is too large to be squared and summed: at most 1e+50 | is it a code for a missing value? leave such cells empty`},
		{"own prediction too large to square", map[string]string{"a.csv": "id,y,s\na,1,0.9\nb,1,1\n", "b.csv": "id,p\na,1\nb,-1e200\n"}, with("a.csv", func(r *engine.Request) { own("b.csv")(r); regression(r) }), `a.csv, row 2 (id b): the prediction of baseline, -1e+200, is too large to be squared and summed: at most 1e+50`},
		{"text weight", map[string]string{"a.csv": "id,y,s,w\na,1,0.9,1\nb,0,0.1,x\n"}, with("a.csv", func(r *engine.Request) { r.Weight = "w" }), `a.csv, row 2 (id b), column w: "x" is not a number | every cell of the weight must be a number; a missing one is left empty`},
		{"too many slices", map[string]string{"a.csv": manyRows(100, "")}, with("a.csv", func(r *engine.Request) {
			r.Slices = []slice.Partition{byColumn(t, "id"), byColumn(t, "g")}
			r.MaxSlices = 50
		}), `a.csv: the slices are 107, more than max_slices: 50; id alone gives 100 | leave out columns of many values, use bins, or raise max_slices`},
		{"too many values", map[string]string{"a.csv": manyRows(66_000, "")}, with("a.csv", func(r *engine.Request) { r.Slices = []slice.Partition{byColumn(t, "id")} }), `a.csv, column id: has 66000 distinct values; at most 65000 can be told apart | a slice or class needs few values: use bins for numbers, or leave the column out`},
		{"own file without id", map[string]string{"a.csv": good, "b.csv": "id,p\na,0.5\n"}, with("a.csv", func(r *engine.Request) { own("b.csv")(r); r.ID = "" }), `model baseline has a file of its own, but no id column is declared | set data.columns.id to the column that both files share`},
		{"own file lacks id", map[string]string{"a.csv": good, "b.csv": "key,p\na,0.5\n"}, with("a.csv", own("b.csv")), `b.csv: has no column id (id) | its columns are key, p`},
		{"own file lacks score", map[string]string{"a.csv": good, "b.csv": "id,q\na,0.5\n"}, with("a.csv", own("b.csv")), `b.csv: has no column p (score of baseline) | its columns are id, q`},
		{"duplicate prediction", map[string]string{"a.csv": good, "b.csv": "id,p\na,0.5\nb,0.5\na,0.6\n"}, with("a.csv", own("b.csv")), `b.csv: 1 prediction of baseline with an id that occurred before, for example row 3 (id a) | each case needs one prediction: remove the others`},
		{"prediction without id", map[string]string{"a.csv": good, "b.csv": "id,p\na,0.5\n,0.5\nb,0.4\n"}, with("a.csv", own("b.csv")), `b.csv: 1 prediction of baseline without an id, for example row 2 | each prediction needs the id of its case`},
		{"prediction without case", map[string]string{"a.csv": good, "b.csv": "id,p\na,0.5\nb,0.5\nx,0.6\ny,0.1\n"}, with("a.csv", own("b.csv")), `b.csv: 2 predictions of baseline with an id that no case has, for example row 3 (id x), row 4 (id y) | remove them, or add their cases; ids are compared as text`},
		{"duplicate case", map[string]string{"a.csv": good + "a,0,0.3\n", "b.csv": "id,p\na,0.5\nb,0.5\n"}, with("a.csv", own("b.csv")), `a.csv: 1 case with an id that occurred before, for example row 3 (id a) | models with files of their own are joined on id one to one: each case needs its own id`},
		{"text in own file", map[string]string{"a.csv": good, "b.csv": "id,p\na,0.5\nb,oops\n"}, with("a.csv", own("b.csv")), `b.csv, row 2 (id b), column p: "oops" is not a number | every cell of the score of baseline must be a number; a missing one is left empty`},
		{"own file empty", map[string]string{"a.csv": good, "b.csv": "id,p\n"}, with("a.csv", own("b.csv")), `b.csv: has no rows`},
		{"worst case for regression", map[string]string{"a.csv": good}, with("a.csv", func(r *engine.Request) { r.Task = cases.Regression; r.Missing = engine.MissingWorst }), `missing: worst_case has no meaning for regression: there is no worst prediction | use missing: error or missing: exclude`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := run(t, c.files, c.req, 2)
			if got := message(err); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
