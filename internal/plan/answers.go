package plan

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/score"
)

// Answers says who answers for a model of a generative task, and what is asked.
type Answers struct {
	Provider   string            `json:"provider"` // recorded, openai, azure, anthropic, ollama, http, command
	Source     string            `json:"source,omitempty"`
	Digest     string            `json:"digest,omitempty"` // of the recorded answers, once they are read
	API        string            `json:"api,omitempty"`
	BaseURL    string            `json:"base_url,omitempty"`
	Model      string            `json:"model,omitempty"`
	Key        string            `json:"key,omitempty"` // env:NAME or file:PATH, never the key
	Prompt     *Prompt           `json:"prompt,omitempty"`
	Params     map[string]any    `json:"params,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"` // values that are secret are env:NAME or file:PATH
	Stream     bool              `json:"stream,omitempty"`
	APIVersion string            `json:"api_version,omitempty"`
	Body       any               `json:"body,omitempty"`
	Answer     string            `json:"answer,omitempty"`
	Contexts   string            `json:"contexts,omitempty"`
	Command    []string          `json:"command,omitempty"`
	Format     string            `json:"format,omitempty"`
	Samples    int               `json:"samples"` // answers to each case; their scores are averaged within the case
	Seed       *int64            `json:"seed,omitempty"`
	Price      *Price            `json:"price,omitempty"`
}

// Recorded reports whether the answers stand in a file.
func (a *Answers) Recorded() bool { return a.Provider == "recorded" }

// Price is in USD per million tokens.
type Price struct {
	In       float64 `json:"in"`
	Out      float64 `json:"out"`
	CachedIn float64 `json:"cached_in,omitempty"`
}

// Prompt is the conversation that is sent, with {{column}} for what a case brings.
type Prompt struct {
	File     string    `json:"file,omitempty"` // where it was read, from the plan's folder
	Messages []Message `json:"messages"`
}

// Message is one turn.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Limits bound the asking of models. Zero values are the collector's own.
type Limits struct {
	Concurrency       int // 0: found while running
	RequestsPerMinute float64
	Retries           int // of a failed call; -1: none
	Timeout           time.Duration
	Budget                   // of each model, and of each judge of each scorer
	Total             Budget // of all together
}

// Budget bounds what may be spent. 0: no bound.
type Budget struct {
	USD           float64
	Calls, Tokens int64
	Time          time.Duration
}

// caseColumns reads data.columns of a task without labels.
func (d *decoder) caseColumns(data, c *node) {
	const path = "data.columns"
	x := &d.plan.Data
	for _, key := range []string{"max_missing", "missing"} {
		if data.get(key) != nil {
			d.fail(data.keyNode(key), "data."+key, "a case without an answer is ungraded: gates bear max_ungraded of them", "%s does not fit task %s", key, d.plan.Task)
		}
	}
	if c.get("label") != nil {
		d.fail(c.keyNode("label"), path+".label", "name the right answer with reference", "task %s has no label", d.plan.Task)
	}
	if !d.keys(c, path, "label", "id", "question", "reference", "contexts", "relevant", "checks", "cluster", "weight", "time") {
		return
	}
	d.require(c, path, "id", ": answers are kept and joined by the id of their case")
	for key, to := range map[string]*string{"id": &x.Columns.ID, "weight": &x.Columns.Weight, "time": &x.Columns.Time, "question": &x.Columns.Question,
		"reference": &x.Columns.Reference, "contexts": &x.Columns.Contexts, "relevant": &x.Columns.Relevant, "checks": &x.Columns.Checks} {
		d.with(c, key, func(v *node) { *to = d.column(v, path+"."+key) })
	}
	d.with(c, "cluster", d.clusters)
}

// keysOf lists what each provider takes beside provider, name, version, artifact, samples
// and price.
func keysOf(provider string) []string {
	http := []string{"base_url", "model", "key", "prompt", "params", "headers", "seed"}
	switch provider {
	case "openai":
		return append(http, "api", "stream")
	case "azure":
		return append(http, "api", "stream", "api_version")
	case "anthropic":
		return append(http, "stream", "api_version")
	case "ollama":
		return append(http, "stream")
	case "http":
		return []string{"base_url", "key", "headers", "body", "answer", "contexts", "prompt", "seed"}
	case "command":
		return []string{"command", "format", "prompt", "seed"}
	}
	return []string{"source"}
}

