package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/notice"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
)

func notifyCommand(e *Env) *cobra.Command {
	var slack, teams, webhook, secret, lineage, link string
	c := &cobra.Command{
		Use: "notify RECORD", Short: "Tell Slack, Teams, a webhook or OpenLineage of a stored verdict",
		Long: "notify sends the verdict of a stored record, its reasons and a link. Addresses are best given as env:NAME:\n" +
			"whoever knows them can write there. Exit status 0 when all were told, 4 when one could not be.",
		Args: exactly(1, "one record (a file, a folder or a run's id)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, _, err := e.soundRecord(cmd, args[0])
			if err != nil {
				return err
			}
			n := &plan.Notify{Link: link}
			for _, f := range []struct {
				flag, text string
				to         *string
			}{{"slack", slack, &n.Slack}, {"teams", teams, &n.Teams}, {"webhook", webhook, &n.Webhook}, {"secret", secret, &n.Secret}, {"openlineage", lineage, &n.OpenLineage}} {
				if *f.to, err = e.referred("--"+f.flag, f.text); err != nil {
					return err
				}
			}
			if n.Slack+n.Teams+n.Webhook+n.OpenLineage == "" {
				return wrong("for example --slack env:SLACK_WEBHOOK_URL", "name at least one of --slack, --teams, --webhook and --openlineage")
			}
			if bad := e.tell(cmd.Context(), n, r, link, true); len(bad) > 0 {
				return errors.Join(bad...)
			}
			_, err = fmt.Fprintln(e.Stdout, "told of", r.Run.ID)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&slack, "slack", "", "incoming webhook of Slack: env:NAME")
	f.StringVar(&teams, "teams", "", "Workflows webhook of Teams: env:NAME")
	f.StringVar(&webhook, "webhook", "", "any receiver of the verdict as JSON: env:NAME")
	f.StringVar(&secret, "secret", "", "signs --webhook with HMAC-SHA256: env:NAME")
	f.StringVar(&lineage, "openlineage", "", "OpenLineage backend or file (key in OPENLINEAGE_API_KEY)")
	f.StringVar(&link, "link", "", "where people can open the report")
	return c
}

// referred resolves env:NAME on the command line.
func (e *Env) referred(flag, text string) (string, error) {
	name, ok := strings.CutPrefix(text, "env:")
	if !ok {
		return text, nil
	}
	v, set := e.lookup(name)
	if !set {
		return "", wrong("set it", "%s: the environment variable %s is not set", flag, name)
	}
	return v, nil
}

// tell delivers a verdict to all who are named; what could not be delivered comes back.
func (e *Env) tell(ctx context.Context, n *plan.Notify, r *record.Record, link string, started bool) []error {
	m := notice.Of(r, cmp.Or(n.Link, link))
	targets := []notice.Target{{Kind: "slack", URL: n.Slack}, {Kind: "teams", URL: n.Teams}, {Kind: "webhook", URL: n.Webhook, Secret: n.Secret}}
	errs := make([]error, len(targets)+1)
	var all sync.WaitGroup // at once: one that hangs keeps no other waiting
	for i, t := range targets {
		if t.URL != "" {
			all.Go(func() { errs[i] = notice.Sender{Now: e.Now}.Send(ctx, t, m) })
		}
	}
	if n.OpenLineage != "" {
		all.Go(func() {
			l := e.lineage(n.OpenLineage, e.Dir)
			if started { // both events, for a record whose run told nothing
				if errs[len(targets)] = l.Started(ctx, r); errs[len(targets)] != nil {
					return
				}
			}
			errs[len(targets)] = l.Complete(ctx, r)
		})
	}
	all.Wait()
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

func (e *Env) lineage(to, dir string) notice.Lineage {
	if !strings.HasPrefix(to, "http://") && !strings.HasPrefix(to, "https://") && !filepath.IsAbs(to) {
		to = filepath.Join(dir, to)
	}
	return notice.Lineage{Sender: notice.Sender{Now: e.Now}, To: to, Key: e.Getenv("OPENLINEAGE_API_KEY"), Namespace: e.Getenv("OPENLINEAGE_NAMESPACE")}
}

// notifyAll is for the end of a run: what fails is a warning and changes no verdict.
func (e *Env) notifyAll(cmd *cobra.Command, p *plan.Plan, r *record.Record, link string) {
	if p.Notify == nil {
		return
	}
	n := *p.Notify
	if n.OpenLineage != "" {
		if err := e.lineage(n.OpenLineage, p.Dir).Complete(cmd.Context(), r); err != nil {
			e.info(cmd, "warning: %v", err)
		}
		n.OpenLineage = ""
	}
	if !n.Wants(string(r.Verdict.Decision)) {
		return
	}
	for _, err := range e.tell(cmd.Context(), &n, r, link, false) {
		e.info(cmd, "warning: %v", err)
	}
}

// begun tells OpenLineage that a run begins, ended that it ended without a record.
func (e *Env) begun(cmd *cobra.Command, p *plan.Plan, id string) {
	if p.Notify == nil || p.Notify.OpenLineage == "" {
		return
	}
	if err := e.lineage(p.Notify.OpenLineage, p.Dir).Start(cmd.Context(), p, id, e.Now()); err != nil {
		e.info(cmd, "warning: %v", err)
	}
}

func (e *Env) ended(cmd *cobra.Command, p *plan.Plan, id string, why error) {
	if p.Notify == nil || p.Notify.OpenLineage == "" {
		return
	}
	ctx := context.WithoutCancel(cmd.Context()) // an interrupted run has ended too
	if err := e.lineage(p.Notify.OpenLineage, p.Dir).Fail(ctx, p, id, e.Now(), why); err != nil {
		e.info(cmd, "warning: %v", err)
	}
}
