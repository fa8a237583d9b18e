package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/stat/ppi"
)

// largestCard is more than any card is long.
const largestCard = 1 << 20

// cardFile is what a plan reads of `judge card --json`.
type cardFile struct {
	Schema string `json:"schema"`
	Judge  string `json:"judge"`
	System string `json:"system"`
	Counts *struct {
		Good       int `json:"good"`
		GoodPassed int `json:"good_passed"`
		Bad        int `json:"bad"`
		BadFailed  int `json:"bad_failed"`
	} `json:"counts"`
}

// readCard reads and checks a card.
func readCard(text []byte) (*cardFile, error) {
	var c cardFile
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	switch k := c.Counts; {
	case c.Schema != cardSchema:
		return nil, fmt.Errorf("its schema is %q, %q is expected", clip(c.Schema, 60), cardSchema)
	case c.Judge == "":
		return nil, errors.New("it does not say whose card it is")
	case k == nil:
		return nil, errors.New("it has no counts of good and bad answers: the judge does not pass and fail, or the card was made by an earlier version")
	case k.GoodPassed < 0 || k.GoodPassed > k.Good || k.BadFailed < 0 || k.BadFailed > k.Bad || k.Good > 1e9 || k.Bad > 1e9:
		return nil, fmt.Errorf("its counts do not go together: %d of %d good answers passed, %d of %d bad ones failed", k.GoodPassed, k.Good, k.BadFailed, k.Bad)
	case k.Good < ppi.MinOfClass || k.Bad < ppi.MinOfClass:
		return nil, fmt.Errorf("it rests on %d good and %d bad answers, at least %d of each are needed", k.Good, k.Bad, ppi.MinOfClass)
	}
	return &c, nil
}

// pinCards reads the cards of a plan's scorers. A card of another judge is refused, and so
// are two of one system.
func (e *Env) pinCards(p *plan.Plan) error {
	const hint = "make it of a record: fairtrial judge card RECORD --scorer NAME --json"
	for i := range p.Scorers {
		s := &p.Scorers[i]
		systems, own := map[string]string{}, p.ScorerIdentity(*s)
		for k := range s.Cards {
			c := &s.Cards[k]
			text, err := readUpTo(inFolder(p, c.Source), largestCard)
			if err != nil {
				return p.LabelsProblem(s.As, "a card beside the plan", "%s: %s", c.Source, plainly(err))
			}
			x, err := readCard(text)
			if err != nil {
				return p.LabelsProblem(s.As, hint, "%s: %v", c.Source, err)
			}
			if x.Judge != own {
				return p.LabelsProblem(s.As, "another model, prompt, rubric or parameter is another judge: make cards of this one", "%s is the card of the judge %s; this one is %s", c.Source, shortDigest(x.Judge), shortDigest(own))
			}
			if other, twice := systems[x.System]; twice && x.System != "" {
				return p.LabelsProblem(s.As, "cards say how a judge varies between systems: each of another system", "%s and %s are of one system", other, c.Source)
			}
			systems[x.System] = c.Source
			c.Good, c.GoodPassed, c.Bad, c.BadFailed = x.Counts.Good, x.Counts.GoodPassed, x.Counts.Bad, x.Counts.BadFailed
			sum := sha256.Sum256(text)
			c.Digest = "sha256:" + hex.EncodeToString(sum[:])
		}
	}
	return nil
}

func readUpTo(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("it is longer than %d bytes", most)
	}
	return text, err
}

// shortDigest is enough of a digest to tell it from others.
func shortDigest(d string) string {
	d = strings.TrimPrefix(d, "sha256:")
	return clip(d, 12)
}
