package score

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html"
)

func markupEntries() []*Entry {
	entry := func(name, meaning, value, oracle string, params ...Param) *Entry {
		return &Entry{Name: name, Group: "Structure", Lo: 0, Hi: 1, Direction: Up, Binary: true, Meaning: meaning, Value: value, Oracle: oracle, Params: params}
	}
	fenced := Param{Name: "fence", Kind: Flag, Default: false, Doc: "a Markdown fence around the whole is allowed"}
	paths := "optional: elements that must be there, as paths from the root with dots (promptfoo's requiredElements): a list, or one text with commas between"
	build := func(anywhere bool) func(a *args) (kernel, error) {
		return func(a *args) (kernel, error) {
			k := &xmlKernel{anywhere: anywhere}
			if !anywhere {
				k.fence = a.flag("fence")
			}
			if !a.HasValue {
				return k, nil
			}
			v := a.Value
			if m, ok := v.(map[string]any); ok {
				v = m["requiredElements"]
			}
			list, ok := textList(v)
			if !ok || len(list) == 0 {
				return nil, keyErr("value", "", "expected paths of elements such as order.item, found %s", kindOf(a.Value))
			}
			for _, s := range list {
				for p := range strings.SplitSeq(s, ",") {
					if p = strings.TrimSpace(p); p == "" {
						return nil, keyErr("value", "", "expected paths of elements such as order.item, found an empty one")
					}
					k.required = append(k.required, p)
				}
			}
			return k, nil
		}
	}
	x := entry("is_xml", "1 if the output is one well-formed XML document and nothing else; entities of a DTD are not known, encodings are not looked at", paths, "expat (Python)", fenced)
	x.build = build(false)
	cx := entry("contains_xml", "1 if a well-formed element stands somewhere in the output", paths, "own vectors")
	cx.build = build(true)
	h := entry("is_html", "1 if the output is HTML and nothing else: it starts and ends with a tag or comment, all elements are HTML's (or custom, with a hyphen; SVG and MathML as they are), and each is closed in its order, but for those that need no end tag", "", "own vectors; the tokenizer of golang.org/x/net", fenced)
	h.build = func(a *args) (kernel, error) {
		fence := a.flag("fence")
		return kernelFunc(func(c *Case) Score {
			text := c.Output
			if fence {
				text = stripFence(text)
			}
			why := checkHTML(text)
			return yes(why == "", why)
		}), nil
	}
	ch := entry("contains_html", "1 if an element of HTML stands somewhere in the output: a start tag with its end tag, or one that needs none (br, img …)", "", "own vectors")
	ch.build = func(*args) (kernel, error) {
		return kernelFunc(func(c *Case) Score {
			name := findHTML(c.Output)
			if name == "" {
				return failed("no element of HTML")
			}
			return passed("<" + name + ">")
		}), nil
	}
	return []*Entry{x, cx, h, ch}
}

type xmlKernel struct {
	anywhere, fence bool
	required        []string
}

func (k *xmlKernel) score(c *Case) Score {
	text := c.Output
	if k.fence {
		text = stripFence(text)
	}
	if !k.anywhere {
		seen, _, err := readXML(text, false, len(k.required) > 0)
		if err != nil {
			return failed("not XML: " + short(err.Error()))
		}
		return k.has(seen)
	}
	best := failed("no element of XML")
	tries := 0
	for at := 0; at < len(text); {
		i := strings.IndexByte(text[at:], '<')
		if i < 0 {
			break
		}
		at += i
		if tries++; tries > 200 { // a text of angle brackets would take quadratic time
			break
		}
		seen, end, err := readXML(text[at:], true, len(k.required) > 0)
		if err != nil {
			at++
			continue
		}
		if best = k.has(seen); best.Value == 1 {
			return best
		}
		at += end
	}
	return best
}

func (k *xmlKernel) has(seen map[string]bool) Score {
	for _, p := range k.required {
		if !seen[p] {
			return failed("no element " + p)
		}
	}
	return passed("")
}

// deepest nesting that is read.
const deepest = 200

