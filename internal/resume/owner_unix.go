//go:build unix

package resume

import (
	"io/fs"
	"os"
	"syscall"
)

// ownedByMe is whether a file is of the user whose process this is.
func ownedByMe(info fs.FileInfo) (mine, known bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid(), ok
}
