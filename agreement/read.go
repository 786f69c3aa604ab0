package agreement

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sort"
	"strings"

	"detente/agreement/syntax"
)

// Version is the newest version of the language that Read knows.
const Version = 1

// A decl is one block as declared, on its way into the model.
type decl struct {
	noun    Noun
	name    Name
	file    string
	block   *syntax.Block
	spec    *NounSpec
	values  values
	damaged bool // a fault of grammar is in it: what it lacks says nothing

	local  Name     // of a stage: its own name
	of     *decl    // the procedure it belongs to; of a procedure: itself
	stages []*decl  // of a procedure
	env    *caseEnv // the case it is a copy for
	cases  []*decl  // copies of it

	members                       []Name // of a group, once expanded
	expanding, expanded, circular bool
}

// A checker reads one bundle.
type checker struct {
	a            *Agreement
	bundle       *Bundle
	file         string // that spans being looked at belong to
	decls        []*decl
	byName       map[Name]*decl
	skeletons    map[string]Name
	named        map[string]bool // files of the bundle that the text names
	keys         map[string]Range
	witnessNames map[string]Range
	recipients   string // the kind of the first age recipient
	expanded     int
	env          *caseEnv // the case in which names are read; nil: none
	excluded     []Name   // members that have no vote on the decision being looked at
	tallies      *Body    // whose votes the expression being read may count; nil: none
	diags        []Diagnostic
	errors       int
}

// Read reads and checks a bundle. The agreement is nil if a diagnostic is an
// error; diagnostics are in the order of the text, and there may be warnings
// beside an agreement.
func Read(b *Bundle) (*Agreement, []Diagnostic) {
	c := &checker{
		a: &Agreement{}, bundle: b,
		byName: make(map[Name]*decl), skeletons: make(map[string]Name), named: make(map[string]bool), keys: make(map[string]Range), witnessNames: make(map[string]Range),
	}
	if err := b.check(); err != nil {
		c.errorAt(CodeBundle, Range{}, err.Error(), "")
		return nil, c.diags
	}
	c.a.ID = b.Digest()
	c.a.Version = Version
	for _, f := range b.Files {
		if !isText(f.Path) {
			c.a.Annexes = append(c.a.Annexes, Annex{f.Path, sha256.Sum256(f.Data)})
		}
	}
	readable := c.parse()
	if readable {
		c.declare()
		c.build()
		c.env = nil
		c.strayFiles()
		if c.errors == 0 {
			c.sound()
		}
	}
	sort.SliceStable(c.diags, func(i, j int) bool {
		a, b := c.diags[i].Range, c.diags[j].Range
		if a.File != b.File {
			return a.File < b.File
		}
		return a.Start < b.Start
	})
	if c.errors > 0 {
		return nil, c.diags
	}
	return c.a, c.diags
}

// parse reads the files of the language. It is false if nothing further may be
// said about them: a version that is not known, or a fault of grammar outside
// all blocks, which may have swallowed one.
func (c *checker) parse() bool {
	found := false
	readable, vaults := true, 0
	for _, f := range c.bundle.Files {
		if !isText(f.Path) {
			continue
		}
		found = true
		tree, errs := syntax.Parse(f.Data)
		readable = readable && tree.Version == 1
		first := len(c.decls)
		for _, b := range tree.Blocks {
			if len(c.decls) == maxBlocks {
				c.errorAt(CodeTooManyBlocks, Range{f.Path, b.Start, b.Name.End}, fmt.Sprintf("more than %d blocks", maxBlocks), "")
				return false
			}
			if Noun(b.Noun.Text) == nounVault {
				if vaults++; vaults == maxVaults+1 {
					c.errorAt(CodeTooManyBlocks, Range{f.Path, b.Start, b.Name.End}, fmt.Sprintf("more than %d vaults", maxVaults), "one vault holds many cameras and periods")
				}
			}
			c.decls = append(c.decls, &decl{noun: Noun(b.Noun.Text), name: Name(b.Name.Text), file: f.Path, block: b})
		}
		for _, e := range errs {
			c.errorAt(Code(e.Code), Range{f.Path, e.Start, e.End}, e.Message, e.Hint)
			inside := false
			for _, d := range c.decls[first:] {
				if d.block.Start <= e.Start && e.Start < d.block.End {
					d.damaged, inside = true, true
				}
			}
			readable = readable && inside
		}
	}
	if !found {
		c.errorAt(CodeNoText, Range{}, "the bundle has no file whose name ends with .agreement", "")
	}
	return found && readable
}

func isText(path string) bool {
	return strings.HasSuffix(path, agreementSuffix) && !strings.HasPrefix(path, zoneFolder)
}

