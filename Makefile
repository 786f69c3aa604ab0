# Detente: what can be made. `make demo` needs Go and nothing else.

GO        ?= go
FUZZTIME  ?= 10s
# Packages whose tests run several goroutines of the product: worth the race
# detector's price. The pure packages start none (a house test holds them to it).
RACE      ?= ./internal/... ./record/store/... ./mirror/... ./depositary/... ./witness/... ./custodian/... ./recorder/... ./web/...

.PHONY: build helper demo test tools check format vet staticcheck tidy generated race vulnerabilities bench soak sim sim-record sim-storm sim-mutants sim-processes fuzz clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/detente ./cmd/detente

# For keys in PKCS#11 tokens: the helper program that loads a token's library.
# It must lie beside detente, and wants a C compiler.
helper: build
	CGO_ENABLED=1 $(GO) build -trimpath -o bin/detente-pkcs11 ./cmd/detente-pkcs11

# Both stories of the cameras, with accelerated time; KEEP=1 leaves the page up.
demo: build
	bin/detente demo --out out/demo $(if $(KEEP),--keep)

test: tools
	$(GO) test -timeout 5m ./...

# What the tests run besides Go: ffmpeg, chromium, sqlite3, and softhsm2, opensc
# and a C compiler, by the system's packages, and programs of others that speak the same protocols, built from
# source by way of the Go module proxy the first time.
tools:
	scripts/install-test-tools.sh
	scripts/install-peers.sh >/dev/null

check: format vet staticcheck tidy generated race

format:
	@files=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$files" ]; then echo "not formatted; run gofmt -w on:"; echo "$$files"; exit 1; fi

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) tool staticcheck ./...

tidy:
	$(GO) mod tidy -diff

generated:
	scripts/generated.sh

# -short: long searches take fewer steps; no test leaves itself out.
race: tools
	$(GO) test -race -short -timeout 10m $(RACE)

# Asks vuln.go.dev, so it is not part of check, which needs no network.
vulnerabilities:
	$(GO) run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

# Every figure of docs/benchmarks.md, against its limit or its peer in the same
# run, in one table; the peers are built from source the first time.
bench:
	scripts/bench.sh

# Everything that searches: hours may pass. Each says at its end what it did.
sim: sim-record sim-storm sim-mutants sim-processes

# Whole histories of the system from seeds, with faults everywhere, on all
# cores: so many faults, or so long; then the table by kind. docs/simulation.md
FAULTS ?= 1000000
WITHIN ?= 30m
sim-storm:
	$(GO) test -timeout 24h -count 1 -v -run '^TestStorm$$' ./simulation/storm -faults $(FAULTS) -within $(WITHIN) -workers $$(nproc)

# The same search of a product with a mistake in it, one at a time: each must
# be found. docs/simulation.md
sim-mutants:
	$(GO) test -timeout 2h -count 1 -v -run '^TestMutantsAreCaught$$' ./simulation/storm -mutants

# The seeded searches for a record that breaks the time rule or the cut, alone
# and in full.
sim-record:
	$(GO) test -timeout 60m -count 1 -v -run 'Random|Exhaustive|Search|Exclude' ./record

# Kills real processes a thousand times, under load, and looks after each round
# for all that they had acknowledged; it says how far it has come, by role.
sim-processes:
	$(GO) test -timeout 40m -count 1 -v -run '^TestKilled$$' ./simulation/processes -kills 1000

# The depositary at 80 % of its peak for so long, with witnesses that go, broken
# connections, full disks and restarts: nothing acknowledged is lost or doubled,
# and nothing grows but what the record holds.
SOAK ?= 10m
soak:
	$(GO) test -timeout 24h -count 1 -v -run '^TestSoak$$' ./depositary -soak $(SOAK)

fuzz:
	scripts/fuzz.sh $(FUZZTIME)

clean:
	rm -rf bin out
