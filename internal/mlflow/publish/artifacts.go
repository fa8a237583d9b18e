package publish

import (
	"context"
	"net/http"
	"net/url"
	"path"

	"github.com/fairtrial/fairtrial/internal/mlflow"
)

// maxUpload is what a server takes for a store that is not its own.
const maxUpload = 10 << 20

// artifacts stores the renderings through the server: its proxy where the run's store
// is the server's own, else the way that MLflow's pages take.
func (p *publisher) artifacts(ctx context.Context) error {
	at, own := mlflow.Pin{Store: p.store, Path: Folder}.Proxied()
	for _, f := range p.files {
		if own {
			if err := p.Put(ctx, mlflow.Proxy(path.Join(at, f.Name)), f.Data); err != nil {
				return err
			}
			continue
		}
		if len(f.Data) > maxUpload {
			return p.stranded(ctx, f.Name+" has more than 10 MB")
		}
		err := p.Upload(ctx, url.Values{"run_uuid": {p.out.Run}, "path": {Folder + "/" + f.Name}}, f.Data)
		if a, ok := mlflow.Refused(err); ok && a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden {
			return p.stranded(ctx, a.Error())
		}
		if err != nil {
			return err
		}
	}
	p.out.Report = p.report()
	return p.tag(ctx, TagReport, p.out.Report)
}

// stranded says, here and in the run, that the artifacts are not where they should be.
func (p *publisher) stranded(ctx context.Context, why string) error {
	store := mlflow.Bare(p.store)
	p.warn("report and record are not in MLflow: the run's artifacts belong in %s, and the server does not take them (%s); start it with --serve-artifacts, or store the output folder yourself", store, why)
	return p.tag(ctx, TagReport, "not stored in MLflow: the run's artifacts belong in "+store)
}

func (p *publisher) tag(ctx context.Context, key, value string) error {
	return p.Post(ctx, "runs/set-tag", map[string]string{"run_id": p.out.Run, "key": key, "value": value}, nil)
}
