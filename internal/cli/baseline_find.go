package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/packs"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/store"
)

// maxCommitted is the size above which a committed file is not read.
const maxCommitted = 512 << 20

// findEarlier resolves what --baseline names: a file or folder, a run of the workspace, a
// Git revision. git:REF is a revision in any case, and REF:PATH names the record in it.
func (e *Env) findEarlier(cmd *cobra.Command, p *plan.Plan, ref string) (*earlier, error) {
	x := &earlier{ref: record.BaselineRef{Ref: ref}}
	revision, forced := strings.CutPrefix(ref, "git:")
	if !forced {
		if _, err := os.Stat(e.path(ref)); err == nil || strings.HasSuffix(ref, ".json") && !strings.Contains(ref, ":") {
			r, dir, err := e.soundRecord(cmd, ref)
			x.rec, x.dir, x.ref.Found = r, dir, "file"
			return x, err
		}
		r, err := e.storedRun(cmd, p.Dir, ref)
		switch {
		case err == nil:
			x.rec, x.ref.Found = r, "workspace"
			return x, x.sound(ref)
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
	}
	path := defaultRecord
	if before, after, ok := strings.Cut(revision, ":"); ok && after != "" {
		revision, path = before, after
	}
	commit, found, err := packs.Commit(cmd.Context(), p.Dir, revision)
	switch {
	case err != nil:
		return nil, err
	case !found:
		missing := "the branch: git fetch --depth=1 origin " + revision
		if strings.ContainsAny(revision, "~^") {
			missing = "the history: git fetch --deepen=50"
		}
		return nil, wrong("a file or folder, a run (`fairtrial list`) or a Git revision is expected; a shallow clone may lack "+missing,
			"baseline %s: there is no such file, no such run in the workspace and no such revision in Git", ref)
	}
	x.ref.Found, x.ref.Commit, x.ref.Path = "git", commit, path
	text, err := packs.Committed(cmd.Context(), p.Dir, commit, path, record.MaxBytes)
	if errors.Is(err, packs.ErrNoFile) {
		return nil, wrong("commit fairtrial-out/record.json beside the plan, or name where it lies: --baseline "+revision+":path/to/record.json (from the top of the repository; ./ from the plan's folder)",
			"baseline %s: commit %.12s has no record at %s", ref, commit, path)
	}
	if err != nil {
		return nil, wrong("", "baseline %s: %w", ref, err)
	}
	if x.rec, err = record.Read(bytes.NewReader(text)); err != nil {
		return nil, wrong("", "baseline %s: %s at %.12s: %w", ref, path, commit, err)
	}
	return x, x.sound(ref)
}

// sound refuses a record that was changed after it was made.
func (x *earlier) sound(ref string) error {
	bad, err := x.rec.CheckDigests()
	if err == nil && len(bad) > 0 {
		err = wrong("name a record as fairtrial wrote it", "baseline %s was changed after it was made: %s", ref, bad[0])
	}
	return err
}

// storedRun is a run of the workspace by its id or the beginning of it.
func (e *Env) storedRun(cmd *cobra.Command, dir, id string) (*record.Record, error) {
	ws, err := e.openWorkspace(cmd, dir)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	run, err := ws.GetRun(cmd.Context(), id)
	if err != nil {
		return nil, err
	}
	return readBlob(cmd.Context(), ws, run.RecordBlob)
}

// findScores finds the row scores of an earlier record by their digest: in the workspace,
// beside the record, or in the folder FAIRTRIAL_CACHE. What lies outside the workspace is
// taken into it.
func (e *Env) findScores(cmd *cobra.Command, p *plan.Plan, x *earlier) (string, error) {
	ws, err := e.openWorkspace(cmd, p.Dir)
	if err != nil {
		return "", err
	}
	defer ws.Close()
	digest := x.rec.Artifacts.Scores
	path, err := ws.Check(digest)
	if err == nil {
		return path, nil
	}
	if errors.Is(err, store.ErrChanged) {
		return "", fmt.Errorf("its row scores in the workspace were changed")
	}
	tried := []string{"the workspace"}
	adopt := func(text []byte, where string) (string, error) {
		if record.DigestBytes(text) != digest {
			return "", fmt.Errorf("%s is not the row scores of that record: its digest differs", where)
		}
		if _, err := ws.PutBytes(cmd.Context(), text); err != nil {
			return "", err
		}
		return ws.Check(digest)
	}
	if x.ref.Commit != "" {
		at := siblings(x.ref.Path)
		text, err := packs.Committed(cmd.Context(), p.Dir, x.ref.Commit, at, maxCommitted)
		if err == nil {
			return adopt(text, at+" of the commit")
		}
		if !errors.Is(err, packs.ErrNoFile) {
			return "", err
		}
		tried = append(tried, "the commit ("+at+")")
	}
	var files []string
	if x.dir != "" {
		files = append(files, filepath.Join(x.dir, scoresFile))
		tried = append(tried, "beside the record ("+scoresFile+")")
	}
	if cache := e.Getenv("FAIRTRIAL_CACHE"); cache != "" {
		hex := strings.TrimPrefix(digest, "sha256:")
		files = append(files, filepath.Join(e.path(cache), hex+".parquet"), filepath.Join(e.path(cache), scoresFile))
		tried = append(tried, "FAIRTRIAL_CACHE")
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if found, err := adopt(text, e.short(f)); err == nil || filepath.Base(f) != scoresFile || x.dir != "" && filepath.Dir(f) == x.dir {
			return found, err
		}
	}
	return "", fmt.Errorf("its row scores (%.19s) were not found in %s", digest, strings.Join(tried, ", "))
}

// siblings is the path of the row scores beside a record's path.
func siblings(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i+1] + scoresFile
	}
	return scoresFile
}
