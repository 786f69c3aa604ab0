package agreement

// sound reports what is well formed and yet cannot work, or works against
// somebody.
func (c *checker) sound() {
}
