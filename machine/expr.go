package machine

import (
	"math"
	"math/big"
	"time"

	"detente/agreement"
)

// never is the instant of what has not happened: an unset instant, and the
// instant of a timer that is not armed.
const never = agreement.Instant(math.MaxInt64)

// A value is what an expression gives. Set is false for what is not known
// yet: an instant that has not come, a reading that nobody has reported.
type value struct {
	set bool
	n   int64    // bool as 0 or 1, instant, duration, word, or whole number
	rat *big.Rat // number; nil: n is the number
}

var unset value

func truth(b bool) value {
	if b {
		return value{set: true, n: 1}
	}
	return value{set: true}
}

func (v value) isTrue() bool  { return v.set && v.n == 1 }
func (v value) isFalse() bool { return v.set && v.n == 0 }

func (v value) exact() *big.Rat {
	if v.rat != nil {
		return v.rat
	}
	return new(big.Rat).SetInt64(v.n)
}

type opcode uint8

const (
	opConst    opcode = iota
	opIs              // slot holds want
	opIsNot           // slot does not hold want
	opLifted          // slot holds lifted, or the lifting was reported and is assumed
	opInForce         // the opposite of opLifted
	opInstant         // slot, an instant
	opInteger         // slot, a whole number
	opNumber          // number
	opFact            // slot, once the slot want is 1
	opNot             //
	opAnd             //
	opOr              //
	opCompare         // want is the comparison
	opAdd             //
	opSub             //
	opIf              //
	opEarliest        //
	opLatest          //
	opEndOfDay        //
	opAll             //
	opAny             //
	opCount           //
	opTally           // how many of slots hold a vote of the set want, by weights
	opVetoed          // any of slots holds want
	opMonths          // want months after an instant; slot 1: a missing day is the next one
	opReading         // the question of slot is read as want
	opAtLeast         // slot holds want or more
	opShare           // the first, a constant, of the second
)

const (
	cmpEq = iota
	cmpNe
	cmpLt
	cmpLe
	cmpGt
	cmpGe
)

// An expr is an agreement.Expr with its names turned into slots.
type expr struct {
	op   opcode
	slot int32
	want int64
	val  value
	args []*expr
	kind agreement.ValueType
	zone *time.Location
	src  agreement.Expr

	slots   []int32 // of opTally and opVetoed
	weights []int64 // of opTally, by slot
	barred  []int32 // flags by slot that take its vote away, -1 for none; nil: none at all
}

// A reader gives the values of slots: a state, or a state as it was.
type reader interface {
	slot(i int32) int64
	number(i int32) *big.Rat
	read(status int32) int64   // how an open question, by its status slot, is read here; 0: left open
	assumed(status int32) bool // the lifting of the measure with this status slot is taken as true
}

// eval is total. Conditions follow Kleene's three-valued logic with unset as
// the third value; anything else is unset if a part of it is.
func eval(r reader, e *expr) value {
	switch e.op {
	case opConst:
		return e.val
	case opIs:
		return truth(r.slot(e.slot) == e.want)
	case opIsNot:
		return truth(r.slot(e.slot) != e.want)
	case opLifted:
		return truth(r.slot(e.slot) == measureLifted || r.assumed(e.slot))
	case opInForce:
		return truth(r.slot(e.slot) != measureLifted && !r.assumed(e.slot))
	case opInstant:
		n := r.slot(e.slot)
		return value{set: n != int64(never), n: n}
	case opInteger:
		return value{set: true, n: r.slot(e.slot)}
	case opNumber:
		q := r.number(e.slot)
		return value{set: q != nil, rat: q}
	case opFact:
		return value{set: r.slot(int32(e.want)) == 1, n: r.slot(e.slot)}
	case opNot:
		v := eval(r, e.args[0])
		return value{set: v.set, n: 1 - v.n}
	case opAnd, opAll:
		return evalAll(r, e.args)
	case opOr, opAny:
		return evalAny(r, e.args)
	case opCount:
		return evalCount(r, e.args)
	case opTally, opVetoed:
		return evalTally(r, e)
	case opReading:
		return evalReading(r, e)
	case opAtLeast:
		return truth(r.slot(e.slot) >= e.want)
	case opMonths:
		v := eval(r, e.args[0])
		if v.set {
			v.n = int64(agreement.AddMonths(agreement.Instant(v.n), int(e.want), e.zone, e.slot == 1))
		}
		return v
	case opShare:
		x, y := eval(r, e.args[0]), eval(r, e.args[1])
		return value{set: x.set && y.set, rat: new(big.Rat).Mul(x.exact(), y.exact())}
	case opCompare:
		return evalCompare(r, e)
	case opAdd, opSub:
		return evalSum(r, e)
	case opIf:
		switch c := eval(r, e.args[0]); {
		case c.isTrue():
			return eval(r, e.args[1])
		case c.isFalse():
			return eval(r, e.args[2])
		}
		return unset
	case opEarliest, opLatest:
		return evalExtreme(r, e)
	case opEndOfDay:
		v := eval(r, e.args[0])
		if v.set {
			v.n = int64(agreement.EndOfDay(agreement.Instant(v.n), e.zone))
		}
		return v
	}
	panic("machine: unknown operation")
}

