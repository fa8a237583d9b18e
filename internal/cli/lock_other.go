//go:build !unix

package cli

// lockDir is nothing where folders cannot be locked: two runs into one folder at the
// same time are then the user's to avoid.
func lockDir(string) (unlock func(), err error) { return func() {}, nil }
