package plan

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
)

var (
	questionNames  = regexp.MustCompile(`(?i)^(question|questions|query|prompt|input|instruction|user_input|user|problem|task_text|message)$`)
	referenceNames = regexp.MustCompile(`(?i)^(reference|references|answer|answers|expected|expected_output|expected_answer|ideal|target|gold|gold_answer|ground_truth|groundtruth|solution|correct_answer)$`)
	contextNames   = regexp.MustCompile(`(?i)^(context|contexts|passage|passages|document|documents|retrieved|retrieved_contexts|chunks)$`)
	relevantNames  = regexp.MustCompile(`(?i)^(relevant|relevant_ids|relevant_docs|qrels|supporting_ids)$`)
	checksNames    = regexp.MustCompile(`(?i)^(checks|assert|asserts|assertions)$`)
	outputNames    = regexp.MustCompile(`(?i)^(output|response|completion|generation|generated)$`)
	idNames        = regexp.MustCompile(`(?i)^(id|.*_id|.*uuid|key)$`)
	togetherNames  = regexp.MustCompile(`(?i)^(doc|doc_id|document_id|source|source_id|conversation|conversation_id|user_id|template|template_id|passage_id|topic_id)$`)
)

// GuessTexts drafts a plan of task generation or rag for a file of cases; ok is false where
// no column holds questions.
func GuessTexts(source string, p *engine.Profile) (d TextDraft, ok bool) {
	find := func(names *regexp.Regexp, fits func(engine.ColumnProfile) bool) string {
		for _, c := range p.Columns {
			if names.MatchString(c.Name) && (fits == nil || fits(c)) {
				return c.Name
			}
		}
		return ""
	}
	text := func(c engine.ColumnProfile) bool { return c.Kind == cases.Text }
	question := find(questionNames, text)
	if question == "" {
		return d, false
	}
	base := filepath.Base(source)
	d = TextDraft{Name: strings.TrimSuffix(base, filepath.Ext(base)), Task: "generation", Source: source}
	id := find(idNames, func(c engine.ColumnProfile) bool {
		return c.Nulls == 0 && c.Distinct >= p.Rows && c.Kind != cases.Other
	})
	if id == "" {
		d.Hints = append(d.Hints, "FILL IN id: a column that is there and different in every row; answers are kept by it.")
		id = "FILL-IN"
	}
	d.Columns = [][2]string{{"id", id}, {"question", question}}
	reference, contexts, relevant, checks := find(referenceNames, nil), find(contextNames, nil), find(relevantNames, nil), find(checksNames, nil)
	for _, c := range [][2]string{{"reference", reference}, {"contexts", contexts}, {"relevant", relevant}, {"checks", checks}} {
		if c[1] != "" {
			d.Columns = append(d.Columns, c)
		}
	}
	if contexts != "" || relevant != "" {
		d.Task = "rag"
	}
	if together := find(togetherNames, func(c engine.ColumnProfile) bool {
		return c.Distinct < p.Rows && c.Distinct > 1 && c.Kind != cases.Other
	}); together != "" {
		d.Columns = append(d.Columns, [2]string{"cluster", together})
		d.Hints = append(d.Hints, "cluster: rows with the same "+together+" are taken to depend on one another; intervals respect it.")
	} else {
		d.Hints = append(d.Hints, "cluster: …   # unit of independence (document, user, template): intervals respect it")
	}
	d.textModels(p, find(outputNames, text))
	d.textScorers(p, reference, contexts, relevant, checks)
	for _, c := range p.Columns {
		used := c.Name == id || c.Name == question || c.Name == reference
		for _, r := range d.Columns {
			used = used || r[1] == c.Name
		}
		if !used && c.Distinct >= 2 && c.Distinct <= 20 && p.Rows >= 5*c.Distinct && (c.Kind == cases.Text || c.Kind == cases.Bool) && len(d.Slices) < 8 {
			d.Slices = append(d.Slices, c.Name)
		}
	}
	d.Gates = []string{"# No gate yet, so nothing is decided. For example, with a baseline under models:", "# gates:",
		"#   - {metric: NAME, no_worse_than: baseline, margin: 0.03, why: the harm this guards against}"}
	return d, true
}

