package promptfoo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/plan"
)

// Model is a provider with a prompt. Without Keys it could not be carried.
type Model struct {
	Provider string // as promptfoo names it
	Prompt   int    // index of Prompts
	Keys     [][2]string
	names    []string
}

func (r *reader) readModels() error {
	v := r.root.Get("providers")
	if v.Null() {
		v = r.root.Get("targets")
	}
	items := v.Items()
	if !v.List() && !v.Null() {
		items = []plan.Tree{v}
	}
	for _, x := range items {
		id, ok := x.Text()
		config, only := plan.Tree{}, plan.Tree{}
		name := id
		if x.Map() {
			if id, ok = x.Get("id").Text(); !ok && len(x.Keys()) == 1 { // {openai:gpt-4o: {config}}
				id, ok = x.Keys()[0], true
				x = x.Get(id)
			}
			config, only = x.Get("config"), x.Get("prompts")
			if name = id; !x.Get("label").Null() {
				name, _ = x.Get("label").Text()
			}
			if t := x.Get("transform"); !t.Null() {
				r.left(r.file, t.Line(), "providers.transform", "is a program: write transform on the checks")
			}
		}
		if !ok {
			return fmt.Errorf("%s:%d: a provider is a name or {id, label, config}, this is %s", r.file, x.Line(), x.Kind())
		}
		if strings.HasPrefix(id, "file://") && (strings.HasSuffix(id, ".yaml") || strings.HasSuffix(id, ".yml") || strings.HasSuffix(id, ".json")) {
			r.left(r.file, x.Line(), "providers "+id, "is a file of providers: write them into the configuration")
			continue
		}
		keys, why := provider(id, config)
		if why != "" {
			r.left(r.file, x.Line(), "providers "+id, why)
		}
		for i, p := range r.out.Prompts {
			if !only.Null() && !named(only, p) {
				continue
			}
			m := Model{Provider: name, Prompt: i, names: p.names}
			if p.Messages != nil {
				m.Keys = keys
			}
			r.out.Models = append(r.out.Models, m)
		}
	}
	if len(r.out.Models) == 0 {
		r.left(r.file, max(v.Line(), 1), "providers", "none is given")
		r.out.Models = append(r.out.Models, Model{Provider: "unknown", names: r.out.Prompts[0].names})
	}
	return nil
}

// named reports whether a provider's list of prompts names a prompt.
func named(list plan.Tree, p Prompt) bool {
	return slices.ContainsFunc(list.Items(), func(x plan.Tree) bool {
		s, _ := x.Text()
		return s == p.ID || s == p.Label || strings.TrimPrefix(s, "file://") == strings.TrimPrefix(p.ID, "file://")
	})
}

// provider is a model of a plan, as far as one of its providers is meant.
func provider(id string, config plan.Tree) (keys [][2]string, why string) {
	kind, rest, _ := strings.Cut(id, ":")
	add := func(key, value string) { keys = append(keys, [2]string{key, value}) }
	text := func(key string) string { s, _ := config.Get(key).Text(); return s }
	key := func(name string) {
		if own := text("apiKeyEnvar"); own != "" {
			name = own
		}
		add("key", "env:"+name)
	}
	switch kind {
	case "openai", "azure", "azureopenai":
		if kind != "openai" {
			kind = "azure"
		}
		add("provider", kind)
		api, model, ok := strings.Cut(rest, ":")
		if !ok {
			api, model = "chat", rest
		}
		switch api {
		case "chat":
		case "responses":
			add("api", "responses")
		default:
			return nil, "openai:" + api + " is not carried: chat and responses are"
		}
		base := text("apiBaseUrl")
		if base == "" && text("apiHost") != "" {
			base = "https://" + text("apiHost")
			if kind == "openai" {
				base += "/v1"
			}
		}
		if base == "" {
			if kind == "azure" {
				return nil, "has no apiHost"
			}
			base = "https://api.openai.com/v1"
		}
		add("base_url", base)
		add("model", model)
		key(map[string]string{"openai": "OPENAI_API_KEY", "azure": "AZURE_API_KEY"}[kind])
	case "anthropic":
		add("provider", "anthropic")
		add("model", strings.TrimPrefix(rest, "messages:"))
		if base := text("apiBaseUrl"); base != "" {
			add("base_url", base)
		}
		key("ANTHROPIC_API_KEY")
	case "ollama":
		add("provider", "ollama")
		add("model", strings.TrimPrefix(strings.TrimPrefix(rest, "chat:"), "completion:"))
	case "echo":
		return [][2]string{{"provider", "command"}, {"command", "[cat]"}}, ""
	case "exec":
		words := strings.TrimSpace(rest)
		if words == "" {
			return nil, "names no program"
		}
		// promptfoo gives the prompt as an argument, then options and context as JSON.
		b, err := json.Marshal([]string{"sh", "-c", `p=$(cat; printf x); exec ` + words + ` "${p%x}" '{}' '{}'`})
		if err != nil {
			return nil, err.Error()
		}
		return [][2]string{{"provider", "command"}, {"command", string(b)}}, ""
	default:
		return nil, "is not carried: a plan has the providers openai (any compatible endpoint), azure, anthropic, ollama, http, command and recorded"
	}
	params := map[string]any{}
	for _, k := range config.Keys() {
		switch k {
		case "temperature", "max_tokens", "max_completion_tokens", "top_p", "top_k", "frequency_penalty", "presence_penalty", "stop", "response_format", "reasoning_effort", "max_output_tokens":
			params[k] = config.Get(k).Plain()
		}
	}
	if kind == "anthropic" && params["max_tokens"] == nil {
		params["max_tokens"] = 1024 // promptfoo's own, which the interface demands
	}
	if len(params) > 0 {
		b, err := json.Marshal(params)
		if err != nil {
			return nil, err.Error()
		}
		add("params", string(b))
	}
	return keys, ""
}