// declare enters every block's name and decodes its attributes by the table.
func (c *checker) declare() {
	kept := c.decls[:0]
	for _, d := range c.decls {
		c.file = d.file
		if inside := map[Noun]string{nounStage: "a procedure", nounInterpretation: "a question"}[d.noun]; inside != "" {
			c.error(CodeInnerBlock, d.block.Noun.Span, fmt.Sprintf("%s stands inside %s", withArticle(string(d.noun)), inside), "put it into the braces of the block to which it belongs")
			continue
		}
		if d.spec = findNoun(d.noun); d.spec == nil {
			var nouns []string
			for _, s := range schema {
				if !s.Later {
					nouns = append(nouns, string(s.Noun))
				}
			}
			c.error(CodeUnknownBlock, d.block.Noun.Span, fmt.Sprintf("there is no block `%s`", d.noun), c.suggest(string(d.noun), nouns, "the blocks are "+strings.Join(nouns, ", ")))
			continue
		}
		if d.spec.Later {
			c.error(CodeLater, d.block.Noun.Span, fmt.Sprintf("`%s` blocks are not in version 1 of the language", d.noun), "leave the block out for now, or keep it as a comment")
			c.byName[d.name] = d // so that its mention is not a second error
			continue
		}
		if c.declareName(d) {
			kept = append(kept, d)
		}
	}
	c.decls = kept
	c.expandCases()
	for _, d := range c.decls {
		if d.damaged {
			continue
		}
		c.file, c.env = d.file, d.env
		d.values = c.fields(d.block.Fields, d.spec.Attributes, d.block.Name.Span, fmt.Sprintf("%s %s", d.noun, d.name))
		for _, inner := range d.block.Blocks {
			if d.noun != nounProcedure && d.noun != nounStage && d.noun != nounQuestion {
				c.innerBlock(d, inner)
			}
		}
		if d.noun == nounQuestion {
			c.readInterpretations(d)
		}
	}
	c.env = nil
}

func (c *checker) innerBlock(d *decl, inner *syntax.Block) {
	if s := findNoun(Noun(inner.Noun.Text)); s != nil && s.Later {
		c.error(CodeLater, inner.Noun.Span, fmt.Sprintf("`%s` blocks are not in version 1 of the language", inner.Noun.Text), "")
		return
	}
	holds := map[Noun]string{nounProcedure: " holds no blocks but stages", nounQuestion: " holds no blocks but interpretations"}[d.noun]
	if holds == "" {
		holds = " holds no blocks"
	}
	c.error(CodeInnerBlock, inner.Noun.Span, withArticle(string(d.noun))+holds, "close the block above with } first")
}

// declareName enters a name, which must be distinct, also to the eye.
func (c *checker) declareName(d *decl) bool {
	at := d.block.Name.Span
	if d.name == neutral || d.name == "agreement" || syntax.IsKeyword(string(d.name)) || functions[string(d.name)] {
		c.error(CodeReservedName, at, fmt.Sprintf("`%s` is a word of the language and cannot be a name", d.name), "choose another name")
		return false
	}
	if string(d.name) != strings.ToLower(string(d.name)) {
		c.error(CodeUpperCase, at, "a name is written in small letters", fmt.Sprintf("write `%s`; `name = \"...\"` holds the full name", strings.ToLower(string(d.name))))
		return false
	}
	if other, ok := c.byName[d.name]; ok {
		c.error(CodeDuplicateName, at, fmt.Sprintf("`%s` is declared twice", d.name), fmt.Sprintf("the other is the %s in %s", other.noun, c.place(other)))
		return false
	}
	if other, ok := c.skeletons[skeleton(d.name)]; ok {
		c.error(CodeLookAlikeName, at, fmt.Sprintf("`%s` looks like `%s`, which is another name", d.name, other), "choose names that cannot be taken for each other")
		return false
	}
	c.skeletons[skeleton(d.name)] = d.name
	c.byName[d.name] = d
	return true
}

// skeleton maps names that look alike to one string.
func skeleton(n Name) string { return lookAlikes.Replace(string(n)) }

var lookAlikes = strings.NewReplacer("_", "-", "0", "o", "1", "l", "i", "l", "rn", "m", "vv", "w")

func (c *checker) place(d *decl) string {
	return c.line(Range{d.file, d.block.Name.Start, d.block.Name.End})
}

// line says where something stands, in words.
func (c *checker) line(r Range) string {
	if len(c.diags) >= maxDiagnostics {
		return "" // will not be shown
	}
	src, _ := c.bundle.File(r.File)
	return fmt.Sprintf("%s, line %d", r.File, position(src, r.Start).Line)
}

// strayFiles refuses files that no text names: what is signed must matter.
func (c *checker) strayFiles() {
	if c.errors > 0 {
		return // a name may be unread because its block is faulty
	}
	for _, f := range c.bundle.Files {
		if !isText(f.Path) && !c.named[f.Path] {
			c.errorAt(CodeStrayFile, Range{File: f.Path}, fmt.Sprintf("the bundle has a file %q that the text does not name", f.Path), "leave it out, or name it")
		}
	}
}

func (c *checker) at(s syntax.Span) Range { return Range{c.file, s.Start, s.End} }

func (c *checker) error(code Code, at syntax.Span, message, hint string) {
	c.errorAt(code, c.at(at), message, hint)
}

func (c *checker) errorAt(code Code, at Range, message, hint string) {
	c.errors++
	c.report(Diagnostic{Code: code, Range: at, Message: message, Hint: hint})
}

func (c *checker) warn(code Code, at Range, message, hint string) {
	c.report(Diagnostic{Code: code, Range: at, Message: message, Hint: hint, Warning: true})
}

func (c *checker) report(d Diagnostic) {
	if c.env != nil && slices.Contains(c.diags, d) {
		return // said of another case
	}
	if len(c.diags) < maxDiagnostics {
		c.diags = append(c.diags, d)
	}
}