// readXML reads a document, or where first is set the first element, and gives the paths of
// its elements where they are wanted. end is where it stopped.
func readXML(s string, first, paths bool) (seen map[string]bool, end int, err error) {
	if !first {
		s = strings.TrimPrefix(s, "\ufeff")
		if rest, ok := strings.CutPrefix(s, "<?xml"); ok && (rest == "" || strings.ContainsRune(" \t\r\n?", rune(rest[0]))) {
			n := declaration(s)
			if n == 0 {
				return nil, 0, errors.New("the XML declaration is broken")
			}
			s = s[n:]
		}
	}
	d := xml.NewDecoder(strings.NewReader(s))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	seen = map[string]bool{}
	var open []string
	roots := 0
	for {
		at := d.InputOffset()
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			switch {
			case len(open) > 0:
				return nil, 0, fmt.Errorf("<%s> is not closed", open[len(open)-1])
			case roots == 0:
				return nil, 0, errors.New("no element")
			}
			return seen, len(s), nil
		}
		if err != nil {
			return nil, 0, err
		}
		switch x := t.(type) {
		case xml.StartElement:
			if roots += bitInt(len(open) == 0); roots > 1 {
				return nil, 0, errors.New("a second root element")
			}
			if len(open) == deepest {
				return nil, 0, fmt.Errorf("elements nest deeper than %d", deepest)
			}
			if crowded(s[at:d.InputOffset()]) {
				return nil, 0, fmt.Errorf("attributes of <%s> without a space between them", full(x.Name))
			}
			names := map[string]bool{}
			for _, a := range x.Attr {
				if n := full(a.Name); names[n] {
					return nil, 0, fmt.Errorf("the attribute %s stands twice", n)
				} else {
					names[n] = true
				}
			}
			open = append(open, full(x.Name))
			if paths {
				seen[strings.Join(open, ".")] = true
			}
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != full(x.Name) {
				return nil, 0, fmt.Errorf("</%s> closes nothing", full(x.Name))
			}
			if open = open[:len(open)-1]; len(open) == 0 && first {
				return seen, int(d.InputOffset()), nil
			}
		case xml.CharData:
			if len(open) == 0 && strings.Trim(string(x), " \t\r\n") != "" {
				return nil, 0, errors.New("text outside the root element")
			}
			if len(open) == 0 && strings.Contains(s[at:d.InputOffset()], "<![CDATA[") {
				return nil, 0, errors.New("text outside the root element")
			}
		case xml.ProcInst:
			if strings.EqualFold(x.Target, "xml") {
				return nil, 0, errors.New("an XML declaration inside")
			}
			if rest := s[int(at)+len("<?")+len(x.Target) : d.InputOffset()]; rest != "?>" && !strings.ContainsRune(" \t\r\n", rune(rest[0])) {
				return nil, 0, fmt.Errorf("the name of the instruction <?%s is broken", x.Target)
			}
		case xml.Directive:
			if roots > 0 || !strings.HasPrefix(string(x), "DOCTYPE") {
				return nil, 0, errors.New("a declaration in the wrong place")
			}
		}
		if first && len(open) == 0 {
			return nil, 0, errors.New("no element here")
		}
	}
}

// declaration is the length of the XML declaration that a text starts with, 0 where it is
// not as the standard has it.
func declaration(s string) int {
	body, _, ok := strings.Cut(s, "?>")
	if !ok {
		return 0
	}
	rest := body[len("<?xml"):]
	for i, name := range []string{"version", "encoding", "standalone"} {
		t := strings.TrimLeft(rest, " \t\r\n")
		after, ok := strings.CutPrefix(t, name)
		if !ok || t == rest {
			if i == 0 {
				return 0
			}
			continue
		}
		after, ok = strings.CutPrefix(strings.TrimLeft(after, " \t\r\n"), "=")
		after = strings.TrimLeft(after, " \t\r\n")
		if !ok || after == "" || after[0] != '"' && after[0] != '\'' {
			return 0
		}
		value, more, ok := strings.Cut(after[1:], after[:1])
		switch {
		case !ok, i == 0 && !strings.HasPrefix(value, "1."), i == 2 && value != "yes" && value != "no":
			return 0
		case i < 2 && strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != "":
			return 0
		}
		rest = more
	}
	if strings.Trim(rest, " \t\r\n") != "" {
		return 0
	}
	return len(body) + len("?>")
}

