package agreement

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"detente/agreement/syntax"
)

// A value is one attribute decoded by its row of the table. Conditions and
// instants stay trees until every name is known.
type value struct {
	node   syntax.Node
	at     Range
	label  Range // of the attribute's name
	text   string
	number int64
	names  []Name
	places []Range // of names or of a list's elements
	list   []string
	fields values

	roles   []*Role          // of ShapeRoles
	weights map[string]int64 // of ShapeWeights; looked up by name only
}

// values are the attributes of a block or object, by name. They are looked up
// by name only.
type values map[string]*value

func (v values) has(name string) bool { return v[name] != nil }

func (v values) get(name string) *value {
	if x := v[name]; x != nil {
		return x
	}
	return &value{}
}

// fields decodes attributes: known, once each, well shaped, none missing.
// owner is where a missing one is reported and what it is called.
func (c *checker) fields(fields []*syntax.Field, specs []AttributeSpec, owner syntax.Span, what string) values {
	vs := make(values)
	seen := make(map[string]bool)
	for _, f := range fields {
		spec := findAttribute(specs, f.Name.Text)
		switch {
		case spec == nil:
			var names []string
			for _, s := range specs {
				if !s.Later {
					names = append(names, s.Name)
				}
			}
			c.error(CodeUnknownAttribute, f.Name.Span, fmt.Sprintf("%s has no attribute `%s`", what, f.Name.Text), c.suggest(f.Name.Text, names, "it may have "+strings.Join(names, ", ")))
		case seen[f.Name.Text]:
			c.error(CodeDuplicateAttribute, f.Name.Span, fmt.Sprintf("`%s` is given twice", f.Name.Text), "keep one of them")
		case spec.Later:
			c.error(CodeLater, f.Name.Span, fmt.Sprintf("`%s` is not in version 1 of the language", f.Name.Text), "leave it out for now, or keep it as a comment")
		default:
			v := &value{node: f.Value, at: c.at(f.Value.Pos()), label: c.at(f.Name.Span)}
			if c.shape(v, spec) {
				vs[spec.Name] = v
			}
		}
		seen[f.Name.Text] = true
	}
	for i := range specs {
		if specs[i].Required && !seen[specs[i].Name] {
			c.error(CodeMissingAttribute, owner, fmt.Sprintf("%s lacks `%s`", what, specs[i].Name), fmt.Sprintf("add `%s = ...`: %s", specs[i].Name, lowerFirst(strings.TrimSuffix(specs[i].Doc, "."))))
		}
	}
	return vs
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// shape decodes a value by its shape; false after an error.
func (c *checker) shape(v *value, spec *AttributeSpec) bool {
	switch spec.Shape {
	case ShapeRecipient:
		return c.stringValue(v) && c.recipient(v.text, v.at)
	case ShapeString, ShapeKey, ShapeWitnessKey:
		return c.stringValue(v) && (spec.Shape != ShapeKey || c.key(v.text, v.at)) && (spec.Shape != ShapeWitnessKey || c.witnessKey(v.text, v.at))
	case ShapeFile:
		return c.stringValue(v) && c.fileValue(v)
	case ShapeZone:
		return c.stringValue(v)
	case ShapeWord, ShapeYesNo:
		return c.wordValue(v, spec)
	case ShapeUnit:
		return c.unitValue(v)
	case ShapeWhole:
		return c.wholeValue(v, spec)
	case ShapeDuration:
		return c.durationValue(v, spec)
	case ShapeName, ShapeNames:
		return c.namesValue(v, spec)
	case ShapeWords, ShapeKeys:
		return c.listValue(v, spec)
	case ShapeObject:
		o, ok := v.node.(*syntax.Object)
		if !ok {
			return c.wrong(v, "options in braces, as in `{ name = value }`")
		}
		before := c.errors
		v.fields = c.fields(o.Fields, spec.Fields, o.Span, "`"+spec.Name+"`")
		return c.errors == before
	case ShapeRoles:
		return c.rolesValue(v)
	case ShapeWeights:
		return c.weightsValue(v)
	case ShapeInstant, ShapeCondition, ShapeDeed, ShapeRule:
		return true // typed when every name is known
	}
	panic("agreement: the table has a shape that nothing decodes: " + string(spec.Shape))
}

func (c *checker) wrong(v *value, want string) bool {
	c.errorAt(CodeWrongValue, v.at, fmt.Sprintf("expected %s, found %s", want, describe(v.node)), wrongHint(v.node, want))
	return false
}

func wrongHint(n syntax.Node, want string) string {
	switch n.(type) {
	case *syntax.String:
		return unquoted(n)
	case *syntax.List:
		if strings.HasPrefix(want, "the name of") {
			return "one name stands here; declare a block for each"
		}
	}
	return ""
}

func describe(n syntax.Node) string {
	switch n := n.(type) {
	case *syntax.Word:
		return "the word `" + n.Text + "`"
	case *syntax.String:
		return "a string"
	case *syntax.Number:
		if n.Unit != "" {
			return "`" + n.Text + " " + n.Unit + "`"
		}
		return "the number " + n.Text
	case *syntax.Date:
		return "a date"
	case *syntax.Instant:
		return "an instant"
	case *syntax.List:
		return "a list"
	case *syntax.Object:
		return "options in braces"
	}
	return "an expression"
}

func (c *checker) stringValue(v *value) bool {
	s, ok := v.node.(*syntax.String)
	if !ok {
		return c.wrong(v, "a string in double quotes")
	}
	if s.Value == "" || len(s.Value) > maxText {
		c.errorAt(CodeOutOfRange, v.at, fmt.Sprintf("a string has 1 to %d bytes; this one has %d", maxText, len(s.Value)), "")
		return false
	}
	v.text = s.Value
	return true
}

func (c *checker) fileValue(v *value) bool {
	if reason := badPath(v.text); reason != "" {
		c.errorAt(CodeBadPath, v.at, reason, "name a file in the folder of the agreement")
		return false
	}
	if _, ok := c.bundle.File(v.text); !ok || isText(v.text) || strings.HasPrefix(v.text, zoneFolder) {
		c.errorAt(CodeMissingFile, v.at, fmt.Sprintf("the bundle has no text %q", v.text), "put the file beside the agreement")
		return false
	}
	c.named[v.text] = true
	return true
}

func (c *checker) wordValue(v *value, spec *AttributeSpec) bool {
	words := spec.Words
	if spec.Shape == ShapeYesNo {
		words = []string{"yes", "no"}
	}
	want := "`" + strings.Join(words, "` or `") + "`"
	w, ok := v.node.(*syntax.Word)
	if !ok {
		return c.wrong(v, want)
	}
	for _, x := range words {
		if x == w.Text {
			v.text = w.Text
			return true
		}
	}
	c.errorAt(CodeUnknownWord, v.at, fmt.Sprintf("expected %s, found `%s`", want, w.Text), c.suggest(w.Text, words, ""))
	return false
}

func (c *checker) unitValue(v *value) bool {
	w, ok := v.node.(*syntax.Word)
	if !ok {
		return c.wrong(v, "a unit such as `kg` or `%`")
	}
	if _, isTime := timeUnits[w.Text]; isTime || calendarUnits[w.Text] {
		c.errorAt(CodeUnit, v.at, fmt.Sprintf("`%s` measures time, and a reading is a number", w.Text), "choose another word, for example `day-count`")
		return false
	}
	v.text = w.Text
	return true
}

func (c *checker) wholeValue(v *value, spec *AttributeSpec) bool {
	n, ok := v.node.(*syntax.Number)
	if !ok || n.Unit != "" || !n.Value.IsInt() {
		return c.wrong(v, "a whole number")
	}
	if n.Value.Cmp(big.NewRat(spec.Low, 1)) < 0 || n.Value.Cmp(big.NewRat(spec.High, 1)) > 0 {
		c.errorAt(CodeOutOfRange, v.at, fmt.Sprintf("`%s` is a whole number from %d to %d", spec.Name, spec.Low, spec.High), "")
		return false
	}
	v.number = n.Value.Num().Int64()
	return true
}

func (c *checker) durationValue(v *value, spec *AttributeSpec) bool {
	n, ok := v.node.(*syntax.Number)
	if !ok {
		return c.wrong(v, "a duration such as `14 days`")
	}
	d, ok := c.duration(n)
	if !ok {
		return false
	}
	if int64(d) < spec.Low || int64(d) > spec.High {
		c.errorAt(CodeOutOfRange, v.at, fmt.Sprintf("`%s` is a duration from %s to %s", spec.Name, Duration(spec.Low), Duration(spec.High)), "")
		return false
	}
	v.number = int64(d)
	return true
}

// timeUnits are the units of durations. Months and years are not: they have
// no fixed length.
var timeUnits = map[string]Duration{
	"second": second, "seconds": second, "minute": minute, "minutes": minute, "hour": hour, "hours": hour,
	"day": day, "days": day, "week": week, "weeks": week,
}

var calendarUnits = map[string]bool{"month": true, "months": true, "year": true, "years": true}

// duration reads a number with a unit of time, in whole seconds.
func (c *checker) duration(n *syntax.Number) (Duration, bool) {
	unit, ok := timeUnits[n.Unit]
	switch {
	case n.Unit == "":
		c.error(CodeWrongValue, n.Span, "a duration needs its unit", "write for example `14 days`")
		return 0, false
	case calendarUnits[n.Unit]:
		c.error(CodeMonthLength, n.UnitSpan, fmt.Sprintf("`%s` has no fixed length: a month has 28 to 31 days, a year 365 or 366", n.Unit), "give days, or the date itself")
		return 0, false
	case !ok:
		c.error(CodeUnknownUnit, n.UnitSpan, fmt.Sprintf("`%s` is no unit of time", n.Unit), c.suggest(n.Unit, []string{"seconds", "minutes", "hours", "days", "weeks"}, "the units of time are seconds, minutes, hours, days, weeks"))
		return 0, false
	}
	secs := new(big.Rat).Mul(n.Value, big.NewRat(int64(unit), 1))
	if !secs.IsInt() {
		c.error(CodeOutOfRange, n.Span, "a duration is a whole number of seconds", "")
		return 0, false
	}
	if secs.Sign() < 0 || secs.Cmp(big.NewRat(int64(maxDuration), 1)) > 0 {
		c.error(CodeOutOfRange, n.Span, fmt.Sprintf("a duration is from nothing to %s", maxDuration), "")
		return 0, false
	}
	return Duration(secs.Num().Int64()), true
}

// String is the duration as it is written in a text: the largest unit that
// divides it.
func (d Duration) String() string {
	unit, name := second, "second"
	switch {
	case d == 0:
	case d%day == 0:
		unit, name = day, "day"
	case d%hour == 0:
		unit, name = hour, "hour"
	case d%minute == 0:
		unit, name = minute, "minute"
	}
	n := int64(d / unit)
	if n != 1 {
		name += "s"
	}
	return strconv.FormatInt(n, 10) + " " + name
}

// listValue decodes a list of words or of keys; one element needs no brackets.
func (c *checker) listValue(v *value, spec *AttributeSpec) bool {
	elems, limit := []syntax.Node{v.node}, maxCameras
	if spec.Shape == ShapeKeys {
		limit = maxKeys
	}
	if l, ok := v.node.(*syntax.List); ok {
		elems = l.Elems
	}
	if !c.length(v, len(elems), limit) {
		return false
	}
	before := c.errors
	for _, e := range elems {
		x := &value{node: e, at: c.at(e.Pos())}
		if spec.Shape == ShapeKeys {
			if c.stringValue(x) && c.key(x.text, x.at) {
				v.list = append(v.list, x.text)
				v.places = append(v.places, x.at)
			}
			continue
		}
		w, ok := e.(*syntax.Word)
		if !ok || w.Text == "%" {
			c.wrong(x, "a word")
			continue
		}
		if len(spec.Words) > 0 && !slices.Contains(spec.Words, w.Text) {
			c.error(CodeUnknownWord, w.Span, fmt.Sprintf("expected `%s`, found `%s`", strings.Join(spec.Words, "` or `"), w.Text), c.suggest(w.Text, spec.Words, ""))
		}
		for _, other := range v.list {
			if other == w.Text {
				c.error(CodeRepeatedItem, w.Span, fmt.Sprintf("`%s` stands twice in the list", w.Text), "")
			}
		}
		v.list = append(v.list, w.Text)
		v.places = append(v.places, x.at)
	}
	return c.errors == before
}

func (c *checker) length(v *value, n, limit int) bool {
	if n == 0 || n > limit {
		c.errorAt(CodeListLength, v.at, fmt.Sprintf("expected 1 to %d elements, found %d", limit, n), "")
		return false
	}
	return true
}

// clip keeps a message short whatever the text holds.
func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	i := 60
	for !utf8.RuneStart(s[i]) {
		i--
	}
	return s[:i] + "..."
}
