//go:build gcs

package connect

import _ "gocloud.dev/blob/gcsblob" // gs://
