package rows

// Ways are the same rows clustered by the second column, and by the cells of both.
func (r *Rows) Ways() (second, both *Rows) {
	a, b := *r, *r
	a.Cluster, a.ClusterHash = r.Crossed, r.CrossedHash
	a.Crossed, a.CrossedHash, b.Crossed, b.CrossedHash = nil, nil, nil, nil
	b.Cluster, b.ClusterHash = make([]uint32, r.N), nil
	seen := make(map[uint64]uint32, len(r.ClusterHash))
	for i := range b.Cluster {
		cell := uint64(r.Cluster[i])<<32 | uint64(r.Crossed[i])
		code, ok := seen[cell]
		if !ok {
			code = uint32(len(b.ClusterHash))
			seen[cell] = code
			b.ClusterHash = append(b.ClusterHash, mix(r.ClusterHash[r.Cluster[i]]^mix(r.CrossedHash[r.Crossed[i]])))
		}
		b.Cluster[i] = code
	}
	return &a, &b
}

// mix spreads a hash over all its bits (the finisher of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
