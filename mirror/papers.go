package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"detente/internal/durable"
	"detente/internal/httpserve"
	"detente/record"
	"detente/statement"
)

// A copy keeps the documents that statements name as well: of a public record
// what has the digest on the record; of a private one, which is encrypted and
// which nobody here could open, what its host has under that name. What a
// redaction on the record deletes is deleted here too.

// sealedForm is how a payload that is encrypted with age begins.
var sealedForm = []byte("age-encryption.org/v1\n")

// ErrRedacted says that a document was deleted, as an entry of the record says.
var ErrRedacted = errors.New("the document was deleted")

// papers are the documents that a copy that is kept still lacks.
type papers struct {
	read   int64 // so many entries were looked through
	kept   int64 // bytes of those that are here
	wanted []record.Attachment
	again  time.Time     // when they are asked for next, in real time
	pause  time.Duration // until then, which grows while none can be had
}

// until bounds a question that the host may keep waiting, if documents are to be
// asked for meanwhile: they come after the entries that name them.
func (p *papers) until(ctx context.Context) (context.Context, context.CancelFunc) {
	if len(p.wanted) == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, p.again)
}

func (f *Follower) documentFile(a record.Attachment) string {
	return filepath.Join(f.dir, "document", fmt.Sprintf("%d-%s", a.Entry, a.Document.Digest))
}

// look notes what new entries name, and deletes what they delete.
func (p *papers) look(f *Follower) (err error) {
	var gone []record.Attachment
	f.With(func(fold *record.Fold) {
		for p.read = min(p.read, fold.Size()); p.read < fold.Size() && err == nil; p.read++ {
			var named []record.Attachment
			if named, err = fold.Attachments(p.read); err != nil {
				return
			}
			if len(named) > 0 {
				p.wanted, p.again, p.pause = append(p.wanted, named...), time.Time{}, 0
			}
			var a record.Attachment
			var is bool
			if a, is, err = fold.Redacts(p.read); is {
				gone = append(gone, a)
			}
		}
	})
	for _, a := range gone {
		if err := f.forget(a); err != nil {
			return err
		}
	}
	return err
}

// forget deletes a document, durably.
func (f *Follower) forget(a record.Attachment) error {
	name := f.documentFile(a)
	err := f.fs.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = f.fs.SyncDir(filepath.Dir(name))
	}
	if err != nil {
		return &StorageError{err}
	}
	return nil
}

// fetch asks for some of what is wanted. What nobody has brought yet is asked
// for again later, after the others.
func (p *papers) fetch(ctx context.Context, f *Follower) error {
	if len(p.wanted) == 0 || time.Now().Before(p.again) {
		return nil
	}
	had := len(p.wanted)
	defer func() {
		if p.pause = min(max(2*p.pause, papersFirst), papersMost); len(p.wanted) < had {
			p.pause = papersFirst
		}
		p.again = time.Now().Add(p.pause)
	}()
	for range min(len(p.wanted), papersAtOnce) {
		a := p.wanted[0]
		p.wanted = p.wanted[1:]
		b, err := f.Document(ctx, a)
		switch _, full := errors.AsType[*StorageError](err); {
		case full:
			return err
		case errors.Is(err, ErrRedacted):
			continue
		case err != nil:
			p.wanted = append(p.wanted, a)
			continue
		}
		if p.kept += int64(len(b)); p.kept > maxPapers {
			p.wanted = nil // the folder has taken what it may: others keep the rest
		}
	}
	return nil
}

// Document is what is kept of a document, from the folder or else from the host;
// then it is kept. Of a public record it has the digest on the record; of a
// private one see access.Decrypt and statement.Payload.
func (f *Follower) Document(ctx context.Context, a record.Attachment) ([]byte, error) {
	b, err := f.localDocument(a)
	if err == nil || f.client == nil || !errors.Is(err, ErrNotFound) {
		return b, err
	}
	if b, err = f.client.Document(ctx, a.Entry, a.Document.Digest); err != nil {
		return nil, err
	}
	if err := f.fits(a, b); err != nil {
		return nil, fmt.Errorf("document %.16s of entry %d: %w", a.Document.Digest, a.Entry, err)
	}
	name := f.documentFile(a)
	if err = durable.MkdirAll(f.fs, filepath.Dir(name)); err == nil {
		err = durable.WriteFile(f.fs, name, b)
	}
	if err != nil {
		return nil, &StorageError{err}
	}
	// A redaction may have come while it was written.
	if _, err := f.localDocument(a); errors.Is(err, ErrRedacted) {
		return nil, errors.Join(err, f.forget(a))
	}
	return b, nil
}

// fits is nil if these bytes are what may be kept of a document.
func (f *Follower) fits(a record.Attachment, b []byte) error {
	if f.agreement.Private {
		if !bytes.HasPrefix(b, sealedForm) {
			return errors.New("a document of a private record is encrypted with age to its readers, and this is not")
		}
		return nil
	}
	_, err := statement.Payload(b).File(a.Document)
	return err
}

// localDocument reads the folder. What is there and does not fit is not there.
func (f *Follower) localDocument(a record.Attachment) (b []byte, err error) {
	f.With(func(fold *record.Fold) {
		now, named, bad := fold.Attachment(a.Entry, a.Document.Digest)
		switch {
		case bad != nil:
			err = bad
		case !named:
			err = fmt.Errorf("document %.16s of entry %d: %w", a.Document.Digest, a.Entry, ErrNotFound)
		case now.Redacted > 0:
			err = fmt.Errorf("%w: entry %d says so, and why", ErrRedacted, now.Redacted)
		}
		a = now
	})
	if err != nil {
		return nil, err
	}
	b, err = durable.ReadFile(f.fs, f.documentFile(a), MaxDocument)
	if errors.Is(err, fs.ErrNotExist) || err == nil && f.fits(a, b) != nil {
		return nil, fmt.Errorf("document %.16s of entry %d: %w", a.Document.Digest, a.Entry, ErrNotFound)
	}
	return b, err
}

// serveDocument is GET document/<entry>/<digest>, from the folder alone.
func (f *Follower) serveDocument(w http.ResponseWriter, r *http.Request) {
	entry, err := strconv.ParseInt(r.PathValue("entry"), 10, 64)
	if err != nil {
		refuseMissing(w, "no entry has this number")
		return
	}
	b, err := f.localDocument(record.Attachment{Entry: entry, Document: statement.Document{Digest: r.PathValue("digest")}})
	switch {
	case errors.Is(err, ErrRedacted):
		httpserve.Refuse(w, http.StatusGone, httpserve.Refusal{Code: "redacted", Error: err.Error(), Hint: "whoever still has it can show that it is the one: the record keeps its digest"})
	case errors.Is(err, ErrNotFound):
		refuseMissing(w, "no entry of this number names a document by this digest, or this copy does not have it")
	case err != nil:
		httpserve.Refuse(w, http.StatusInternalServerError, httpserve.Refusal{Code: "storage", Error: "it could not be read", Hint: "ask again later, or another mirror"})
	default:
		w.Header().Set("Content-Disposition", "attachment")
		serveBytes(w, b, octets, "no-store")
	}
}
