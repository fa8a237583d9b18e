//go:build azure

package connect

import _ "gocloud.dev/blob/azureblob" // az://
