package agreement

import "detente/agreement/syntax"

// Format lays out one .agreement file in the standard form. It changes white
// space only, so it never changes meaning, and formatting again changes
// nothing. A file that cannot be parsed is not formatted; the diagnostics then
// say why, with an empty file name in their ranges.
func Format(src []byte) ([]byte, []Diagnostic) {
	out, errs := syntax.Format(src)
	if len(errs) == 0 {
		return out, nil
	}
	var ds []Diagnostic
	for _, e := range errs {
		ds = append(ds, Diagnostic{Code: Code(e.Code), Range: Range{Start: e.Start, End: e.End}, Message: e.Message, Hint: e.Hint})
	}
	return nil, ds
}
