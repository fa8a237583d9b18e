package cli

import (
	"github.com/spf13/cobra"
)

func compareCommand(e *Env) *cobra.Command {
	return &cobra.Command{Use: "compare RECORD RECORD", Short: "Compare the candidates of two records", RunE: func(*cobra.Command, []string) error { return nil }}
}
