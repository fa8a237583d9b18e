package collect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"

	"github.com/fairtrial/fairtrial/internal/provider"
)

// Spent is the account of a whole collection, over all its sessions.
type Spent struct {
	Calls     int64 // that left, whatever became of them
	Unknown   int64 // of Calls: nothing is known of their outcome (a killed process)
	Failed    int64 // of Calls: ended in an error
	Estimated int64 // of Calls: charged with what they may have cost
	In, Out   int64 // tokens
	Pico      int64 // 10^-12 USD
}

// USD is the cost in dollars.
func (s Spent) USD() float64 { return float64(s.Pico) / 1e12 }

func (s *Spent) add(c Charge) {
	s.In, s.Out, s.Pico = s.In+c.In, s.Out+c.Out, s.Pico+c.Pico
	if c.Estimated {
		s.Estimated++
	}
}

// past is what a log remembers: 24 bytes an answer and some for the map.
type past struct {
	end     int64
	damage  damage
	head    head
	answers map[jobKey]int64 // place of the last answer
	errors  map[jobKey]int64 // place of an error that asking again cannot mend
	mending map[jobKey]int64 // place of an error that it could
	settled bool             // whether settlements count
	pending map[uint64]int64 // by call that has begun: its place
	calls   uint64
	spent   Spent
}

// unended gives the calls that have begun and of which no session saw the end.
func (p *past) unended(log io.ReaderAt, f func(begin) error) error {
	for _, at := range p.pending {
		_, payload, err := readAt(log, at)
		if err != nil {
			return err
		}
		var b begin
		if err := json.Unmarshal(payload, &b); err != nil {
			return fmt.Errorf("read the log: the record at byte %d is of another version: %w", at, err)
		}
		if err := f(b); err != nil {
			return err
		}
	}
	return nil
}

// Lasting says whether the error of a case will be the same tomorrow. Others are asked
// again when the run is resumed.
func Lasting(k provider.Kind) bool {
	switch k {
	case provider.BadRequest, provider.Filtered, provider.TooLarge, provider.Encoding:
		return true
	}
	return false
}

// recall reads a log. Where settled, an error that was settled is as good as a lasting one.
func recall(folder string, settled bool) (*past, error) {
	p := &past{answers: map[jobKey]int64{}, errors: map[jobKey]int64{}, mending: map[jobKey]int64{}, pending: map[uint64]int64{}, settled: settled}
	var err error
	p.end, p.damage, err = scan(folder, p.visit)
	if err != nil {
		return nil, err
	}
	if p.end > 0 && p.head.Format == 0 {
		return nil, fmt.Errorf("%s/%s: the beginning of the log is damaged; move the file away to start anew", folder, logName)
	}
	return p, nil
}

func (p *past) visit(k kind, at int64, payload []byte) error {
	bad := func(err error) error {
		return fmt.Errorf("read the log: the record at byte %d is of another version: %w", at, err)
	}
	switch k {
	case kindHead:
		if err := json.Unmarshal(payload, &p.head); err != nil {
			return bad(err)
		}
		if p.head.Format != format {
			return fmt.Errorf("read the log: its format is %d, this program knows %d", p.head.Format, format)
		}
	case kindBegin:
		call, ok := begun(payload)
		if !ok {
			var b begin
			if err := json.Unmarshal(payload, &b); err != nil {
				return bad(err)
			}
			call = b.Call
		}
		p.pending[call] = at
		p.calls = max(p.calls, call)
		p.spent.Calls++
	case kindFail, kindUnknown:
		var f fail
		if err := json.Unmarshal(payload, &f); err != nil {
			return bad(err)
		}
		delete(p.pending, f.Call)
		p.spent.add(f.Charge)
		if k == kindUnknown {
			p.spent.Unknown++
		} else {
			p.spent.Failed++
		}
	case kindAnswer, kindError:
		meta, _, _, err := split(payload)
		if err != nil {
			return bad(err)
		}
		e, err := remember(meta)
		if err != nil {
			return bad(err)
		}
		key := newJobKey(e.ID, e.Sample, e.Key)
		if k == kindAnswer {
			delete(p.pending, e.Call)
			p.spent.add(e.Charge)
			p.answers[key] = at
			delete(p.errors, key)
			delete(p.mending, key)
		} else if e.Err != nil && Lasting(e.Err.Kind) {
			p.errors[key] = at
		} else if e.Err != nil {
			p.mending[key] = at
		}
	case kindSettled:
		if p.settled {
			maps.Copy(p.errors, p.mending)
			clear(p.mending)
		}
	default:
		return fmt.Errorf("read the log: a record of kind %q, which this program does not know", k)
	}
	return nil
}

// withoutAnswer leaves the answer, an entry's last and longest field, where it is: most of
// the time of a resumed run would be reading it. These bytes are no part of a text before
// it, where quotation marks are escaped.
func withoutAnswer(meta []byte) []byte {
	i := bytes.Index(meta, []byte(`,"answer":{`))
	if i < 0 {
		return meta
	}
	return append(meta[:i:i], '}')
}
