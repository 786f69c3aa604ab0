package agreement

import (
	"fmt"
	"sort"
	"strings"
)

// suggest is a hint that names the nearest known word, or the general hint if
// none is near. Nothing is searched for a diagnostic that will not be shown.
func (c *checker) suggest(word string, known []string, general string) string {
	if len(c.diags) >= maxDiagnostics {
		return ""
	}
	best, distance := "", 1+min(3, (len(word)+1)/3)
	sorted := append([]string(nil), known...)
	sort.Strings(sorted)
	for _, k := range sorted {
		if d := editDistance(word, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return general
	}
	return fmt.Sprintf("did you mean `%s`?", best)
}

// withArticle puts a or an before a word of the language.
func withArticle(word string) string {
	if word != "" && strings.IndexByte("aeio", word[0]) >= 0 {
		return "an " + word
	}
	return "a " + word
}

// editDistance counts the letters to insert, delete, replace or swap with a
// neighbour to turn a into b (optimal string alignment).
func editDistance(a, b string) int {
	if len(a) > 80 || len(b) > 80 || len(a)-len(b) > 4 || len(b)-len(a) > 4 {
		return 80
	}
	two, one, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, one[j]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one, row = one, row, two
	}
	return one[len(b)]
}
