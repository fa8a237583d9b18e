package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Standard is a pack that a plan extends, as it was when the plan was read.
type Standard struct {
	Place
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// Place is where a standard lies: a file, the file of a Git repository at a revision, or
// a URL.
type Place struct {
	File string `json:"file,omitempty"` // as the plan or pack wrote it
	Git  string `json:"git,omitempty"`  // a repository's address or folder
	Rev  string `json:"rev,omitempty"`  // tag, branch or commit
	URL  string `json:"url,omitempty"`
}

func (p Place) String() string {
	switch {
	case p.URL != "":
		return p.URL
	case p.Git != "":
		return p.File + " of " + p.Git + " at " + p.Rev
	}
	return p.File
}

// FetchStandard gets the text of a standard that lies in a Git repository or behind a URL.
// A text with the digest may be given without asking anyone; the plan checks what it gets.
// The digest is empty when the plan names none, to tell its author what to write.
type FetchStandard func(at Place, sha256 string) ([]byte, error)

// origin is the pack that a part of a plan comes from.
type origin struct {
	file string // as it is shown
	src  []byte
}

// maxExtends is how deep packs may extend packs.
const maxExtends = 8

// pack is one standard on its way into a plan.
type pack struct {
	Standard
	full Place // seen from the plan, not from the pack that names it
	root *node
	at   *node // where the plan, or another pack, names it
	own  *node // where the plan names it, or the pack that brought it
}

// reader reads packs: files by their path from the plan's folder.
type reader struct {
	dir   string
	fetch FetchStandard
}

func (r *reader) read(at Place, sha256 string) ([]byte, error) {
	switch {
	case at.Git == "" && at.URL == "":
		if filepath.IsAbs(at.File) {
			return readPlan(at.File)
		}
		return readPlan(filepath.Join(r.dir, at.File))
	case r.fetch == nil:
		return nil, errors.New("standards of Git repositories and URLs are not read here")
	}
	return r.fetch(at, sha256)
}

// standards reads the packs that a plan extends, those that a pack extends before it.
// Above are the packs on the way to them, the nearest last.
func (d *decoder) standards(n *node, above []Place) []pack {
	items := []*node{n}
	if n.kind == sequence {
		items = n.items
	}
	var out []pack
	for _, v := range items {
		p, ok := d.standard(v, above)
		if !ok {
			continue
		}
		if e := p.root.get("extends"); e != nil {
			for _, q := range d.standards(e, append(slices.Clone(above), p.full)) {
				q.own = v
				out = append(out, q)
			}
		}
		p.own = v
		out = append(out, p)
	}
	return out
}

func (d *decoder) standard(v *node, above []Place) (pack, bool) {
	p := pack{at: v}
	want, ok := d.place(v, &p.Place)
	if !ok {
		return p, false
	}
	var problem string
	if p.full, problem = p.seenFrom(above); problem != "" {
		d.fail(v, "extends", "", "%s", problem)
		return p, false
	}
	switch {
	case slices.Contains(above, p.full) || len(above) >= maxExtends:
		d.fail(v, "extends", "", "%s extends itself, or packs extend packs more than %d deep", p.Place, maxExtends)
		return p, false
	case d.read == nil:
		d.fail(v, "extends", "", "a standard can only be read for a plan in a file")
		return p, false
	}
	remote := p.full.Git != "" || p.full.URL != ""
	src, err := d.read.read(p.full, want)
	if errors.Is(err, os.ErrNotExist) && !remote {
		d.fail(v, "extends", "it is looked for from the folder of the file that names it", "no standard at %s", p.full)
		return p, false
	} else if err != nil {
		d.fail(v, "extends", "", "%v", err)
		return p, false
	}
	sum := sha256.Sum256(src)
	switch p.SHA256 = hex.EncodeToString(sum[:]); {
	case want == "" && remote:
		d.fail(v, "extends", "when it is the right one, write sha256: "+p.SHA256, "%s is not pinned: what lies elsewhere can change", p.full)
		return p, false
	case want != "" && want != p.SHA256:
		d.fail(v, "extends", "the file is "+p.SHA256, "%s is not what sha256 pins: it was changed", p.full)
		return p, false
	}
	root, bad := parseYAML(src)
	o := &origin{file: p.full.String(), src: src}
	if bad != nil {
		d.problems = append(d.problems, o.place(*bad))
		return p, false
	}
	stamp(root, o)
	d.expand(root, d.env)
	p.root = root
	if !d.keys(root, "", "name", "why", "extends", "require", "min_rows", "confidence", "max_missing", "metrics", "slices", "gates") {
		return p, false
	}
	d.require(root, "", "name", ": what the standard is called")
	d.with(root, "name", func(f *node) { p.Name = d.name(f, "name") })
	return p, true
}

// place decodes where a standard lies and the digest it is pinned to, "" if it is not.
func (d *decoder) place(v *node, p *Place) (digest string, ok bool) {
	before := len(d.problems)
	if v.kind != mapping {
		switch s := d.name(v, "extends"); {
		case strings.HasPrefix(s, "https://"), strings.HasPrefix(s, "http://"):
			p.URL = s
		case strings.Contains(s, "://"), strings.HasPrefix(s, "git@"):
			d.fail(v, "extends", "{git: ADDRESS, rev: v1, file: tier1.yaml, sha256: …}", "a standard in a Git repository is named by its repository, revision and file")
		default:
			p.File = s
		}
	} else {
		if !d.keys(v, "extends", "file", "git", "rev", "url", "sha256") {
			return "", false
		}
		for _, f := range []struct {
			key string
			to  *string
		}{{"file", &p.File}, {"git", &p.Git}, {"rev", &p.Rev}, {"url", &p.URL}, {"sha256", &digest}} {
			d.with(v, f.key, func(n *node) { *f.to = d.name(n, "extends."+f.key) })
		}
		switch {
		case p.URL != "" && (p.File != "" || p.Git != "" || p.Rev != ""):
			d.fail(v, "extends", "", "a url stands alone, with its sha256")
		case p.URL == "":
			d.require(v, "extends", "file", "")
			if p.Git != "" {
				d.require(v, "extends", "rev", ": a tag, branch or commit")
			} else if p.Rev != "" {
				d.require(v, "extends", "git", ": the repository of the revision")
			}
		}
	}
	if u, err := url.Parse(p.URL); p.URL != "" {
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
			d.fail(v, "extends", "", "%q is no address of a standard: one such as https://example.org/tier1.yaml is expected", p.URL)
		case u.User != nil:
			d.fail(v, "extends", "fetch it without, or keep the standard in a Git repository: git asks its own credential helper", "credentials belong into no plan")
		}
	}
	if u, err := url.Parse(p.Git); err == nil && u.User != nil {
		if _, secret := u.User.Password(); secret {
			d.fail(v, "extends", "let git ask its credential helper, or use ssh", "credentials belong into no plan")
		}
	}
	return strings.TrimPrefix(strings.ToLower(digest), "sha256:"), len(d.problems) == before && *p != Place{}
}

