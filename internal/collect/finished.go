package collect

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// A finished run that is run again asks nothing, and its artifact would come out the same:
// some seconds of reading and compressing 200 k answers. So the folder notes what its last
// artifact was made of. A note that is lost, damaged or of other contents only means that
// the artifact is written again.
const noteName = "finished.json"

type note struct {
	Contents string      `json:"contents"` // digest of the collection and of where its entries lie
	Artifact string      `json:"artifact"` // SHA-256
	Size     int64       `json:"size"`
	Models   []noteModel `json:"models"`
}

type noteModel struct {
	Model
	Answers int64
}

// contents names what an artifact is made of: this log, which only grows, by the nonce in
// its head, and the places of the entries in the order of the cases.
func (r *run) contents() string {
	h := sha256.New()
	h.Write([]byte(r.past.head.Nonce))
	var b []byte
	for _, x := range r.refs {
		b = binary.LittleEndian.AppendUint64(b[:0], uint64(x.at))
		b = binary.LittleEndian.AppendUint32(b, x.index)
		b = binary.LittleEndian.AppendUint64(b, uint64(x.sample))
		b = binary.LittleEndian.AppendUint16(b, x.step)
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// finishedAlready gives the artifact of these contents, path "" if it is not there whole.
func finishedAlready(folder, contents string) (path, digest string, models map[Model]int64) {
	raw, err := os.ReadFile(filepath.Join(folder, noteName))
	var n note
	if err != nil || json.Unmarshal(raw, &n) != nil || n.Contents != contents {
		return "", "", nil
	}
	path = filepath.Join(folder, "answers-"+n.Artifact+".fta")
	if info, err := os.Stat(path); err != nil || info.Size() != n.Size {
		return "", "", nil
	}
	a, err := Open(path)
	if err != nil {
		return "", "", nil
	}
	defer func() { _ = a.Close() }()
	if a.Verify() != nil { // what was changed since is made anew
		return "", "", nil
	}
	models = map[Model]int64{}
	for _, m := range n.Models {
		models[m.Model] = m.Answers
	}
	return path, n.Artifact, models
}

func noteFinished(folder, contents, digest string, models map[Model]int64) error {
	info, err := os.Stat(filepath.Join(folder, "answers-"+digest+".fta"))
	if err != nil {
		return fmt.Errorf("note the artifact: %w", err)
	}
	n := note{Contents: contents, Artifact: digest, Size: info.Size(), Models: []noteModel{}}
	for m, k := range models {
		n.Models = append(n.Models, noteModel{m, k})
	}
	slices.SortFunc(n.Models, func(a, b noteModel) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	b, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("note the artifact: %w", err)
	}
	to := filepath.Join(folder, noteName)
	if err := errors.Join(os.WriteFile(to+".tmp", b, 0o644), os.Rename(to+".tmp", to)); err != nil {
		return fmt.Errorf("note the artifact: %w", err)
	}
	return nil
}