// answering reads a model of a generative task.
func (d *decoder) answering(n *node, key string) Model {
	m := Model{Key: key}
	path := "models." + key
	if n.kind != mapping {
		d.fail(n, path, "write {provider: recorded, source: answers.jsonl}", "a mapping is expected, this is %s", n.kind)
		return m
	}
	for _, other := range []string{"score", "prediction", "probabilities", "threshold", "interval", "plugin", "record", "mlflow"} {
		if other == "record" && n.get(other) != nil { // its scores, without answers
			d.earlier(n, n.get(other), path, &m)
			return m
		}
		if n.get(other) != nil {
			d.fail(n.keyNode(other), path+"."+other, "say who answers: provider, with source, model or command", "%s does not fit task %s", other, d.plan.Task)
			return m
		}
	}
	a := &Answers{Samples: 1}
	m.Answers = a
	if d.plan.sources[key] = n; n.get("source") != nil {
		d.plan.sources[key] = n.get("source")
	}
	if !d.provided(n, path, a, "name", "version", "artifact", "samples") {
		if a.Provider == "" {
			m.Answers = nil // the rest means nothing
		}
		return m
	}
	d.with(n, "name", func(v *node) { m.Name = d.text(v, path+".name") })
	d.with(n, "version", func(v *node) { m.Version = d.text(v, path+".version") })
	d.with(n, "artifact", func(v *node) { m.Artifact = d.texts(v, path+".artifact") })
	d.with(n, "samples", func(v *node) {
		if a.Samples = int(d.whole(v, path+".samples", 1)); a.Samples > 1000 {
			d.fail(v, path+".samples", "", "at most 1000 answers a case")
		}
	})
	d.with(n, "prompt", func(v *node) { a.Prompt = d.prompt(v, path+".prompt") })
	d.complete(n, path, a)
	return m
}

// provided reads who is asked, a model or a judge: the provider and its own keys, beside
// others. false: the rest means nothing.
func (d *decoder) provided(n *node, path string, a *Answers, others ...string) bool {
	d.require(n, path, "provider", ": recorded, openai, azure, anthropic, ollama, http or command")
	p := n.get("provider")
	if p == nil {
		return false
	}
	before := len(d.problems)
	a.Provider = d.choice(p, path+".provider", "recorded", "openai", "azure", "anthropic", "ollama", "http", "command")
	if len(d.problems) > before {
		a.Provider = ""
		return false
	}
	own := slices.DeleteFunc(keysOf(a.Provider), func(key string) bool {
		return isJudge(path) && (key == "prompt" || key == "contexts") || isCalled(path) && slices.Contains([]string{"prompt", "contexts", "api", "stream", "seed"}, key)
	})
	if !d.keys(n, path, slices.Concat([]string{"provider"}, others, []string{"price"}, own)...) {
		return false
	}
	d.with(n, "price", func(v *node) { a.Price = d.price(v, path+".price") })
	for key, to := range map[string]*string{"source": &a.Source, "api": &a.API, "base_url": &a.BaseURL, "model": &a.Model, "api_version": &a.APIVersion,
		"answer": &a.Answer, "contexts": &a.Contexts, "format": &a.Format} {
		d.with(n, key, func(v *node) { *to = d.name(v, path+"."+key) })
	}
	d.with(n, "key", func(v *node) {
		a.Key = v.text
		if v.variable || !(strings.HasPrefix(a.Key, "env:") || strings.HasPrefix(a.Key, "file:")) {
			d.hide(v)
			a.Key = ""
			d.fail(v, path+".key", "write key: env:OPENAI_API_KEY or file:PATH", "a reference to the key is expected, not the key itself")
		}
	})
	d.with(n, "headers", func(v *node) { a.Headers = d.texts(v, path+".headers") })
	d.with(n, "stream", func(v *node) { a.Stream = d.choice(v, path+".stream", "true", "false") == "true" })
	d.with(n, "seed", func(v *node) { s := d.whole(v, path+".seed", 0); a.Seed = &s })
	d.with(n, "body", func(v *node) { a.Body = v.plain() })
	d.with(n, "params", func(v *node) {
		if v.kind != mapping {
			d.fail(v, path+".params", "write {temperature: 0, max_tokens: 128}", "a mapping is expected, this is %s", v.kind)
			return
		}
		a.Params, _ = v.plain().(map[string]any)
	})
	d.with(n, "command", func(v *node) { a.Command = d.command(v, path+".command") })
	return true
}

// complete asks for what a provider cannot do without. Judges, embedding models
// and classifiers have no prompt of their own.
func (d *decoder) complete(n *node, path string, a *Answers) {
	judge := isJudge(path) || isCalled(path)
	need := map[string][]string{"recorded": {"source"}, "openai": {"base_url", "model", "prompt"}, "azure": {"base_url", "model", "key", "prompt"},
		"anthropic": {"model", "key", "prompt"}, "ollama": {"model", "prompt"}, "http": {"base_url", "body", "answer"}, "command": {"command"}}
	what := map[string]string{"source": ": a file of lines {id, sample, output}", "prompt": ": {messages: [{role: user, content: \"{{question}}\"}]}, or a file",
		"base_url": ": such as http://127.0.0.1:8080/v1", "key": ": env:NAME or file:PATH", "answer": ": the JSON path of the answer", "command": ": the program and its arguments"}
	for _, key := range need[a.Provider] {
		if key != "prompt" || !judge {
			d.require(n, path, key, what[key])
		}
	}
	if a.Provider == "command" && a.Format != "json" && !judge {
		d.require(n, path, "prompt", ": what the program reads; or format: json, for all columns")
	}
}

