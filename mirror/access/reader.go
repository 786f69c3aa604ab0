package access

import (
	"context"

	"detente/agreement"
)

func withReader(ctx context.Context, name agreement.Name) context.Context {
	return context.WithValue(ctx, readerKey{}, name)
}

// Reader is who made the request that a Gate let through; "" if it let
// everybody through.
func Reader(ctx context.Context) agreement.Name {
	name, _ := ctx.Value(readerKey{}).(agreement.Name)
	return name
}
