// Package peers runs Detente with programs that others wrote, at fixed
// versions, as processes: litewitness as witnesses of a record, Tessera's fsck
// and a reader on torchwood's client as readers of what is served. All of it is
// tests; scripts/install-peers.sh builds the programs.
//
// Promise: what Detente claims of the C2SP specifications is tried on somebody
// else's reading of them, and where a program deviates the test says in which
// point, so that the day it changes is noticed.
package peers