func (d *decoder) texts(v *node, path string) map[string]string {
	if v.kind != mapping {
		d.fail(v, path, "", "a mapping is expected, this is %s", v.kind)
		return nil
	}
	out := map[string]string{}
	for i, k := range v.keys {
		out[k.text] = d.text(v.items[i], path+"."+k.text)
	}
	return out
}

// command reads a program and its arguments.
func (d *decoder) command(v *node, path string) []string {
	if v.kind == sequence {
		return d.names(v, path)
	}
	words, err := split(d.name(v, path))
	if err != nil {
		d.fail(v, path, "or write a list: [python3, app.py]", "%v", err)
	}
	return words
}

func (d *decoder) price(v *node, path string) *Price {
	if !d.keys(v, path, "in", "out", "cached_in") {
		return nil
	}
	p := &Price{}
	for key, to := range map[string]*float64{"in": &p.In, "out": &p.Out, "cached_in": &p.CachedIn} {
		if key != "cached_in" {
			d.require(v, path, key, ": USD per million tokens")
		}
		d.with(v, key, func(n *node) {
			x, ok := d.number(n, path+"."+key)
			if *to = x; ok && x < 0 {
				d.fail(n, path+"."+key, "", "a price is 0 or more")
			}
		})
	}
	return p
}

// prompt reads {messages: […]}, or the name of a YAML or JSON file that holds it.
func (d *decoder) prompt(v *node, path string) *Prompt {
	p := &Prompt{}
	if v.kind != mapping {
		p.File = d.name(v, path)
		if p.File == "" {
			return nil
		}
		text, err := d.beside(p.File)
		if err != nil {
			d.fail(v, path, "a file beside the plan, or {messages: […]}", "%v", err)
			return nil
		}
		root, bad := parseYAML(text)
		if bad != nil {
			d.fail(v, path, "", "%s:%d:%d: %s", p.File, bad.Line, bad.Column, bad.Msg)
			return nil
		}
		moved(root, v) // problems of the file are told at the plan's line
		path, v = path+" ("+p.File+")", root
	}
	if !d.keys(v, path, "messages") {
		return nil
	}
	d.require(v, path, "messages", ": a list of {role, content}")
	list := v.get("messages")
	if list == nil {
		return nil
	}
	if list.kind != sequence || len(list.items) == 0 {
		d.fail(list, path+".messages", "write [{role: user, content: \"{{question}}\"}]", "a list of messages is expected, this is %s", list.kind)
		return nil
	}
	for i, x := range list.items {
		at := fmt.Sprintf("%s.messages[%d]", path, i)
		if !d.keys(x, at, "role", "content") {
			continue
		}
		d.require(x, at, "role", "")
		d.require(x, at, "content", "")
		var m Message
		d.with(x, "role", func(n *node) { m.Role = d.choice(n, at+".role", "system", "user", "assistant") })
		d.with(x, "content", func(n *node) {
			m.Content = d.text(n, at+".content")
			d.template(n, at+".content", m.Content)
		})
		p.Messages = append(p.Messages, m)
	}
	if k := len(p.Messages); k > 0 && p.Messages[k-1].Role == "system" {
		d.fail(list, path+".messages", "add {role: user, content: \"{{question}}\"}", "the last message is the system's: nobody asks")
	}
	return p
}

// moved gives all nodes of another file the place of the key that names the file.
func moved(n, to *node) {
	n.line, n.col, n.set, n.from = to.line, to.col, to.set, to.from
	for _, k := range n.keys {
		k.line, k.col, k.set, k.from = to.line, to.col, to.set, to.from
	}
	for _, x := range n.items {
		moved(x, to)
	}
}

// beside reads a text file of the plan's folder.
func (d *decoder) beside(name string) ([]byte, error) {
	if d.read == nil {
		return nil, fmt.Errorf("the file %s cannot be read here", name)
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(d.read.dir, name)
	}
	return readText(path)
}

// template checks a text that is sent to a model: its variables are columns, and never
// the reference.
func (d *decoder) template(n *node, path, text string) {
	t, err := score.ParseTemplate(text)
	if err != nil {
		d.fail(n, path, "", "%v", err)
		return
	}
	for _, name := range t.Variables() {
		root, _, _ := strings.Cut(name, ".")
		c := d.plan.Data.Columns
		if root == c.Reference && root != "" || root == "reference" {
			d.fail(n, path, "leave it out: scorers see it", "{{%s}} is the right answer: a model must not see it", name)
			continue
		}
		if root == c.Checks && root != "" {
			d.fail(n, path, "leave it out: scorers see it", "{{%s}} holds the case's checks: a model must not see them", name)
			continue
		}
		if root == "question" && c.Question != "" {
			continue
		}
		d.plan.refer(root, Source{}, path, n)
	}
}