// seenFrom gives the place as the plan sees it: a pack names its files from where it lies.
func (p Place) seenFrom(above []Place) (Place, string) {
	if len(above) == 0 || p.Git != "" || p.URL != "" {
		if p.Git == "" && p.URL == "" {
			p.File = filepath.ToSlash(filepath.Clean(p.File))
		}
		return p, ""
	}
	from := above[len(above)-1]
	switch {
	case from.URL != "":
		base, err := url.Parse(from.URL)
		if err == nil {
			base, err = base.Parse(p.File)
		}
		if err != nil {
			return p, fmt.Sprintf("%q is no file beside %s", p.File, from)
		}
		return Place{URL: base.String()}, ""
	case from.Git != "":
		from.File = path.Join(path.Dir(from.File), p.File)
		if !filepath.IsLocal(from.File) {
			return p, fmt.Sprintf("%q lies outside the repository of %s", p.File, from)
		}
		return from, ""
	case filepath.IsAbs(p.File):
		return p, ""
	}
	return Place{File: filepath.ToSlash(filepath.Join(filepath.Dir(from.File), p.File))}, ""
}

// stamp says of every node of a pack where it comes from.
func stamp(n *node, o *origin) {
	n.from = o
	for _, x := range append(slices.Clone(n.items), n.keys...) {
		stamp(x, o)
	}
}

