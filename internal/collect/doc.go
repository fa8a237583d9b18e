// Package collect asks a provider about every case and keeps each answer: paced by what
// the provider takes, durable before the next question, resumable after any end. It
// refuses to ask twice for an answer that it has, to spend more than its budget, and to
// count a call whose outcome it does not know as one that did not happen.
//
// A folder holds one collection:
//
//	answers.log            append-only, checksummed: what was begun, answered, failed
//	answers-<sha256>.fta   the finished artifact: compressed chunks, indexed by case
//
// Run writes both; Open reads an artifact.
package collect
