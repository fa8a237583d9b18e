package rubric

// Noise sensitivity is the share of an answer's claims that are wrong (the reference does not
// support them) and come from a context: a relevant one, which supports something of the
// reference and was misread or is wrong in part, or an irrelevant one, by which the answer was
// misled. A claim that both support counts for the relevant ones alone. (RAGChecker: Ru et al.
// 2024; Ragas's noise_sensitivity, which asks about each pair of claim and context by itself.
// Here contexts are sorted once, and only wrong claims are traced.)
func noise(irrelevantOnes bool) kind {
	wrong := between("answer", "reference", "the reference answer")
	sorting := pass{of: "contexts", against: []string{"question", "reference"}, options: []string{relevant, irrelevant}, lead: "contexts:",
		skip: func(said [][]string) bool { return len(unsupportedOf(said)) == 0 },
		ask:  "Does this context support something that the reference answer says? \"relevant\": at least one statement of the reference answer follows from it; \"irrelevant\": none does, even if it is on the same subject."}
	traced := func(kind, lead string) pass {
		x := between("answer", "contexts", "the contexts")
		x.lead = lead
		x.among = func(items []statement, said [][]string, s Shown) ([]statement, Shown) {
			var left []statement
			for k, n := range unsupportedOf(said) {
				if kind == irrelevant && len(said[2]) > 0 && said[2][k] == supported {
					continue // counted for the relevant ones
				}
				left = append(left, items[n])
			}
			var shown []string
			for n, v := range said[1] {
				if v == kind {
					shown = append(shown, s.Contexts[n])
				}
			}
			s.Contexts = shown
			return left, s
		}
		return x
	}
	out := kind{shows: []string{"question", "contexts", "reference", "answer"}, passes: []pass{wrong, sorting, traced(relevant, "wrong ones in relevant contexts:")},
		title: "share of the answer's claims that are wrong and come from relevant contexts", value: wronglyTraced}
	if irrelevantOnes {
		out.passes = append(out.passes, traced(irrelevant, "in irrelevant contexts:"))
		out.title = "share of the answer's claims that are wrong and come from irrelevant contexts"
	}
	return out
}

// unsupportedOf are the places of the claims that the reference does not support.
func unsupportedOf(said [][]string) []int {
	var out []int
	for n, v := range said[0] {
		if v == unsupported {
			out = append(out, n)
		}
	}
	return out
}

// wronglyTraced is the share of all claims that the last pass found in its contexts.
func wronglyTraced(said [][]string) (float64, string) {
	n := 0
	for _, v := range said[len(said)-1] {
		if v == supported {
			n++
		}
	}
	return float64(n) / float64(len(said[0])), ""
}
