package machine

import (
	"fmt"
	"strings"
)

// unknownWord is the error for a word that is not one of those known, with the
// nearest of them.
func unknownWord(message, word string, known []string) error {
	if len(word) > maxWord {
		word = word[:maxWord] + "..."
	}
	if near := nearest(word, known); near != "" {
		return fmt.Errorf("%s %q: did you mean `%s`?", message, word, near)
	}
	if len(known) > 12 {
		known = known[:12]
	}
	return fmt.Errorf("%s %q: expected one of %s", message, word, strings.Join(known, ", "))
}

// nearest is the known word with the fewest letters changed, the first of
// several; "" if none is near.
func nearest(word string, known []string) string {
	best, least := "", 1+min(3, (len(word)+1)/3)
	for _, k := range known {
		if d := letters(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// letters counts the letters to insert, delete or replace to turn a into b.
func letters(a, b string) int {
	if len(a) > maxWord+3 || len(b) > maxWord+3 {
		return maxWord
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
