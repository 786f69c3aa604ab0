package record

import (
	"fmt"

	"detente/agreement"
	"detente/machine"
)

// A Version is a text of the agreement, from when it is in force on.
type Version struct {
	Agreement *agreement.Agreement // its ID is the digest of its bundle
	Amendment *agreement.Amendment // what it changed; nil of the first
	Carried   *machine.Carried     // what became of the state; nil of the first
	Bundle    *agreement.Bundle    // nil of the first, which is not on the record
	From      int64                // in force in the fold of every prefix of at least this size, until the next
	Entry     int64                // of the last consent; 0 of the first
	At        agreement.Instant    // its effect; Beginning of the first
	changed   map[subject]bool     // by the new names
}

// A subject is a block that statements speak of.
type subject struct {
	noun agreement.Noun
	name agreement.Name
}

// InForce is the text in force as the record stands. Its ID is what statements
// name as the bundle that they are made under; the agreement's own id stays
// that of Agreement.
func (f *Fold) InForce() *agreement.Agreement { return f.versions[len(f.versions)-1].Agreement }

// Versions are the texts that have been in force, the first first. The caller
// must not change what they point to.
func (f *Fold) Versions() []*Version { return f.versions }

// VersionAt is the text in force in the fold of the first size entries.
func (f *Fold) VersionAt(size int64) *Version {
	i := len(f.versions) - 1
	for i > 0 && f.versions[i].From > size {
		i--
	}
	return f.versions[i]
}

// version is the place of a text among the versions; -1 if it never was in force.
func (f *Fold) version(bundle agreement.Digest) int {
	for i := len(f.versions) - 1; i >= 0; i-- {
		if f.versions[i].Agreement.ID == bundle {
			return i
		}
	}
	return -1
}

// Changed is whether the amendment that brought this version changed a block,
// by its name in this version. Of the first version nothing did.
func (v *Version) Changed(noun agreement.Noun, name agreement.Name) bool {
	return v.changed[subject{noun, name}]
}

// today is what a block of the text that a statement was made under is called
// in the text in force; false, with the reason, if an amendment since changed
// or ended it. Somebody is so never held to a clause that he did not see, and
// what was under way when a text was amended is lost only where it must be.
func (f *Fold) today(bundle agreement.Digest, s subject) (agreement.Name, string) {
	name := s.name
	for _, v := range f.versions[f.version(bundle)+1:] {
		now, kept := v.Amendment.Now(name)
		if !kept {
			return "", fmt.Sprintf("made under the text %s; the amendment at entry %d ended %s %s, or no text had it", bundle, v.Entry, s.noun, s.name)
		}
		if v.changed[subject{s.noun, now}] {
			return "", fmt.Sprintf("made under the text %s; %s %s has since been changed by the amendment at entry %d: say it again under the text in force", bundle, s.noun, s.name, v.Entry)
		}
		name = now
	}
	return name, ""
}

// renamed is what a block of the text that a statement was made under is called
// in the text in force, changed or not; "" if it ended.
func (f *Fold) renamed(bundle agreement.Digest, name agreement.Name) agreement.Name {
	for _, v := range f.versions[f.version(bundle)+1:] {
		name, _ = v.Amendment.Now(name)
	}
	return name
}
