package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
)

func schemaCommand(e *Env) *cobra.Command {
	return &cobra.Command{Use: "schema plan|record", Short: "Print a JSON Schema", Args: exactly(1, "plan or record"),
		RunE: func(_ *cobra.Command, args []string) error {
			var b []byte
			var err error
			switch args[0] {
			case "plan":
				b = plan.Schema()
			case "record":
				b, err = record.Schema()
			default:
				return wrong("usage: fairtrial schema plan|record", "there is no schema of %q", args[0])
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(e.Stdout, string(b))
			return err
		}}
}
