package rubric

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// citation is [2] or [1, 3]: contexts by their place, from 1.
var citation = regexp.MustCompile(`\[\s*\d+(?:\s*[,;]\s*\d+)*\s*\]`)

// sentenceEnd is where a sentence ends; citations that follow belong to it.
var sentenceEnd = regexp.MustCompile(`(?:[.!?]["')\]]*|\n)(?:\s*\[\s*\d+(?:\s*[,;]\s*\d+)*\s*\])*(?:\s+|$)`)

// beforeStop is the space that a citation leaves before a full stop.
var beforeStop = regexp.MustCompile(` ([.,;:!?])`)

// cited splits an answer into sentences with what they cite. pairs: one statement for each
// sentence and each of its citations; else each sentence is one, with all that it cites. A
// citation of a context that is not there supports nothing, and neither does none: such
// statements have their verdict. why says why there is nothing to judge.
func cited(answer string, contexts int, pairs bool) (out []statement, why string) {
	for _, text := range sentences(answer) {
		var cites []int
		wrong := 0
		for _, m := range citation.FindAllString(text, -1) {
			for _, part := range strings.FieldsFunc(m, func(r rune) bool { return r < '0' || r > '9' }) {
				if n, err := strconv.Atoi(part); err != nil || n < 1 || n > contexts {
					wrong++
				} else if !slices.Contains(cites, n) {
					cites = append(cites, n)
				}
			}
		}
		plain := beforeStop.ReplaceAllString(strings.Join(strings.Fields(citation.ReplaceAllString(text, " ")), " "), "$1")
		switch {
		case plain == "" && pairs:
			wrong += len(cites)
			cites = nil
		case plain == "":
			continue
		case !pairs && len(cites) == 0:
			out = append(out, statement{text: plain, known: unsupported})
		case !pairs:
			out = append(out, statement{text: plain, cites: cites})
		}
		if !pairs {
			continue
		}
		for _, c := range cites {
			out = append(out, statement{text: plain, cites: []int{c}})
		}
		for range wrong {
			out = append(out, statement{text: text, known: unsupported})
		}
	}
	switch {
	case len(out) > 0:
		return out, ""
	case pairs:
		return nil, "the answer cites nothing"
	}
	return nil, "the answer holds no sentence"
}

// sentences of a text, each with the citations that follow it.
func sentences(text string) []string {
	var out []string
	from := 0
	for _, at := range sentenceEnd.FindAllStringIndex(text, -1) {
		if s := strings.TrimSpace(text[from:at[1]]); s != "" {
			out = append(out, s)
		}
		from = at[1]
	}
	if s := strings.TrimSpace(text[from:]); s != "" {
		out = append(out, s)
	}
	return out
}
