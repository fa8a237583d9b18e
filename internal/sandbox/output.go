package sandbox

import "sync"

// capped keeps the end of what is written and calls full once when it is too much.
type capped struct {
	mu   sync.Mutex
	b    []byte
	n    int
	full func()
}

func (c *capped) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.n
	c.n += len(p)
	tail := p[max(0, len(p)-keptOutput):]
	c.b = append(c.b, tail...)
	c.b = append(c.b[:0], c.b[max(0, len(c.b)-keptOutput):]...)
	if was <= maxOutput && c.n > maxOutput {
		c.full()
	}
	return len(p), nil
}

func (c *capped) take() (end []byte, flooded bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.b, c.n > maxOutput
}
