package httpserve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// errFull is a body for which there is no memory.
var errFull = errors.New("too many large requests are under way")

// A larder is how much of the share of bodies one request holds until it is answered.
type larder struct {
	bodies *Share
	hood   string
	held   int64
}

type larderKey struct{}

// stock has what a request's body takes counted, until it is answered.
func stock(bodies *Share, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l := &larder{bodies: bodies, hood: originOf(r.RemoteAddr).hood}
		defer func() {
			if l.held > 0 {
				bodies.give(l.hood, l.held)
			}
		}()
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), larderKey{}, l)))
	})
}

func (l *larder) take(n int64) bool {
	if l == nil {
		return true
	}
	if !l.bodies.take(l.hood, n) {
		return false
	}
	l.held += n
	return true
}

// bodyStep is the least by which room for a body grows, in bytes.
const bodyStep = 16 << 10

// read reads all there is. Room for it grows with what has come: what a sender
// only announces costs nothing.
func (l *larder) read(r io.Reader) ([]byte, error) {
	var b []byte
	for {
		if len(b) == cap(b) {
			grow := max(bodyStep, cap(b))
			if !l.take(int64(grow)) {
				return nil, errFull
			}
			b = append(make([]byte, 0, cap(b)+grow), b...)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// Body reads a request's body of at most limit bytes. If it cannot, it has
// answered, and ok is false.
func Body(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, ok bool) {
	l, _ := r.Context().Value(larderKey{}).(*larder)
	body, err := l.read(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		return body, true
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		Refuse(w, http.StatusRequestEntityTooLarge, Refusal{"too-large", fmt.Sprintf("the body has more than %d bytes", limit), "send less, or in parts"})
	case errors.Is(err, errFull):
		w.Header().Set("Connection", "close") // what is still to come is not worth reading
		Busy(w, http.StatusServiceUnavailable, time.Second, errFull.Error())
	default:
		Refuse(w, http.StatusBadRequest, Refusal{"body", "the body could not be read to its end", "send it again"})
	}
	return nil, false
}