// place puts a problem into the pack's file, with the line quoted.
func (o *origin) place(p Problem) Problem {
	p.File = o.file
	if lines := strings.Split(string(o.src), "\n"); p.Line > 0 && p.Line <= len(lines) && len(lines[p.Line-1]) <= 160 {
		p.Source = lines[p.Line-1]
	}
	return p
}

// extend takes what the packs ask for into the plan: it adds slices, metrics and gates
// that are not there, and refuses what is looser. The plan's own parts are decoded
// already, but for its gates.
func (d *decoder) extend(root *node, packs []pack) {
	p := d.plan
	for _, k := range packs {
		p.Extends = append(p.Extends, k.Standard)
		d.with(k.root, "confidence", func(v *node) {
			least := d.level(v, "confidence")
			if c := root.get("confidence"); c == nil {
				p.Confidence = max(p.Confidence, least)
			} else if p.Confidence < least {
				d.fail(c, "confidence", "", "%g is less than the %g that %q asks for", p.Confidence, least, k.Name)
			}
		})
		d.with(k.root, "max_missing", func(v *node) { d.maxMissing(v, k) })
		d.with(k.root, "min_rows", func(v *node) { p.MinRows = max(p.MinRows, d.whole(v, "min_rows", 1)) })
		d.with(k.root, "slices", func(v *node) {
			d.quiet = true
			d.slices(v)
			d.quiet = false
		})
		d.with(k.root, "require", func(v *node) { d.required(root, v, k) })
	}
}

func (d *decoder) maxMissing(v *node, k pack) {
	if !d.keys(v, "max_missing", "predictions", "labels") {
		return
	}
	for key, have := range map[string]*float64{"predictions": &d.plan.Data.MaxMissing.Predictions, "labels": &d.plan.Data.MaxMissing.Labels} {
		d.with(v, key, func(n *node) {
			if most := d.share(n, "max_missing."+key); *have > most {
				d.fail(k.at, "data.max_missing."+key, "", "%s is more than the %s that %q allows", result.Percent(*have), result.Percent(most), k.Name)
			}
		})
	}
}

// required refuses a plan without something that a pack asks for.
func (d *decoder) required(root, v *node, k pack) {
	p := d.plan
	has := map[string]func() bool{
		"objective": func() bool { return p.Objective != "" },
		"owner":     func() bool { return p.Owner != "" },
		"tier":      func() bool { return p.Tier != 0 },
		"baseline":  func() bool { return d.modelAt("baseline") >= 0 },
		"cluster":   func() bool { return p.Data.Columns.Cluster != "" },
		"id":        func() bool { return p.Data.Columns.ID != "" },
		"time":      func() bool { return p.Data.Columns.Time != "" },
		"why": func() bool {
			gates := root.get("gates")
			return gates == nil || !slices.ContainsFunc(gates.items, func(g *node) bool { return g.get("why") == nil })
		},
	}
	var known []string
	for key := range has {
		known = append(known, key)
	}
	slices.Sort(known)
	for _, x := range d.names(v, "require") {
		switch f := has[x]; {
		case f == nil:
			d.fail(v, "require", didYouMean(x, known), "a standard cannot require %q", x)
		case !f():
			d.fail(k.at, "", "", "%q requires %s", k.Name, map[string]string{"why": "a why for every gate", "cluster": "a cluster column", "id": "an id column",
				"time": "a time column", "baseline": "a baseline", "objective": "an objective", "owner": "an owner", "tier": "a tier"}[x])
		}
	}
}

