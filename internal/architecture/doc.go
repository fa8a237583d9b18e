// Package architecture holds the test that keeps imports in order. It refuses to hold
// anything else.
package architecture
