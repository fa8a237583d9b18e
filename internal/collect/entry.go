package collect

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/fairtrial/fairtrial/internal/provider"
)

// Entry is what is known of one case's sample: an answer, or the error that ended it.
type Entry struct {
	ID       string           `json:"id"`
	Sample   int              `json:"sample"`
	Step     int              `json:"step,omitempty"` // of a conversation (Options.Next)
	Key      string           `json:"key"`            // SHA-256 of the full request and the repeat
	Call     uint64           `json:"call,omitempty"`
	Attempts int              `json:"attempts,omitempty"`
	Cached   bool             `json:"cached,omitempty"` // taken from an earlier collection, nothing paid
	At       time.Time        `json:"at"`
	Charge   Charge           `json:"charge"`
	Answer   *provider.Answer `json:"answer,omitempty"`
	Err      *Failure         `json:"error,omitempty"`
}

// Failure is an error as it is stored.
type Failure struct {
	Kind    provider.Kind `json:"kind"`
	Status  int           `json:"status,omitempty"`
	Message string        `json:"message"`
}

// Charge is what one call costs. Estimated: the provider did not say, or nothing is known
// of what it did, so the account holds what it may have cost.
type Charge struct {
	In        int64 `json:"in,omitempty"`
	Out       int64 `json:"out,omitempty"`
	Pico      int64 `json:"pico_usd,omitempty"` // 10^-12 USD: sums are exact, whatever their order
	Estimated bool  `json:"estimated,omitempty"`
}

// head is the first record of a log.
type head struct {
	Format  int       `json:"format"`
	Nonce   string    `json:"nonce"` // in idempotency keys: another collection asks anew
	Created time.Time `json:"created"`
}

const format = 1

// begin says that a call leaves; what it may cost is charged if nothing more is heard.
type begin struct {
	Call   uint64    `json:"call"`
	ID     string    `json:"id"`
	Sample int       `json:"sample"`
	Key    string    `json:"key"`
	At     time.Time `json:"at"`
	May    Charge    `json:"may"`
}

// fail is a failed attempt; unknown is one found without an end.
type fail struct {
	Call   uint64    `json:"call"`
	ID     string    `json:"id"`
	Sample int       `json:"sample"`
	At     time.Time `json:"at"`
	Charge Charge    `json:"charge"`
	Failure
}

// requestKey names a request and its repeat: what the cache knows an answer by.
func requestKey(encoded []byte, sample int) string {
	h := sha256.New()
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(sample))
	h.Write(n[:])
	h.Write(encoded)
	return hex.EncodeToString(h.Sum(nil))
}

// jobKey names what is asked for a case: what a resumed run knows an answer by. Two cases
// with the same words are two questions.
type jobKey [16]byte

func newJobKey(id string, sample int, key string) jobKey {
	// By hand: fmt takes as long as the hash, twice for each case of a run that is gone on with.
	b := strconv.AppendInt(make([]byte, 0, 192), int64(sample), 10)
	b = append(append(append(b, ' '), key...), ' ')
	b = append(append(strconv.AppendInt(b, int64(len(id)), 10), ':'), id...)
	s := sha256.Sum256(b)
	return jobKey(s[:16])
}

// An entry's payload: length of its JSON (uvarint), JSON, length of the request (uvarint),
// request, response.
func encodeEntry(e *Entry, request, response []byte) ([]byte, error) {
	meta, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("store case %q: %w", e.ID, err)
	}
	b := make([]byte, 0, len(meta)+len(request)+len(response)+2*binary.MaxVarintLen64)
	b = binary.AppendUvarint(b, uint64(len(meta)))
	b = append(b, meta...)
	b = binary.AppendUvarint(b, uint64(len(request)))
	b = append(b, request...)
	return append(b, response...), nil
}

func split(payload []byte) (meta, request, response []byte, err error) {
	cut := func() []byte {
		n, used := binary.Uvarint(payload)
		if used <= 0 || n > uint64(len(payload)-used) {
			err = fmt.Errorf("a stored answer is damaged")
			return nil
		}
		part := payload[used : used+int(n)]
		payload = payload[used+int(n):]
		return part
	}
	if meta = cut(); err == nil {
		request = cut()
	}
	return meta, request, payload, err
}

// decodeEntry copies what it keeps.
func decodeEntry(payload []byte) (*Entry, error) {
	meta, request, response, err := split(payload)
	if err != nil {
		return nil, err
	}
	var e Entry
	if err := json.Unmarshal(meta, &e); err != nil {
		return nil, fmt.Errorf("a stored answer is damaged: %w", err)
	}
	if e.Answer == nil && e.Err == nil {
		return nil, fmt.Errorf("a stored answer is damaged: case %q has neither answer nor error", e.ID)
	}
	if e.Answer != nil {
		e.Answer.Request = append([]byte(nil), request...)
		e.Answer.Response = append([]byte(nil), response...)
	}
	return &e, nil
}
