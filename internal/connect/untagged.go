//go:build !snowflake || !bigquery

package connect

// untagged refuses a kind that only a build with its tag can read.
func (q Query) untagged() error {
	return q.refuse("build it with -tags "+q.Kind+", or unload the rows to an object store and read that", "this build of fairtrial cannot read %s", q.Kind)
}
