package store

import (
	"database/sql/driver"
	"fmt"
	"time"
)

const timeLayout = "2006-01-02T15:04:05.000000Z"

// Value writes the stored form.
func (t Time) Value() (driver.Value, error) { return t.UTC().Format(timeLayout), nil }

// Scan reads the stored form.
func (t *Time) Scan(v any) error {
	switch x := v.(type) {
	case string:
		p, err := time.Parse(timeLayout, x)
		t.Time = p
		return err
	case time.Time:
		t.Time = x.UTC()
		return nil
	}
	return fmt.Errorf("read time: %T is not text", v)
}