// textModels: answers that stand in the file itself, else a model that is to be named.
func (d *TextDraft) textModels(p *engine.Profile, output string) {
	if output == "output" && (strings.HasSuffix(d.Source, ".jsonl") || strings.HasSuffix(d.Source, ".ndjson")) {
		d.Models = []TextModel{{Key: "candidate", Comment: "The answers stand in the file itself.", Keys: [][2]string{{"provider", "recorded"}, {"source", quote(d.Source)}}}}
		for _, c := range p.Columns {
			if c.Name == "sample" {
				d.Hints = append(d.Hints, "Several answers a case stand in several lines: cases need a file of their own, one line each.")
			}
		}
		return
	}
	content := quote("{{" + d.Columns[1][1] + "}}")
	if !plainColumn.MatchString(d.Columns[1][1]) {
		content = quote("{{question}}")
	}
	if d.Task == "rag" && len(d.Columns) > 2 {
		for _, c := range d.Columns {
			if c[0] == "contexts" && plainColumn.MatchString(c[1]) {
				content = quote("Answer from these passages:\n{{" + c[1] + "}}\n\nQuestion: {{question}}")
			}
		}
	}
	d.Models = []TextModel{{Key: "candidate", Comment: "FILL IN who answers: here any OpenAI-compatible endpoint. Others: azure, anthropic, ollama, http (your application), command, recorded (docs/generation.md).",
		Keys: [][2]string{{"provider", "openai"}, {"base_url", "http://127.0.0.1:8080/v1"}, {"model", "FILL-IN"}, {"prompt", "{messages: [{role: user, content: " + content + "}]}"},
			{"params", "{temperature: 0, max_tokens: 256}"}, {"samples", "1"}}}}
	d.Limits = "{concurrency: auto, budget: {calls: 10000}}"
	if output != "" {
		d.Hints = append(d.Hints, "The column "+output+" may hold answers: write them as lines {id, output} for provider: recorded.")
	}
}

var plainColumn = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// textScorers fits scorers to what the cases have.
func (d *TextDraft) textScorers(p *engine.Profile, reference, contexts, relevant, checks string) {
	add := func(s string) { d.Scorers = append(d.Scorers, s) }
	if checks != "" {
		add("{type: checks, as: passed}                 # the case's own checks all pass")
		add("{type: checks, give: score, as: score}")
	}
	if reference != "" {
		number := false
		for _, c := range p.Columns {
			number = number || c.Name == reference && c.Kind == cases.Number
		}
		if number {
			add("{type: numeric_match, rel_tol: 0.001, as: right}    # the last number of the answer")
		} else {
			add("{type: exact, normalize: squad, as: exact_match}    # case, punctuation and articles aside")
			add("{type: token_f1, as: f1}                            # words shared with the reference")
			if plainColumn.MatchString(reference) {
				add("# - {type: icontains, value: " + quote("{{"+reference+"}}") + ", as: mentions}    # short references inside long answers")
			}
			add("# - rouge_l                                         # long references")
		}
	}
	if relevant != "" {
		add("{type: recall_at_k, k: 5, as: recall_at_5}          # of the passages that the answer brings, or the case's")
		add("mrr")
	}
	if contexts != "" {
		add("# - {type: judge, judge: NAME, rubric: rubrics/faithful.yaml, as: faithful}    # needs a judge and a rubric: docs/judges.md")
	}
	if len(d.Scorers) == 0 || d.Scorers[0][0] == '#' {
		d.Scorers = append([]string{"# No right answers are given: FILL IN what a good answer is. For example:", "{type: not-is_refusal, as: answers}"}, d.Scorers...)
	}
}