func evalAll(r reader, args []*expr) value {
	result := truth(true)
	for _, a := range args {
		switch v := eval(r, a); {
		case v.isFalse():
			return v
		case !v.set:
			result = unset
		}
	}
	return result
}

func evalAny(r reader, args []*expr) value {
	result := truth(false)
	for _, a := range args {
		switch v := eval(r, a); {
		case v.isTrue():
			return v
		case !v.set:
			result = unset
		}
	}
	return result
}

// evalCount counts the conditions that are true: one not known is not one.
func evalCount(r reader, args []*expr) value {
	result := value{set: true}
	for _, a := range args {
		if eval(r, a).isTrue() {
			result.n++
		}
	}
	return result
}

func evalCompare(r reader, e *expr) value {
	x, y := eval(r, e.args[0]), eval(r, e.args[1])
	if !x.set || !y.set {
		return unset
	}
	c := 0
	switch {
	case x.rat != nil || y.rat != nil:
		c = x.exact().Cmp(y.exact())
	case x.n < y.n:
		c = -1
	case x.n > y.n:
		c = 1
	}
	switch e.want {
	case cmpEq:
		return truth(c == 0)
	case cmpNe:
		return truth(c != 0)
	case cmpLt:
		return truth(c < 0)
	case cmpLe:
		return truth(c <= 0)
	case cmpGt:
		return truth(c > 0)
	}
	return truth(c >= 0)
}

// evalSum adds or subtracts. A time too far to count is one that never comes.
func evalSum(r reader, e *expr) value {
	x, y := eval(r, e.args[0]), eval(r, e.args[1])
	if !x.set || !y.set {
		return unset
	}
	if x.rat == nil && y.rat == nil {
		if n, ok := sum(x.n, y.n, e.op == opSub); ok {
			return value{set: true, n: n}
		}
		if e.kind != agreement.TypeNumber {
			return unset
		}
	}
	if e.op == opSub {
		return value{set: true, rat: new(big.Rat).Sub(x.exact(), y.exact())}
	}
	return value{set: true, rat: new(big.Rat).Add(x.exact(), y.exact())}
}

// sum adds y, or takes it away; not ok beyond what instants can be.
func sum(x, y int64, minus bool) (int64, bool) {
	if minus {
		if y == math.MinInt64 {
			return 0, false
		}
		y = -y
	}
	if y > 0 && x > math.MaxInt64-y || y < 0 && x < math.MinInt64-y || x+y == int64(never) {
		return 0, false
	}
	return x + y, true
}

// evalExtreme is the earliest of the instants that are set, or the latest once
// all are: an instant that has not come is later than any other.
func evalExtreme(r reader, e *expr) value {
	best := unset
	for _, a := range e.args {
		v := eval(r, a)
		switch {
		case !v.set && e.op == opLatest:
			return unset
		case !v.set:
		case !best.set, e.op == opEarliest && v.n < best.n, e.op == opLatest && v.n > best.n:
			best = v
		}
	}
	return best
}
