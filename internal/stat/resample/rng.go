// Package resample draws seeded bootstrap resamples of counts and turns them into
// intervals. It refuses hidden randomness: every generator comes from a seed and
// names, and no draw depends on time, on map order or on the number of workers.
package resample

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// RNG is a stream of random numbers (PCG-DXSM with 128 bits of state). One RNG must
// not be shared between goroutines; give each piece of work its own by its keys.
type RNG struct{ pcg *rand.PCG }

// NewRNG starts the stream that belongs to a seed and the names of what it is for.
// The state is SHA-256 of the seed and the keys, each with its length, so that
// ("ab","c") and ("a","bc") are different streams.
func NewRNG(seed uint64, keys ...string) *RNG {
	text := binary.LittleEndian.AppendUint64(nil, seed)
	for _, k := range keys {
		text = binary.LittleEndian.AppendUint64(text, uint64(len(k)))
		text = append(text, k...)
	}
	sum := sha256.Sum256(text)
	return &RNG{rand.NewPCG(binary.LittleEndian.Uint64(sum[0:]), binary.LittleEndian.Uint64(sum[8:]))}
}

// Uint64 is uniform over all 64-bit values.
func (r *RNG) Uint64() uint64 { return r.pcg.Uint64() }

// Float64 is uniform on the multiples of 2^-53 in [0,1).
func (r *RNG) Float64() float64 { return float64(r.pcg.Uint64()>>11) * 0x1p-53 }

// open is uniform on (0,1): never 0, never 1.
func (r *RNG) open() float64 { return (float64(r.pcg.Uint64()>>12) + 0.5) * 0x1p-52 }

// Normal is standard normal, by inversion (one Uint64 each).
func (r *RNG) Normal() float64 { return dist.NormQuantile(r.open()) }
