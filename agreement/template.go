package agreement

import _ "embed"

//go:embed template/cameras.agreement
var templateCameras string

//go:embed template/understanding.md
var templateUnderstanding string

//go:embed template/exchange.agreement
var templateExchange string

// Templates names the templates that Template knows.
func Templates() []string { return []string{"cameras", "exchange"} }

// Template gives the files of a new agreement, with comments that guide its
// author. It reads without errors once the keys are filled in; until then each
// placeholder is a diagnostic that says where the key comes from.
func Template(name string) (files []File, ok bool) {
	switch name {
	case "cameras":
		return []File{{"cameras.agreement", []byte(templateCameras)}, {"understanding.md", []byte(templateUnderstanding)}}, true
	case "exchange":
		return []File{{"exchange.agreement", []byte(templateExchange)}}, true
	}
	return nil, false
}
