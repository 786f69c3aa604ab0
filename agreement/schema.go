package agreement

// A Shape is the kind of value that an attribute takes.
type Shape string

// The shapes, in the words in which the reference prints them.
const (
	ShapeString     Shape = "string"
	ShapeFile       Shape = "path of a file of the bundle, as a string"
	ShapeZone       Shape = "IANA time zone, as a string"
	ShapeWord       Shape = "word"
	ShapeWords      Shape = "list of words"
	ShapeYesNo      Shape = "yes or no"
	ShapeWhole      Shape = "whole number"
	ShapeDuration   Shape = "duration"
	ShapeUnit       Shape = "unit"
	ShapeName       Shape = "name"
	ShapeNames      Shape = "name or list of names"
	ShapeKey        Shape = "public key, as a string"
	ShapeKeys       Shape = "list of public keys"
	ShapeRecipient  Shape = "age recipient, as a string"
	ShapeWitnessKey Shape = "witness key (C2SP vkey), as a string"
	ShapeInstant    Shape = "instant"
	ShapeCondition  Shape = "condition"
	ShapeDeed       Shape = "condition, or words as a string"
	ShapeRule       Shape = "rule of a vote"
	ShapeRoles      Shape = "names by role, in braces"
	ShapeWeights    Shape = "whole numbers by member, in braces"
	ShapeObject     Shape = "object"
)

// An AttributeSpec is one row of the table of attributes.
type AttributeSpec struct {
	Name      string
	Shape     Shape
	Required  bool
	Default   string   // as it would be written; empty: absent means none
	Words     []string // the words that a ShapeWord may be
	Nouns     []Noun   // what a ShapeName may name; a group stands for its members
	Low, High int64    // of a whole number, or of a duration in seconds
	Fields    []AttributeSpec
	Doc       string // one sentence
	Later     bool   // belongs to a later part of the language
}

// A NounSpec is one row of the table of blocks.
type NounSpec struct {
	Noun       Noun
	Doc        string // one sentence
	Attributes []AttributeSpec
	Later      bool
}

// Schema is the table of blocks and attributes, from which the checker works
// and the reference is printed.
func Schema() []NounSpec { return schema }

func findNoun(noun Noun) *NounSpec {
	for i := range schema {
		if schema[i].Noun == noun {
			return &schema[i]
		}
	}
	return nil
}

func findAttribute(specs []AttributeSpec, name string) *AttributeSpec {
	for i := range specs {
		if specs[i].Name == name {
			return &specs[i]
		}
	}
	return nil
}

// The nouns of this version.
const (
	nounAgreement      Noun = "agreement"
	nounDepositary     Noun = "depositary"
	nounParty          Noun = "party"
	nounGroup          Noun = "group"
	nounWitness        Noun = "witness"
	nounCustodian      Noun = "custodian"
	nounDevice         Noun = "device"
	nounReader         Noun = "reader"
	nounMeasure        Noun = "measure"
	nounCommitment     Noun = "commitment"
	nounAct            Noun = "act"
	nounReading        Noun = "reading"
	nounMilestone      Noun = "milestone"
	nounVault          Noun = "vault"
	nounBody           Noun = "body"
	nounDecision       Noun = "decision"
	nounProcedure      Noun = "procedure"
	nounStage          Noun = "stage"
	nounQuestion       Noun = "question"
	nounInterpretation Noun = "interpretation"
)

// neverShorten is the word for an amendment that brings no running deadline
// forward.
const neverShorten = "shorten"

// neutral is the word for a custodian that no party named.
const neutral Name = "neutral"
