package machine

import (
	"math/big"

	"detente/agreement"
)

// say writes an expression in the words of the language.
func say(e agreement.Expr) string { return agreement.Say(e) }

func sayNumber(q *big.Rat) string { return agreement.SayNumber(q) }

// sayBlock names a block as a sentence does: its name, and its clause if it
// has one.
func sayBlock(b agreement.Block) string {
	if b.Clause == "" {
		return string(b.Name)
	}
	return string(b.Name) + " (clause " + b.Clause + ")"
}
