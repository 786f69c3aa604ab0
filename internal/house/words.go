package house

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// texts are the kinds of files that people read.
var texts = []string{".go", ".md", ".txt", ".txtar", ".agreement", ".scenario", ".sh", ".html", ".css", ".js", ".mod", ".yml", ".yaml", ".json", ".tmpl", ""}

// A ban is a pattern that no text of the repository holds, and why. The
// patterns are written so that they do not match themselves.
type ban struct {
	pattern *regexp.Regexp
	why     string
}

var bans = []ban{
	{regexp.MustCompile(`\bTO[D]O\b|\bFI[X]ME\b|\bXX[X]\b`), "is a note to oneself: do it, or say what is missing where users read it"},
	{regexp.MustCompile(`(?i)\bses[s]ions?\b`), "is a word of the workplace; use the glossary's (talks, run, connection)"},
	{regexp.MustCompile(`(^|[^\w.~-])/wor[k]/`), "is a path of one machine"},
	{regexp.MustCompile(`(?i)\bissue[ ]#\d*`), "cites a ticket: say the reason itself"},
}

// Words finds banned words. An exception is "path word" with its reason.
func Words(t *Tree, except map[string]string) []Finding {
	var out []Finding
	for _, f := range t.Files {
		if !slices.Contains(texts, path.Ext(f.Path)) || strings.ContainsRune(string(f.Data[:min(len(f.Data), 512)]), 0) {
			continue
		}
		for i, line := range strings.Split(string(f.Data), "\n") {
			for _, b := range bans {
				word := b.pattern.FindString(line)
				if word == "" {
					continue
				}
				if _, ok := except[f.Path+" "+strings.TrimSpace(word)]; !ok {
					out = append(out, Finding{fmt.Sprintf("%s:%d", f.Path, i+1), fmt.Sprintf("%q %s", strings.TrimSpace(word), b.why)})
				}
			}
		}
	}
	return out
}
