package plan

import (
	"net/url"
	"slices"
	"strings"
)

// Notify says who hears of a verdict. It is no part of what is judged and of no record:
// most of its addresses are secrets.
type Notify struct {
	On          []string // decisions; empty: all
	Link        string   // to the report, where people can open it
	Slack       string
	Teams       string
	Webhook     string
	Secret      string // of the webhook's signature
	OpenLineage string // http(s) address, or a file from the plan's folder
}

func decisions() []string { return []string{"go", "no-go", "inconclusive", "error", "not_judged"} }

// Wants reports whether a decision is told.
func (n *Notify) Wants(decision string) bool {
	return len(n.On) == 0 || slices.Contains(n.On, decision)
}

func (d *decoder) notify(n *node) {
	x := &Notify{}
	if !d.keys(n, "notify", "on", "link", "slack", "teams", "webhook", "openlineage") {
		return
	}
	d.with(n, "on", func(v *node) {
		items := v.items
		if v.kind != sequence {
			items = []*node{v}
		}
		for _, i := range items {
			x.On = append(x.On, d.choice(i, "notify.on", decisions()...))
		}
	})
	d.with(n, "link", func(v *node) { x.Link = d.address(v, "notify.link", false) })
	d.with(n, "slack", func(v *node) { x.Slack = d.address(v, "notify.slack", true) })
	d.with(n, "teams", func(v *node) { x.Teams = d.address(v, "notify.teams", true) })
	d.with(n, "openlineage", func(v *node) {
		x.OpenLineage = d.text(v, "notify.openlineage")
		if secret(x.OpenLineage) {
			d.hideText(v)
			d.fail(v, "notify.openlineage", "put a key into OPENLINEAGE_API_KEY", "an address with a password must not stand in a plan")
		}
	})
	d.with(n, "webhook", func(v *node) {
		if v.kind != mapping {
			x.Webhook = d.address(v, "notify.webhook", true)
			return
		}
		if d.keys(v, "notify.webhook", "url", "secret") {
			d.require(v, "notify.webhook", "url", ": ${NAME} of a variable that holds the address")
			d.with(v, "url", func(u *node) { x.Webhook = d.address(u, "notify.webhook.url", true) })
			d.with(v, "secret", func(s *node) {
				if x.Secret = d.text(s, "notify.webhook.secret"); !s.variable && x.Secret != "" {
					x.Secret = ""
					d.hideText(s)
					d.fail(s, "notify.webhook.secret", "write secret: ${NAME}", "a secret must not stand in a plan")
				}
			})
		}
	})
	d.plan.Notify = x
}

// hideText keeps a value out of messages and quoted lines.
func (d *decoder) hideText(n *node) {
	n.text = "…"
	d.hide(n)
}

// address reads an http(s) address; empty, from ${NAME:-}, is none. Whoever knows a
// webhook's address can write to it: it must come from a variable.
func (d *decoder) address(n *node, path string, private bool) string {
	if n.kind == null {
		return ""
	}
	text := d.text(n, path)
	if text == "" {
		return ""
	}
	if private && !n.variable {
		d.hideText(n)
		d.fail(n, path, "write ${NAME} of a variable that holds it", "the address of a webhook is a secret and must not stand in a plan")
		return ""
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		d.hideText(n)
		d.fail(n, path, "", "an http:// or https:// address is expected%s", map[bool]string{true: " in the variable"}[n.variable])
		return ""
	}
	return strings.TrimSpace(text)
}
