package connect

import (
	"strings"
	"testing"
)

// FuzzHide: what stands between the user and the host of an address is in no message.
func FuzzHide(f *testing.F) {
	f.Add("postgres://u:hush-hush@h/d", "dial postgres://u:hush-hush@h/d: refused")
	f.Add("host=h password='hush-hush' user=u", "cannot use hush-hush")
	f.Add("http://u@h", "no")
	f.Fuzz(func(t *testing.T, address, msg string) {
		p := password(address)
		if len(p) < 4 || strings.Contains(p, "…") || strings.ContainsAny(p, " \t\r\n") {
			return
		}
		if got := hide(msg+" "+p, address); strings.HasSuffix(got, p) {
			t.Errorf("%q holds %q", got, p)
		}
	})
}