// crowded reports whether an attribute of a start tag follows another's quote at once.
func crowded(tag string) bool {
	var quote byte
	for i := 0; i < len(tag); i++ {
		switch c := tag[i]; {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			if quote = 0; i+1 < len(tag) && !strings.ContainsRune(" \t\r\n/>", rune(tag[i+1])) {
				return true
			}
		}
	}
	return false
}

func full(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// checkHTML says what keeps a text from being HTML, "" for nothing.
func checkHTML(s string) string {
	t := strings.TrimSpace(s)
	if !strings.HasPrefix(t, "<") || !strings.HasSuffix(t, ">") {
		return "text around the elements"
	}
	z := html.NewTokenizer(strings.NewReader(t))
	var open []string
	elements, foreign := 0, 0
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				return z.Err().Error()
			}
			for i := len(open) - 1; i >= 0; i-- {
				if !endOptional(open[i]) {
					return "<" + open[i] + "> is not closed"
				}
			}
			if elements == 0 {
				return "no element"
			}
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			b, _ := z.TagName()
			name := string(b)
			if foreign == 0 && !elementHTML(name) {
				return "<" + short(name) + "> is no element of HTML"
			}
			elements++
			if void(name) || kind == html.SelfClosingTagToken && foreign > 0 {
				continue
			}
			if len(open) == deepest {
				return fmt.Sprintf("elements nest deeper than %d", deepest)
			}
			foreign += bitInt(name == "svg" || name == "math")
			open = append(open, name)
		case html.EndTagToken:
			b, _ := z.TagName()
			name := string(b)
			for len(open) > 0 && open[len(open)-1] != name && endOptional(open[len(open)-1]) {
				open = open[:len(open)-1]
			}
			if len(open) == 0 || open[len(open)-1] != name {
				return "</" + short(name) + "> closes nothing"
			}
			foreign -= bitInt(name == "svg" || name == "math")
			open = open[:len(open)-1]
		case html.TextToken:
			if len(open) == 0 && strings.TrimSpace(string(z.Text())) != "" {
				return "text outside the elements"
			}
		}
	}
}

// findHTML is the name of the first element that is whole.
func findHTML(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	open := map[string]bool{}
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return ""
		}
		b, _ := z.TagName()
		name := string(b)
		switch {
		case !elementHTML(name):
		case kind == html.EndTagToken && open[name], (kind == html.StartTagToken || kind == html.SelfClosingTagToken) && void(name):
			return name
		case kind == html.StartTagToken:
			open[name] = true
		}
	}
}

// The lists are those of the HTML standard, obsolete elements among them.
const (
	voidNames     = " area base br col embed hr img input link meta param source track wbr basefont bgsound frame keygen "
	optionalNames = " html head body p li dt dd rb rt rtc rp optgroup option colgroup caption thead tbody tfoot tr td th "
	otherNames    = " a abbr address article aside audio b bdi bdo blockquote button canvas cite code data datalist del details dfn dialog div dl em fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup i iframe ins kbd label legend main map mark math menu meter nav noscript object ol output picture pre progress q ruby s samp script search section select selectedcontent slot small span strong style sub summary sup svg table template textarea time title u ul var video acronym applet big blink center dir font frameset isindex listing marquee multicol nextid nobr noembed noframes plaintext spacer strike tt xmp "
)

func void(name string) bool        { return strings.Contains(voidNames, " "+name+" ") }
func endOptional(name string) bool { return strings.Contains(optionalNames, " "+name+" ") }

func elementHTML(name string) bool {
	if name == "" || strings.ContainsRune(name, ' ') {
		return false
	}
	custom := name[0] >= 'a' && name[0] <= 'z' && strings.Contains(name, "-")
	return custom || void(name) || endOptional(name) || strings.Contains(otherNames, " "+name+" ")
}
