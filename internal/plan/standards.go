package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Standard is a pack that a plan extends, as it was when the plan was read.
type Standard struct {
	File   string `json:"file"` // as the plan or pack wrote it
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

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
	root *node
	at   *node // where the plan, or another pack, names it
}

// reader reads the file of a pack, a path from the plan's folder.
type reader func(path string) ([]byte, error)

func readFrom(dir string) reader {
	return func(path string) ([]byte, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		return readPlan(path)
	}
}

// standards reads the packs that a plan extends, those that a pack extends before it.
func (d *decoder) standards(n *node, folder string, above []string) []pack {
	items := []*node{n}
	if n.kind == sequence {
		items = n.items
	}
	var out []pack
	for _, v := range items {
		p, ok := d.standard(v, folder)
		if !ok {
			continue
		}
		full := filepath.Clean(filepath.Join(folder, p.File))
		if slices.Contains(above, full) || len(above) >= maxExtends {
			d.fail(v, "extends", "", "%s extends itself, or packs extend packs more than %d deep", p.File, maxExtends)
			continue
		}
		if e := p.root.get("extends"); e != nil {
			out = append(out, d.standards(e, filepath.Join(folder, filepath.Dir(p.File)), append(slices.Clone(above), full))...)
		}
		out = append(out, p)
	}
	return out
}

func (d *decoder) standard(v *node, folder string) (pack, bool) {
	p := pack{at: v}
	want := ""
	if v.kind == mapping {
		if !d.keys(v, "extends", "file", "sha256") {
			return p, false
		}
		d.require(v, "extends", "file", "")
		d.with(v, "file", func(f *node) { p.File = d.name(f, "extends.file") })
		d.with(v, "sha256", func(f *node) { want = strings.ToLower(d.name(f, "extends.sha256")) })
	} else {
		p.File = d.name(v, "extends")
	}
	switch {
	case p.File == "":
		return p, false
	case strings.Contains(p.File, "://") || strings.HasPrefix(p.File, "git@") || strings.HasPrefix(p.File, "git:"):
		d.fail(v, "extends", "name a local file, and pin it with sha256", "a standard from Git or a URL is not built yet")
		return p, false
	case d.read == nil:
		d.fail(v, "extends", "", "a standard can only be read for a plan in a file")
		return p, false
	}
	shown := filepath.ToSlash(filepath.Join(folder, p.File))
	src, err := d.read(filepath.Join(folder, p.File))
	if errors.Is(err, os.ErrNotExist) {
		d.fail(v, "extends", "it is looked for from the folder of the file that names it", "no standard at %s", shown)
		return p, false
	} else if err != nil {
		d.fail(v, "extends", "", "%v", err)
		return p, false
	}
	sum := sha256.Sum256(src)
	if p.SHA256 = hex.EncodeToString(sum[:]); want != "" && want != p.SHA256 {
		d.fail(v, "extends", "the file is "+p.SHA256, "%s is not what sha256 pins: it was changed", shown)
		return p, false
	}
	root, bad := parseYAML(src)
	o := &origin{file: shown, src: src}
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
