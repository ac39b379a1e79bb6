# Two commands are enough: `make start` and `make test`. `make help` lists the others.
.PHONY: start test install build init seed stream counts check reset db demo-cdc fmt lint clean help

CLI := node dist/src/cli.js
# In a terminal the program gets a process group of its own, so that Ctrl+C reaches it alone: make
# would otherwise end with an error although the run ended well.
FOREGROUND := if [ -t 0 ]; then set -m; fi;
SOURCES := $(shell find src workers test bench .github -name '*.ts' 2>/dev/null) tsconfig.json package.json

start: build ## everything: schema, initial volume, continuous events until Ctrl+C
	@$(FOREGROUND) $(CLI) start $(ARGS)

test: build ## the whole gate; TESTS="test/unit/load" runs those tests only
	@npm test --silent -- $(TESTS)

install: node_modules/.package-lock.json ## the packages that package-lock.json names

build: dist/.built ## compile; after it, `npx oltp-simulator COMMAND` runs any command

init: build ## schema, indexes and lookups
	@$(CLI) init-db $(ARGS)

seed: build ## top up every table to its initial volume
	@$(CLI) seed $(ARGS)

stream: build ## continuous events (INTERVAL=2 BATCH=50)
	@$(FOREGROUND) $(CLI) stream $(if $(INTERVAL),--interval $(INTERVAL)) $(if $(BATCH),--batch-size $(BATCH)) $(ARGS)

counts: build ## rows per table
	@$(CLI) counts $(ARGS)

check: build ## check integrity and domain rules
	@$(CLI) check $(ARGS)

reset: build ## drop everything and seed anew
	@$(CLI) reset $(ARGS)

db: build ## keep the embedded PostgreSQL up
	@$(FOREGROUND) $(CLI) db $(ARGS)

demo-cdc: build ## server, load, a CDC consumer and the verdict on it, in under a minute
	@$(FOREGROUND) $(CLI) demo-cdc $(ARGS)

fmt: install ## format the sources
	@npm run --silent fmt

lint: install ## look for mistakes
	@npm run --silent lint

clean: ## remove what was built
	rm -rf dist

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'ARGS holds options of the program: make start ARGS="--rate 500 --duration 5m"'
	@echo 'Each command has its own: npx oltp-simulator help stream'

node_modules/.package-lock.json: package.json package-lock.json
	@node -e 'const [a,b]=process.versions.node.split(".").map(Number);if(a<20||(a===20&&b<19)){console.error("Node "+process.versions.node+" is too old: 20.19 or newer is needed.");process.exit(2)}'
	npm ci --no-audit --no-fund
	@touch $@

dist/.built: node_modules/.package-lock.json $(SOURCES)
	npm run --silent build
	@touch $@
