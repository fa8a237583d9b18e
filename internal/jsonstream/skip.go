// Package jsonstream reads JSON that is too long to hold, a token at a time. It refuses a
// value that ends before it is whole.
package jsonstream

import (
	"encoding/json"
	"errors"
	"io"
)

// Skip passes over the next value of d without holding it. A value that is cut short is
// io.ErrUnexpectedEOF, and so is one that is not there.
func Skip(d *json.Decoder) error {
	depth := 0
	for {
		t, err := d.Token()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}
