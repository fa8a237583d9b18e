package promptfoo

import (
	"encoding/csv"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/fairtrial/fairtrial/internal/plan"
)

// Prompt is a conversation with {{variables}}; without messages it could not be carried.
type Prompt struct {
	ID       string // how providers name it
	Label    string
	Messages []plan.Message
	names    []string
}

func (r *reader) readPrompts() error {
	v := r.root.Get("prompts")
	items := v.Items()
	if !v.List() && !v.Null() {
		items = []plan.Tree{v}
	}
	for _, x := range items {
		if err := r.prompt(x); err != nil {
			return err
		}
	}
	if len(r.out.Prompts) == 0 {
		r.addPrompt("{{prompt}}", "", "", r.file, v.Line())
	}
	return nil
}

func (r *reader) prompt(x plan.Tree) error {
	text, ok := x.Text()
	id, label := "", ""
	if x.Map() {
		id, _ = x.Get("id").Text()
		label, _ = x.Get("label").Text()
		if text, ok = x.Get("raw").Text(); !ok {
			text, ok = id, id != ""
		}
		if m := x.Get("messages"); m.List() {
			r.conversation(m, id, label, r.file)
			return nil
		}
	}
	if !ok {
		return fmt.Errorf("%s:%d: a prompt is a text, file://… or {id, label, raw}, this is %s", r.file, x.Line(), x.Kind())
	}
	isFile := strings.HasPrefix(text, "file://") || promptFile.MatchString(text) && !strings.Contains(text, "\n")
	if !isFile {
		r.addPrompt(text, id, label, r.file, x.Line())
		return nil
	}
	names, err := r.globbed(text)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := r.promptFile(name, id, label, x.Line()); err != nil {
			return err
		}
	}
	return nil
}

var promptFile = regexp.MustCompile(`^[^{}]*\.(txt|md|json|jsonl|yaml|yml|j2|csv|py|js|ts|mjs|cjs)(:[A-Za-z_]+)?$`)

func (r *reader) promptFile(name, id, label string, line int) error {
	path, shown := r.path(name)
	if id == "" {
		id = name
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".txt":
		b, err := r.bytes(path, shown)
		if err != nil {
			return err
		}
		for _, part := range regexp.MustCompile(`(?m)^---$`).Split(strings.ReplaceAll(string(b), "\r\n", "\n"), -1) {
			if part = strings.TrimSpace(part); part != "" {
				r.addPrompt(part, id, label, shown, 1)
			}
		}
	case ".md", ".j2":
		b, err := r.bytes(path, shown)
		if err != nil {
			return err
		}
		r.addPrompt(strings.TrimSpace(string(b)), id, label, shown, 1)
	case ".json", ".yaml", ".yml":
		t, err := r.tree(path, shown)
		if err != nil {
			return err
		}
		r.conversation(t, id, label, shown)
	case ".csv":
		b, err := r.bytes(path, shown)
		if err != nil {
			return err
		}
		rows, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
		if err != nil {
			return fmt.Errorf("%s: %w", shown, err)
		}
		for i, row := range rows {
			if i > 0 && len(row) > 0 {
				r.addPrompt(row[0], id, label, shown, i+1)
			}
		}
	default:
		r.left(r.file, line, "prompts "+name, "is a program or of a kind that is not read ("+ext+")")
		r.out.Prompts = append(r.out.Prompts, Prompt{ID: id, Label: label})
	}
	return nil
}

// addPrompt reads a text, which may be a conversation written as JSON.
func (r *reader) addPrompt(text, id, label, file string, line int) {
	if s := strings.TrimSpace(text); strings.HasPrefix(s, "[") && strings.Contains(s, "role") {
		if t, err := plan.ReadJSONTree([]byte(s), line); err == nil {
			r.conversation(t, id, label, file)
			return
		}
	}
	p := Prompt{ID: id, Label: label, Messages: []plan.Message{{Role: "user", Content: text}}}
	if p.Label == "" {
		p.Label = text
	}
	r.checked(p, file, line)
}

func (r *reader) conversation(t plan.Tree, id, label, file string) {
	p := Prompt{ID: id, Label: label}
	if p.Label == "" {
		p.Label = id
	}
	for _, m := range t.Items() {
		role, _ := m.Get("role").Text()
		content, ok := m.Get("content").Text()
		if role == "developer" {
			role = "system"
		}
		if !ok || role != "system" && role != "user" && role != "assistant" {
			r.left(file, m.Line(), "prompts", "a message is {role, content} with a text: images, tools and others are not carried")
			r.out.Prompts = append(r.out.Prompts, Prompt{ID: id, Label: p.Label})
			return
		}
		p.Messages = append(p.Messages, plan.Message{Role: role, Content: content})
	}
	if len(p.Messages) == 0 {
		r.left(file, t.Line(), "prompts", "the file holds no list of messages")
	}
	r.checked(p, file, t.Line())
}

// checked adds a prompt whose templates hold variables alone, else its place without words.
func (r *reader) checked(p Prompt, file string, line int) {
	for _, m := range p.Messages {
		names, why := variables(m.Content)
		if why != "" {
			r.left(file, line, "prompts", why)
			r.out.Prompts = append(r.out.Prompts, Prompt{ID: p.ID, Label: p.Label})
			return
		}
		p.names = append(p.names, names...)
	}
	r.out.Prompts = append(r.out.Prompts, p)
}
