// Command bundle makes web/dist/charts.js of web/src and the npm packages it imports. It
// needs no Node; it is a module of its own, so that the product does not depend on esbuild.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: bundle WEB (the folder with src and node_modules)")
		os.Exit(2)
	}
	dir, err := filepath.Abs(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(2)
	}
	out := filepath.Join(dir, "dist", "charts.js")
	r := api.Build(api.BuildOptions{
		AbsWorkingDir: dir, EntryPoints: []string{"src/charts.js"}, Outfile: out + ".tmp", Write: true, LogLevel: api.LogLevelWarning,
		Bundle: true, Format: api.FormatIIFE, Platform: api.PlatformBrowser, Target: api.ES2020, Charset: api.CharsetASCII,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, LegalComments: api.LegalCommentsEndOfFile,
	})
	if len(r.Errors) > 0 {
		os.Exit(1)
	}
	if err := os.Rename(out+".tmp", out); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}
