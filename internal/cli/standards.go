package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/packs"
	"github.com/fairtrial/fairtrial/internal/plan"
)

// standards fetches the standards of a plan in dir that do not lie in files. A standard
// that was fetched once is kept in the workspace by its digest, and asked of nobody again:
// a plan goes on working without the network, and an auditor finds the text it was judged by.
func (e *Env) standards(cmd *cobra.Command, dir string) plan.FetchStandard {
	return func(at plan.Place, digest string) ([]byte, error) {
		ws, err := e.openWorkspace(cmd, dir)
		if err != nil {
			return nil, err
		}
		defer ws.Close()
		if f, _, err := ws.Open("sha256:" + digest); err == nil {
			text, err := io.ReadAll(f)
			_ = f.Close()
			if err == nil {
				return text, nil
			}
			e.info(cmd, "warning: %v; %s is fetched again", err, at)
		}
		var text []byte
		if at.URL != "" {
			text, err = packs.URL(cmd.Context(), at.URL)
		} else {
			repository := at.Git
			if beside := filepath.Join(dir, repository); isFolder(beside) {
				repository = beside // as `file` is, seen from the plan's folder
			}
			text, err = packs.Git(cmd.Context(), repository, at.Rev, at.File)
		}
		if err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) == digest {
			_, err = ws.PutBytes(cmd.Context(), text)
		}
		return text, err
	}
}

func isFolder(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}
