// Command fairtrial decides, with evidence that stands up, whether a model is good
// enough to release.
package main

import (
	"os"

	"github.com/fairtrial/fairtrial/internal/cli"
)

func main() { os.Exit(cli.Main(cli.System())) }
