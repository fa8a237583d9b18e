package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// families of models by the beginnings of their names' words. A judge tends to favour its
// own (Panickssery, Bowman & Feng 2024, arXiv 2404.13076).
func families() map[string]string {
	return map[string]string{
		"gpt": "gpt", "chatgpt": "gpt", "o1": "gpt", "o3": "gpt", "o4": "gpt", "davinci": "gpt",
		"claude": "claude",
		"gemini": "gemini", "gemma": "gemini", "palm": "gemini",
		"llama": "llama", "codellama": "llama", "tinyllama": "llama",
		"mistral": "mistral", "mixtral": "mistral", "ministral": "mistral", "codestral": "mistral", "magistral": "mistral", "pixtral": "mistral",
		"qwen": "qwen", "qwq": "qwen",
		"deepseek": "deepseek",
		"phi":      "phi",
		"command":  "command", "aya": "command", "c4ai": "command",
		"grok": "grok", "nova": "nova", "granite": "granite", "olmo": "olmo", "yi": "yi", "glm": "glm", "chatglm": "glm", "falcon": "falcon",
	}
}

var words = regexp.MustCompile(`[a-z]+[0-9]*`)

// Family is the family of a model by its name, "" where the name does not say. A name such
// as deepseek-r1-distill-qwen-7b is of the family that it was made of last: its first word.
func Family(model string) string {
	known := families()
	name := strings.ToLower(model)
	if i := strings.LastIndexByte(name, '/'); i >= 0 { // an owner stands before
		name = name[i+1:]
	}
	for _, w := range words.FindAllString(name, -1) {
		if f, ok := known[w]; ok {
			return f
		}
		if f, ok := known[strings.TrimRight(w, "0123456789")]; ok {
			return f
		}
	}
	return ""
}

// sameFamily names the models of the plan that are of one family with a judge.
func (p *Plan) sameFamily(j *JudgeScorer) []string {
	var out []string
	for _, key := range j.Judges {
		a := p.Judge(key)
		if a == nil {
			continue
		}
		f := Family(a.Model)
		for _, m := range p.Models {
			name := m.Name
			if m.Answers != nil && m.Answers.Model != "" {
				name = m.Answers.Model
			}
			if f != "" && Family(name) == f {
				out = append(out, fmt.Sprintf("judges.%s (%s) and models.%s (%s) are of the family %s", key, a.Model, m.Key, name, f))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
