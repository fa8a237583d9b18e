// Package web holds the script that draws charts in a page. It is built from npm packages
// by `make web`; without it, reports keep their static pictures and nothing else changes.
package web

import "embed"

// The folder always holds .gitkeep, so that a fresh clone compiles.
//
//go:embed all:dist
var dist embed.FS //nolint:gochecknoglobals // embedded files

// Script is the bundled script; empty when it was not built.
func Script() string {
	b, err := dist.ReadFile("dist/charts.js")
	if err != nil {
		return ""
	}
	return string(b)
}
