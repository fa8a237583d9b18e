package duck

import (
	"context"
	"fmt"
	"os"
	"testing"
)

func TestProbe(t *testing.T) {
	if os.Getenv("PROBE") == "" {
		t.Skip()
	}
	d := open(t, 2)
	for _, q := range []string{os.Getenv("PROBE")} {
		r, err := d.Query(context.Background(), q)
		if err != nil {
			fmt.Println("ERR", err)
			return
		}
		fmt.Println(r.Names())
		r.Close()
		r, err = d.Query(context.Background(), "SELECT COLUMNS(*)::VARCHAR FROM ("+q+")")
		if err != nil {
			fmt.Println("ERR2", err)
			return
		}
		for r.Next() {
			for i := 0; i < r.Len() && i < 30; i++ {
				for c := range r.vectors {
					if IsNull(r.Valid(c), i) {
						fmt.Print("NULL | ")
					} else {
						fmt.Printf("%q | ", r.Strings(c).At(i))
					}
				}
				fmt.Println()
			}
		}
		fmt.Println("close:", r.Close())
	}
}
