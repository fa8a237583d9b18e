package notice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/result"
)

type object map[string]any

// Slack is the body for an incoming webhook: blocks, and the text that notifications
// and screen readers use. Sizes are Slack's limits.
func Slack(m Message) ([]byte, error) {
	signs := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	escape := func(s string) string { return signs.Replace(result.OneLine(s)) }
	text := func(s string) object { return object{"type": "mrkdwn", "text": cutEscaped(s, 2900)} }
	blocks := []object{
		{"type": "header", "text": object{"type": "plain_text", "text": cut(m.title(), 150)}},
		{"type": "section", "text": text(escape(m.Sentence))},
	}
	if lines := m.lines(escape, "• "); lines != "" {
		blocks = append(blocks, object{"type": "section", "text": text(lines)})
	}
	if m.link() != "" {
		blocks = append(blocks, object{"type": "section", "text": text("<" + strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", "&", "&amp;").Replace(m.link()) + "|Open the report>")})
	}
	blocks = append(blocks, object{"type": "context", "elements": []object{text(escape(fmt.Sprintf("run %s · result %s · %s", m.Run, short(m.Result), m.Finished)))}})
	return json.Marshal(object{"text": cutEscaped(escape(m.title()+" – "+m.Sentence), 3000), "blocks": blocks})
}

// cutEscaped shortens text without leaving half of an escaped sign at its end.
func cutEscaped(s string, n int) string {
	short := cut(s, n)
	if short == s {
		return s
	}
	if at := strings.LastIndexByte(short, '&'); at > strings.LastIndexByte(short, ';') {
		short = short[:at] + "…"
	}
	return short
}

// link is the link, where it is one that messages can carry.
func (m Message) link() string {
	if len(m.Link) > 2000 {
		return ""
	}
	return m.Link
}

// lines lists the reasons, else the gates that did not pass.
func (m Message) lines(escape func(string) string, bullet string) string {
	var out []string
	for i, r := range m.Reasons {
		if i == 10 {
			out = append(out, fmt.Sprintf("%sand %d more", bullet, len(m.Reasons)-i))
			break
		}
		out = append(out, bullet+escape(cut(r, 250)))
	}
	if len(out) > 0 {
		return strings.Join(out, "\n")
	}
	gates, more := m.shown()
	for _, g := range gates {
		out = append(out, bullet+escape(cut(g.Verdict+": "+g.Name, 250)))
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("%sand %d more", bullet, more))
	}
	return strings.Join(out, "\n")
}

// Teams is the body for a Workflows webhook ("When a Teams webhook request is
// received"): a message with one Adaptive Card.
func Teams(m Message) ([]byte, error) {
	// Cards read a subset of Markdown in text.
	signs := strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "`", "\\`", "<", "<\u200b") // and no HTML
	escape := func(s string) string { return signs.Replace(result.OneLine(s)) }
	colour := map[string]string{"go": "Good", "no-go": "Attention", "inconclusive": "Warning", "error": "Attention"}[m.Verdict]
	if colour == "" {
		colour = "Default"
	}
	body := []object{
		{"type": "TextBlock", "text": escape(cut(m.title(), 200)), "size": "Large", "weight": "Bolder", "color": colour, "wrap": true},
		{"type": "TextBlock", "text": escape(cut(m.Sentence, 1000)), "wrap": true},
	}
	if lines := m.lines(escape, "- "); lines != "" {
		body = append(body, object{"type": "TextBlock", "text": lines, "wrap": true})
	}
	body = append(body, object{"type": "FactSet", "facts": []object{
		{"title": "Run", "value": m.Run}, {"title": "Result", "value": short(m.Result)}, {"title": "Finished", "value": m.Finished}}})
	card := object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "msteams": object{"width": "Full"}, "body": body}
	if m.link() != "" {
		card["actions"] = []object{{"type": "Action.OpenUrl", "title": "Open the report", "url": m.link()}}
	}
	return plainJSON(object{"type": "message", "attachments": []object{{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card}}})
}

// plainJSON leaves <, > and & as they are: escaped for HTML, each takes six bytes of the
// 28 KB that Teams allows.
func plainJSON(x any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(x)
	return bytes.TrimSpace(b.Bytes()), err
}

func short(digest string) string {
	if len(digest) > 19 {
		return digest[:19]
	}
	return digest
}