// extendMetrics adds the metrics of packs that the plan does not show.
func (d *decoder) extendMetrics(packs []pack) {
	for _, k := range packs {
		v := k.root.get("metrics")
		if v == nil {
			continue
		}
		if v.kind != sequence {
			d.fail(v, "metrics", "", "a list is expected, this is %s", v.kind)
			continue
		}
		for i, x := range v.items {
			m, ok := d.metric(x, fmt.Sprintf("metrics[%d]", i))
			if !ok {
				continue
			}
			at := slices.IndexFunc(d.plan.Metrics, func(have Metric) bool { return have.As == m.As })
			switch {
			case at < 0:
				d.plan.Metrics = append(d.plan.Metrics, m)
			case metricWords(d.plan.Metrics[at]) != metricWords(m):
				d.fail(k.at, "metrics", "give the plan's another name with `as`", "%q is %s in the plan and %s in %q", m.As, metricWords(d.plan.Metrics[at]), metricWords(m), k.Name)
			}
		}
	}
}

// extendGates adds the gates of packs; a gate of the plan on the same question has to be
// at least as strict.
func (d *decoder) extendGates(packs []pack) {
	own := len(d.plan.Gates)
	for _, k := range packs {
		v := k.root.get("gates")
		if v == nil {
			continue
		}
		d.gates(v)
		asked := slices.Clone(d.plan.Gates[own:])
		d.plan.Gates = d.plan.Gates[:own]
		for _, g := range asked {
			g.Line, g.Column = k.own.line, k.own.col
			at := slices.IndexFunc(d.plan.Gates, func(have Gate) bool { return sameQuestion(have, g) })
			if at < 0 {
				base := g.Name
				for n := 2; slices.ContainsFunc(d.plan.Gates, func(have Gate) bool { return have.Name == g.Name }); n++ {
					g.Name = fmt.Sprintf("%s (%d)", base, n)
				}
				d.plan.Gates = append(d.plan.Gates, g)
				own++
				continue
			}
			if why := looser(d.plan.Gates[at], g); why != "" {
				d.fail(k.at, fmt.Sprintf("gates[%d]", at), "a plan may be stricter than its standard, never looser", "gate %q: %s, and %q asks for: %s", d.plan.Gates[at].Name, why, k.Name, g.Metric+" "+g.Words())
			}
		}
	}
}

func sameQuestion(a, b Gate) bool {
	return a.Metric == b.Metric && a.Rule == b.Rule && a.Model == b.Model && a.Than == b.Than && a.Across == b.Across && a.Reference == b.Reference && slices.Equal(a.Slices, b.Slices)
}

// looser says in what a gate asks for less than another on the same question.
func looser(have, asked Gate) string {
	number := func(x float64) string { return fmt.Sprint(x) }
	switch have.Rule {
	case gate.AtLeast, gate.AcrossRatio:
		if have.Bound < asked.Bound {
			return number(have.Bound) + " is less"
		}
	case gate.AtMost, gate.AcrossDiff:
		if have.Bound > asked.Bound {
			return number(have.Bound) + " is more"
		}
	case gate.Between:
		if have.Bound < asked.Bound || have.Upper > asked.Upper {
			return "its range is wider"
		}
	case gate.NoWorseThan, gate.BetterThan:
		switch {
		case have.Relative != asked.Relative:
			return "one margin is relative, the other is not"
		case have.Rule == gate.NoWorseThan && have.Margin > asked.Margin, have.Rule == gate.BetterThan && have.Margin < asked.Margin:
			return "the margin " + number(have.Margin) + " is looser"
		}
	}
	switch {
	case have.Severity != result.Block && asked.Severity == result.Block:
		return "it only warns"
	case have.Confidence < asked.Confidence:
		return "its confidence is less"
	case have.Evidence != "bound" && asked.Evidence == "bound":
		return "it judges the value alone"
	case have.OnInconclusive != "block" && asked.OnInconclusive == "block":
		return "it lets an inconclusive result pass with a warning"
	case have.Require != "proof" && asked.Require == "proof":
		return "it does not ask for proof"
	case have.ProvenShare < asked.ProvenShare:
		return "it asks for a smaller proven share"
	case have.SmallGroups != "inconclusive" && asked.SmallGroups == "inconclusive":
		return "it lets small groups pass"
	case have.MinRows < asked.MinRows:
		return "it asks for fewer rows"
	}
	return ""
}
