package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/report"
)

// pageTimeout is ample for a page without scripts.
const pageTimeout = 90 * time.Second

// pages are the one-page formats of `report`; PDF and PNG are printed by Chromium.
func (e *Env) pages(ctx context.Context) []rendering {
	return []rendering{
		{"summary", "summary.html", report.Summary},
		{"pdf", "summary.pdf", func(w io.Writer, r *record.Record) error {
			return e.print(ctx, w, r, report.Summary, "--no-pdf-header-footer", "--print-to-pdf=")
		}},
		{"png", "card.png", func(w io.Writer, r *record.Record) error {
			return e.print(ctx, w, r, report.Card, "--window-size=1200,630", "--screenshot=")
		}},
	}
}

// chromium finds the browser: FAIRTRIAL_CHROMIUM, else the usual names.
func (e *Env) chromium() (string, error) {
	if name := e.Getenv("FAIRTRIAL_CHROMIUM"); name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", wrong("", "FAIRTRIAL_CHROMIUM: no program at %s", name)
		}
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", wrong("apt-get install chromium, or name one in FAIRTRIAL_CHROMIUM; --format summary needs none and prints from any browser", "PDF and PNG need Chromium, which is not installed")
}

// print has Chromium make a file of a page; last takes the file's name.
func (e *Env) print(ctx context.Context, w io.Writer, r *record.Record, page func(io.Writer, *record.Record) error, option, last string) error {
	browser, err := e.chromium()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fairtrial-page-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var b bytes.Buffer
	if err := page(&b, r); err != nil {
		return err
	}
	in, out := filepath.Join(dir, "page.html"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, b.Bytes(), 0o600); err != nil {
		return err
	}
	if last == "--screenshot=" { // Chromium tells the format by the name
		out += ".png"
	}
	args := []string{"--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--hide-scrollbars", "--user-data-dir=" + filepath.Join(dir, "profile"), option, last + out}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // Chromium refuses root otherwise; the page is our own and has no script
	}
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	said, err := exec.CommandContext(ctx, browser, append(args, "file://"+in)...).CombinedOutput() //nolint:gosec // the browser is the user's
	if err != nil {
		return fmt.Errorf("print with %s: %w: %.300s", browser, err, said)
	}
	f, err := os.Open(out)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("print with %s: it wrote no file: %.300s", browser, said)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
