package statement

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// encodeBody is the body's one line of JSON, without a newline.
func encodeBody(b Body) ([]byte, error) {
	r, ok := rules[b.Kind()]
	if !ok {
		return nil, refuse(ErrUnknownKind, "kind "+shown(string(b.Kind())), "a kind of version 1")
	}
	var c checker
	r.check(&c, b)
	if c.err != nil {
		return nil, c.err
	}
	return encodeJSON(b)
}

// decodeBody reads a body of this kind. It accepts exactly what encodeBody gives.
func decodeBody(kind Kind, line string) (Body, error) {
	r, ok := rules[kind]
	if !ok {
		return nil, refuse(ErrUnknownKind, "line 7", "a kind of version 1, is %s", shown(string(kind)))
	}
	b, ok := r.quick(line)
	if !ok {
		var err error
		if b, err = r.slow(kind, []byte(line)); err != nil {
			return nil, err
		}
	}
	var c checker
	r.check(&c, b)
	if c.err != nil {
		return nil, c.err
	}
	return b, nil
}

// slow reads what the quick reader does not, and holds it to its one encoding.
func (r rule) slow(kind Kind, line []byte) (Body, error) {
	b, err := r.decode(line)
	if err != nil {
		return nil, err
	}
	again, err := encodeJSON(b)
	if err != nil {
		return nil, refuse(ErrBody, "line 8", "a body that can be encoded")
	}
	if !bytes.Equal(line, again) {
		at := 0
		for at < min(len(line), len(again)) && line[at] == again[at] {
			at++
		}
		return nil, refuse(ErrNotCanonical, fmt.Sprintf("line 8, byte %d", at),
			"the fields of kind %s in their order, none missing, no white space; here %s", kind, shown(string(again[at:])))
	}
	return b, nil
}

func encodeJSON(b Body) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(b); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

func decodeJSON(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err := d.Token(); err != io.EOF {
			return refuse(ErrBody, "line 8", "one JSON object and nothing after it")
		}
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return refuse(ErrBody, "line 8, field "+shown(wrong.Field), "a JSON value for a Go %s", wrong.Type)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return refuse(ErrUnknownField, "line 8", "only the fields of its kind, has %s", shown(strings.Trim(name, `"`)))
	}
	return refuse(ErrBody, "line 8", "one JSON object")
}
