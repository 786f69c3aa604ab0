package main

import (
	"errors"

	"detente/depositary"
	"detente/internal/durable"
	"detente/mirror"
	"detente/record/store"
)

// verdict gives exit status 1 to what was checked and is not as it should be:
// a record that is not what was seen before, a store that lost entries, a
// folder whose files were altered. Anything else could not be found out.
func verdict(err error) error {
	switch {
	case err == nil || isNo(err):
		return err
	case errors.Is(err, store.ErrDamaged), errors.Is(err, store.ErrRollback),
		is[*mirror.DivergenceError](err), is[*mirror.CorruptError](err), is[*depositary.LostError](err),
		is[*depositary.SucceededError](err), is[*depositary.AheadError](err), is[*durable.DamagedError](err):
		return no(err)
	}
	return err
}

// is reports whether an error is, or wraps, one of this type.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
