package cli_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The two plans of an example differ in who answers, and in nothing else.
func TestLivePlansAreTheRecordedOnes(t *testing.T) {
	for _, example := range []string{"support-answers", "extraction"} {
		var rest [2]string
		for i, name := range []string{"plan.yaml", "plan-live.yaml"} {
			b, err := os.ReadFile(filepath.Join("..", "..", "examples", example, name))
			if err != nil {
				t.Fatal(err)
			}
			text := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(string(b), "")
			text = regexp.MustCompile(`(?m)^models:\n(?:  .*\n)+\n`).ReplaceAllString(text, "")
			rest[i] = regexp.MustCompile(`(?m)^limits:.*\n\n`).ReplaceAllString(text, "")
		}
		if rest[0] != rest[1] {
			t.Errorf("%s: plan-live.yaml differs from plan.yaml beside models and limits:\n%s\n%s", example, rest[1], rest[0])
		}
	}
}

// TestLive asks a real model: it needs some minutes, half a gigabyte and a compiler.
func TestLive(t *testing.T) {
	if os.Getenv("FAIRTRIAL_SLOW") == "" {
		t.Skip("slow: set FAIRTRIAL_SLOW=1")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "fairtrial")
	if out, err := exec.Command("go", "build", "-o", program, root+"/cmd/fairtrial").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var out bytes.Buffer
	c := exec.Command("sh", "scripts/model.sh", "with", "sh", "scripts/demo-live.sh", program)
	c.Dir, c.Stdout, c.Stderr = root, &out, &out
	c.Env = append(os.Environ(), "FAIRTRIAL_HOME="+t.TempDir())
	err = c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 77 {
		t.Skipf("the model cannot be had here: %s", out.String())
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	// Both examples ran to a verdict, and the model reads order numbers.
	if got := strings.Count(out.String(), "exit status "); got != 2 {
		t.Errorf("%d of 2 examples ended with a verdict:\n%s", got, out.String())
	}
	if strings.Contains(out.String(), "ended in an error") || !regexp.MustCompile(`pass +order_right at least`).MatchString(out.String()) {
		t.Errorf("the model's answers are not what it gives:\n%s", out.String())
	}
}
