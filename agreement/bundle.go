package agreement

// A File is one file of a bundle.
type File struct {
	Path string // slash-separated, relative, clean
	Data []byte
}

// A Bundle is everything an agreement's text consists of: its .agreement
// files, the texts they name, and the rules of the time zone they use (path
// "zone/" and the IANA name, TZif form, so that no reader depends on his own
// machine's copy). Files are in byte order of their paths, which are distinct.
type Bundle struct {
	Files []File
}
