// Package recorder seals evidence as it is made: it has each epoch's key dealt
// by a child process, seals every clip to the epoch's recipient, signs a
// manifest for it, and puts the manifests on the record in batches.
//
// # Promise
//
// A segment is durable before its manifest is signed, and a manifest before it
// is on the record. Manifests are numbered densely and chained, also across a
// crash or restart. A dealing is durable, whole, before the child that made it
// exits, and is submitted unchanged; a dealing that was lost is a new attempt,
// never a second version. Nothing is recorded before the first epoch is sealed,
// and when the next one is late the last sealed one goes on being used, visibly.
//
// # No promise
//
// What the camera shows is beyond it, and so is what became of the plaintext
// before it reached this process. Whoever runs the recorder alone can keep a
// copy of everything: that is why a text can have it run jointly.
//
// # Folder
//
//	mirror/                          the verified copy of the record
//	<vault>/dealing/<epoch>-<n>      the n-th attempt at an epoch, as the child wrote it (JSON)
//	<vault>/segment/<camera>/<seq>   a sealed segment: a stock age file
//	<vault>/manifest/<camera>        every manifest of a camera: big-endian u32 length, then its wire form
package recorder
