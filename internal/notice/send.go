package notice

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/rest"
)

// Target is where a notice goes. URL and Secret are never stored or told.
type Target struct {
	Kind   string // slack | teams | webhook
	URL    string
	Secret string // of a webhook, for its signature
}

// Sender delivers. The zero value is ready.
type Sender struct {
	Client *http.Client
	Now    func() time.Time
	Wait   time.Duration // before the second try; it doubles
}

const (
	tries       = 4
	oneTry      = 10 * time.Second
	allTries    = 45 * time.Second
	longestWait = 15 * time.Second // a server that asks for more is not waited for
)

// Send delivers a message. It gives up after four tries or 45 seconds.
func (s Sender) Send(ctx context.Context, t Target, m Message) error {
	var body []byte
	var err error
	switch t.Kind {
	case "slack":
		body, err = Slack(m)
	case "teams":
		body, err = Teams(m)
	case "webhook":
		body, err = json.Marshal(m)
	default:
		return fmt.Errorf("%q is no kind of notice", t.Kind)
	}
	if err != nil {
		return fmt.Errorf("%s notice: %w", t.Kind, err)
	}
	header := func(h http.Header, now time.Time) error {
		if t.Kind != "webhook" {
			return nil
		}
		h.Set("Webhook-Id", "fairtrial_"+m.Run) // the same for every try: a receiver can drop what it has seen
		h.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
		if t.Secret == "" {
			return nil
		}
		sig, err := Sign(t.Secret, h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"), body)
		h.Set("Webhook-Signature", sig)
		return err
	}
	if err := s.post(ctx, t.URL, body, header); err != nil {
		return fmt.Errorf("%s notice: %w", t.Kind, err)
	}
	return nil
}

// Sign is the signature of Standard Webhooks: "v1," and the base64 of the HMAC-SHA256 of
// id.timestamp.body. A secret that begins with whsec_ is base64, another is its bytes.
func Sign(secret, id, timestamp string, body []byte) (string, error) {
	key := []byte(secret)
	if text, ok := strings.CutPrefix(secret, "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(text); err != nil {
			return "", errors.New("the secret begins with whsec_, but what follows is not base64")
		}
	}
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.", id, timestamp)
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// post tries until the receiver has it, refuses it or time is up.
func (s Sender) post(ctx context.Context, address string, body []byte, header func(http.Header, time.Time) error) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("the address is no http(s) address")
	}
	client, now, wait := s.Client, s.Now, s.Wait
	if client == nil {
		client = rest.Client(oneTry, 0)
	}
	if now == nil {
		now = time.Now
	}
	if wait == 0 {
		wait = time.Second
	}
	ctx, stop := context.WithTimeout(ctx, allTries)
	defer stop()
	for try := 1; ; try++ {
		again, after, err := once(ctx, client, u, body, header, now())
		if err == nil {
			return nil
		}
		if !again || try == tries || after > longestWait {
			return fmt.Errorf("%s: %w", u.Host, err)
		}
		if rest.Pause(ctx, max(wait<<(try-1), after)) != nil {
			return fmt.Errorf("%s: %w; given up", u.Host, err)
		}
	}
}

func once(ctx context.Context, client *http.Client, u *url.URL, body []byte, header func(http.Header, time.Time) error, now time.Time) (again bool, after time.Duration, err error) {
	ctx, stop := context.WithTimeout(ctx, oneTry)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return false, 0, errors.New("the address cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "fairtrial")
	if err := header(req.Header, now); err != nil {
		return false, 0, err
	}
	a, err := client.Do(req)
	if err != nil {
		return true, 0, plain(err)
	}
	defer func() { _ = a.Body.Close() }()
	_ = rest.Start(a.Body) // so that the connection can be used again
	if a.StatusCode >= 200 && a.StatusCode < 300 {
		return false, 0, nil
	}
	if s, convErr := strconv.Atoi(a.Header.Get("Retry-After")); convErr == nil && s > 0 {
		after = time.Duration(s) * time.Second
	}
	again = rest.Busy(a.StatusCode) || a.StatusCode >= 500
	return again, after, fmt.Errorf("the receiver answers %d %s", a.StatusCode, http.StatusText(a.StatusCode))
}

// plain is an error of the network without the address, whose path is often a secret.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return errors.New("no answer in time")
		}
		err = u.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return errors.New("cannot connect: " + op.Err.Error())
	}
	return err
}
