# Two commands are enough: `make start` and `make test`. The others are shortcuts to the program.
# `make test TESTS="test/unit/load"` runs those tests only.
.PHONY: start test install build init seed stream counts check reset db demo-cdc fmt lint clean

CLI := node dist/src/cli.js
# In a terminal the program gets a process group of its own, so that Ctrl+C reaches it alone: make
# would otherwise end with an error although the run ended well.
FOREGROUND := if [ -t 0 ]; then set -m; fi;
SOURCES := $(shell find src workers test bench .github -name '*.ts' 2>/dev/null) tsconfig.json package.json

start: build
	@$(FOREGROUND) $(CLI) start $(ARGS)

test: build
	@npm test --silent -- $(TESTS)

install: node_modules/.package-lock.json

build: dist/.built

init: build
	@$(CLI) init-db $(ARGS)

seed: build
	@$(CLI) seed $(ARGS)

stream: build
	@$(FOREGROUND) $(CLI) stream $(if $(INTERVAL),--interval $(INTERVAL)) $(if $(BATCH),--batch-size $(BATCH)) $(ARGS)

counts: build
	@$(CLI) counts $(ARGS)

check: build
	@$(CLI) check $(ARGS)

reset: build
	@$(CLI) reset $(ARGS)

db: build
	@$(FOREGROUND) $(CLI) db $(ARGS)

# Server, load, a CDC consumer beside it and the verdict on it, in under a minute.
demo-cdc: build
	@$(FOREGROUND) $(CLI) demo-cdc $(ARGS)

fmt: install
	@npm run --silent fmt

lint: install
	@npm run --silent lint

clean:
	rm -rf dist

node_modules/.package-lock.json: package.json package-lock.json
	@node -e 'const [a,b]=process.versions.node.split(".").map(Number);if(a<20||(a===20&&b<19)){console.error("Node "+process.versions.node+" is too old: 20.19 or newer is needed.");process.exit(2)}'
	npm ci --no-audit --no-fund
	@touch $@

dist/.built: node_modules/.package-lock.json $(SOURCES)
	@npm run --silent build
	@touch $@
