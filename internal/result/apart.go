package result

// Apart is a slice's value less that of all other rows. Many slices by many metrics are read
// at once: PAdjusted is corrected over all of them (Benjamini–Hochberg), and Verdict follows it.
type Apart struct {
	Difference Number         `json:"difference"`
	Lower      Number         `json:"lower"`
	Upper      Number         `json:"upper"`
	P          Number         `json:"p_value"`
	PAdjusted  Number         `json:"p_adjusted"`
	FamilySize int            `json:"family_size"`
	Verdict    CompareVerdict `json:"verdict"`
	Method     string         `json:"method"`
	Notes      []string       `json:"notes,omitempty"`
}
