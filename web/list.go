package web

import (
	"net/http"
	"slices"
	"strconv"
)

// A listPage is a part of the record, the newest entry first.
type listPage struct {
	Frame  frame
	Shows  []showLink
	Lines  []line
	Total  int64 // of this choice
	Newer  string
	Older  string
	Oldest string
	First  int64 // place of the first line in the choice, from the newest
	Last   int64
}

type showLink struct {
	Words string
	Path  string
	Count int64
	Now   bool
}

func (s *edition) list(q *request) (any, error) {
	st, query := q.shown, q.URL.Query()
	show := query.Get("show")
	p := &listPage{Frame: q.frame}
	p.Frame.Page = "The record"
	words := map[string]string{classWords: "what parties said", classEvidence: "evidence", classTime: "proofs of time", classInert: "without force"}
	p.Shows = append(p.Shows, showLink{"all", "record", st.head.Size, show == ""})
	for _, c := range classes {
		p.Shows = append(p.Shows, showLink{words[c], "record?show=" + c, int64(len(st.classes[c])), show == c})
	}
	total, at := st.head.Size, func(i int64) int64 { return i }
	if show != "" {
		if !slices.Contains(classes, show) {
			return nil, refusal{http.StatusNotFound, "show is one of words, evidence, time, inert"}
		}
		list := st.classes[show]
		total, at = int64(len(list)), func(i int64) int64 { return list[i] }
	}
	p.Total = total
	from := int64(0) // how many newer ones are left out
	if text := query.Get("from"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || n > total {
			return nil, refusal{http.StatusNotFound, "from is how many newer entries to leave out"}
		}
		from = n
	}
	var which []int64
	for i := total - 1 - from; i >= 0 && len(which) < rowsOfRecord; i-- {
		which = append(which, at(i))
	}
	var err error
	if p.Lines, err = s.lines(q.book, which); err != nil {
		return nil, err
	}
	p.First, p.Last = from+1, from+int64(len(which))
	path := func(n int64) string {
		if show == "" {
			return "record?from=" + strconv.FormatInt(n, 10)
		}
		return "record?from=" + strconv.FormatInt(n, 10) + "&show=" + show
	}
	if from > 0 {
		p.Newer = path(max(0, from-rowsOfRecord))
	}
	if p.Last < total {
		p.Older = path(from + rowsOfRecord)
		p.Oldest = path((total - 1) / rowsOfRecord * rowsOfRecord)
	}
	return p, nil
}
