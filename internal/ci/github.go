package ci

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/report"
)

// GitHub is a job of GitHub Actions, or of what speaks like it.
type GitHub struct {
	Getenv func(string) string
	Stdout io.Writer // where workflow commands go
	Path   func(string) string
}

// Quiet keeps what is written until the returned function runs from being read as
// workflow commands: it may quote the data.
func (g *GitHub) Quiet() (end func()) {
	token := secret()
	fmt.Fprintf(g.Stdout, "::stop-commands::%s\n", token)
	return func() { fmt.Fprintf(g.Stdout, "\n::%s::\n", token) }
}

// Report writes the job summary, the outputs and the annotations. Job summary and outputs
// are left out where the host gives no file for them.
func (g *GitHub) Report(o Outcome, files map[string]string) error {
	text, err := summaryText(o)
	if err != nil {
		return err
	}
	if err := g.add("GITHUB_STEP_SUMMARY", string(text)); err != nil {
		return err
	}
	outputs := [][2]string{{"verdict", o.Decision()}, {"sentence", o.Sentence()}, {"exit-code", strconv.Itoa(o.Exit)}}
	for _, k := range []string{"record", "report", "summary", "junit", "sarif"} {
		outputs = append(outputs, [2]string{k, files[k]})
	}
	if err := g.Output(outputs...); err != nil {
		return err
	}
	g.annotate(o)
	return nil
}

func summaryText(o Outcome) ([]byte, error) {
	if o.Record == nil {
		return []byte(o.failed()), nil
	}
	var b bytes.Buffer
	err := report.JobSummary(&b, o.Record)
	b.WriteString("\n")
	return b.Bytes(), err
}

// Output sets outputs of the step.
func (g *GitHub) Output(pairs ...[2]string) error {
	var b strings.Builder
	for _, p := range pairs {
		end := secret() // so that no value can end itself and set another output
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", p[0], end, p[1], end)
	}
	return g.add("GITHUB_OUTPUT", b.String())
}

// add appends to a file that the host names in a variable.
func (g *GitHub) add(variable, text string) error {
	name := g.Getenv(variable)
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(g.Path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write %s: %w", variable, err)
	}
	_, err = f.WriteString(text)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", variable, err)
	}
	return nil
}

func secret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return "fairtrial-" + hex.EncodeToString(b[:])
}
