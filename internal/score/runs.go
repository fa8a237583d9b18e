package score

import "math/bits"

// appendRuns appends where the runs of A–Z, a–z and 0–9 in s begin and end, in turn. It looks
// at eight bytes at a time: branches on single characters are mostly mispredicted.
func appendRuns(dst []int32, s string) []int32 {
	inside := uint64(0) // 1: the byte before is of a run
	i := 0
	for ; i+64 <= len(s); i += 64 {
		mask, block := uint64(0), s[i:i+64]
		for j := 0; j < 64; j += 8 {
			mask |= alphanumerics(load64(block[j:])) << j
		}
		dst = appendBits(dst, mask^(mask<<1|inside), i)
		inside = mask >> 63
	}
	if i < len(s) {
		mask := uint64(0)
		j := 0
		for ; i+j+8 <= len(s); j += 8 {
			mask |= alphanumerics(load64(s[i+j:])) << j
		}
		for ; i+j < len(s); j++ {
			mask |= uint64(bitInt(alphanumeric(s[i+j]))) << j
		}
		dst = appendBits(dst, mask^(mask<<1|inside), i)
	}
	if len(dst)%2 == 1 {
		dst = append(dst, int32(len(s)))
	}
	return dst
}

// appendBits appends the places of the bits that are set, counted from base.
func appendBits(dst []int32, mask uint64, base int) []int32 {
	for ; mask != 0; mask &= mask - 1 {
		dst = append(dst, int32(base+bits.TrailingZeros64(mask)))
	}
	return dst
}

// alphanumerics are the eight bytes of x that are A–Z, a–z or 0–9, the first in the lowest bit.
func alphanumerics(x uint64) uint64 {
	const ones = 0x0101010101010101
	low := x & (0x7f * ones)
	small := low | 0x20*ones
	letter := (small + (0x80-'a')*ones) &^ (small + (0x7f-'z')*ones)
	digit := (low + (0x80-'0')*ones) &^ (low + (0x7f-'9')*ones)
	return (letter | digit) &^ x & (0x80 * ones) >> 7 * 0x0102040810204080 >> 56
}

// alphanumeric are A–Z, a–z and 0–9.
func alphanumeric(c byte) bool { return c|0x20-'a' < 26 || c-'0' < 10 }

func isASCII(s string) bool {
	for ; len(s) >= 8; s = s[8:] {
		if load64(s)&0x8080808080808080 != 0 {
			return false
		}
	}
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// load64 is the first eight bytes, the first in the lowest place.
func load64(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