func (d *decoder) limits(n *node) {
	if !d.plan.Task.Generative() {
		d.fail(n, "limits", "leave it out", "limits bound the asking of models, and task %s asks none", d.plan.Task)
		return
	}
	if !d.keys(n, "limits", "concurrency", "requests_per_minute", "retries", "timeout", "budget", "total_budget") {
		return
	}
	l := &d.plan.Limits
	span := func(v *node, path string) time.Duration {
		x, err := time.ParseDuration(d.text(v, path))
		if err != nil || x <= 0 {
			d.fail(v, path, "", "a time such as 60s or 5m is expected, this is %q", v.text)
		}
		return x
	}
	d.with(n, "concurrency", func(v *node) {
		if v.text != "auto" {
			l.Concurrency = int(d.whole(v, "limits.concurrency", 1))
		}
	})
	d.with(n, "requests_per_minute", func(v *node) { l.RequestsPerMinute = d.above0(v, "limits.requests_per_minute") })
	d.with(n, "retries", func(v *node) {
		if l.Retries = int(d.whole(v, "limits.retries", 0)); l.Retries == 0 {
			l.Retries = -1
		}
	})
	d.with(n, "timeout", func(v *node) { l.Timeout = span(v, "limits.timeout") })
	d.with(n, "budget", func(v *node) { d.budget(v, "limits.budget", &l.Budget) })
	d.with(n, "total_budget", func(v *node) { d.budget(v, "limits.total_budget", &l.Total) })
}

func (d *decoder) above0(v *node, path string) float64 {
	x, ok := d.number(v, path)
	if ok && !(x > 0) {
		d.fail(v, path, "", "a number above 0 is expected, this is %s", v.text)
	}
	return x
}

func (d *decoder) budget(v *node, path string, b *Budget) {
	if !d.keys(v, path, "usd", "calls", "tokens", "minutes") {
		return
	}
	d.with(v, "usd", func(x *node) {
		b.USD = d.above0(x, path+".usd")
		for _, j := range d.plan.Judges {
			if !j.Recorded() && j.Price == nil {
				d.fail(x, path+".usd", "add price: {in: …, out: …} to the judge, or bound tokens or calls", "without a price no cost of judges.%s is known", j.Key)
			}
		}
		for _, in := range []section{embeddings(), classifiers()} {
			for _, m := range *d.plan.section(in) {
				if m.Price == nil {
					d.fail(x, path+".usd", "add price: {in: …, out: 0} to it, or bound tokens or calls", "without a price no cost of %s.%s is known", in.name, m.Key)
				}
			}
		}
		for _, m := range d.plan.Models {
			if m.Answers != nil && !m.Answers.Recorded() && m.Answers.Price == nil {
				d.fail(x, path+".usd", "add price: {in: …, out: …} to the model, or bound tokens or calls", "without a price no cost of models.%s is known", m.Key)
			}
		}
	})
	d.with(v, "calls", func(x *node) { b.Calls = d.whole(x, path+".calls", 1) })
	d.with(v, "tokens", func(x *node) { b.Tokens = d.whole(x, path+".tokens", 1) })
	d.with(v, "minutes", func(x *node) {
		b.Time = time.Duration(d.above0(x, path+".minutes") * float64(time.Minute))
	})
}

// plain is a YAML value as JSON has it.
func (n *node) plain() any {
	switch n.kind {
	case scalarString:
		return n.text
	case scalarNumber:
		return n.number
	case scalarBool:
		return n.yes
	case sequence:
		out := make([]any, len(n.items))
		for i, x := range n.items {
			out[i] = x.plain()
		}
		return out
	case mapping:
		out := map[string]any{}
		for i, k := range n.keys {
			out[k.text] = n.items[i].plain()
		}
		return out
	}
	return nil
}

// Asks reports whether the plan asks models anything, and so may cost something.
func (p *Plan) Asks() bool {
	return len(p.Embeddings)+len(p.Classifiers) > 0 || slices.ContainsFunc(p.Judges, func(j Judge) bool { return !j.Recorded() }) || slices.ContainsFunc(p.Models, func(m Model) bool { return m.Answers != nil && !m.Answers.Recorded() })
}

// Answering are the models that give answers: all but a baseline that is taken from an
// earlier record.
func (p *Plan) Answering() []Model {
	return slices.DeleteFunc(slices.Clone(p.Models), func(m Model) bool { return m.Answers == nil })
}
