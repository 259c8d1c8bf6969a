# Two commands on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
# The newest that really starts: a version manager's shim may stand on the PATH for a Python that is not there.
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# many small measurements, which tracing for coverage would only slow down
HOSTILE := tests/promises/test_hostile.py

.PHONY: attestation attestation-fuzz log demo debian test check lint types contracts docs corpus tamper alarms consensus signatures interchange sweep scale bench boots explained explaining agreement fuzz hostile vectors format clean help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

$(READY): uv.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "trueware needs Python 3.11 or newer; none was found on the PATH" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("trueware needs Python 3.11 or newer, found " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "no venv module: trying virtualenv from PyPI" >&2; \
	  $(PYTHON) -m pip install --quiet --target $(VENV)-bootstrap virtualenv && \
	  PYTHONPATH=$(VENV)-bootstrap $(PYTHON) -m virtualenv --quiet $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5,<1'
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) UV_PROJECT_ENVIRONMENT=$(CURDIR)/$(VENV) $(BIN)/uv sync --quiet --frozen --inexact
	@touch $@

demo: $(READY) ## set up, then verify a genuine, a configured and a tampered router image
	@$(BIN)/trueware demo

test: $(READY) ## set up, then run the tests
	@$(BIN)/pytest -n auto -q

lint: $(READY)
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

docs: $(READY) ## rebuild the generated pages
	$(BIN)/python docs/generate.py

check: lint types contracts ## what CI runs: lint, types, import contracts, generated pages, tests with coverage
	$(BIN)/python docs/generate.py --check
	$(BIN)/pytest -n auto -q $(HOSTILE)
	$(BIN)/pytest -n auto -q --ignore=$(HOSTILE) --cov --cov-report=term:skip-covered

corpus: $(READY) ## verdicts over the corpus beside its labels, and over made variants; writes build/corpus.json
	@$(BIN)/python bench/corpus.py

tamper: $(READY) ## kinds of tampering and of legitimate variation: found, placed, explained; beside other tools; writes build/tamper.json
	@$(BIN)/python bench/tamperbench.py

debian: $(READY) ## real Debian systems, verified by the signed index of their packages; needs root and debootstrap; writes build/debian.json
	@$(BIN)/python bench/debian_tree.py

alarms: $(READY) ## what is told about updates and packages that nobody tampered with; writes build/alarms.json
	@$(BIN)/python bench/alarms.py

signatures: $(READY) ## answers about signed things beside what is known of them, and what verifying costs; writes build/signatures.json
	@$(BIN)/python bench/signature_table.py

attestation: $(READY) ## real boots and forged evidence appraised, beside what is known of them, and the costs beside Keylime's; writes build/attestation.json
	@$(BIN)/python bench/attestation.py

attestation-fuzz: $(READY) ## mutated evidence of every kind: nothing may escape, take 100 ms or be believed; writes build/attestation-fuzz.json
	@$(BIN)/python bench/attestation_fuzz.py

interchange: $(READY) ## public examples of CoRIM read and written again, their signatures, and the costs; writes build/interchange.json
	@$(BIN)/python bench/interchange.py

sweep: $(READY) ## the hostile tests with every byte of every vector, and publishing killed 200 times: an hour
	@TRUEWARE_SWEEP=all $(BIN)/pytest -n auto -q $(HOSTILE)
	@TRUEWARE_KILLS=200 $(BIN)/pytest -q tests/integration/test_killed.py

bench: $(READY) ## speed and memory as ratios to a C floor and named peers; writes build/bench.json
	@$(BIN)/python bench/speed.py --peers

log: $(READY) ## what the registry's log costs: adding with fsync, proofs, registering; writes build/log.json
	@$(BIN)/python bench/log_speed.py

scale: $(READY) ## a registry that grows to a million digests, in both engines; TO=10000000 takes an hour; writes build/scale.json
	@$(BIN)/python bench/registry_scale.py --to $(or $(TO),1000000)

consensus: $(READY) ## fleets of which some devices are tampered: found, refused, missed, false alarms; writes build/consensus.json
	@$(BIN)/python bench/consensus.py

boots: $(READY) ## virtual machines booted with a TPM and IMA, tampered with, and appraised; needs root, QEMU and swtpm; writes build/boots.json
	@$(BIN)/python bench/boots/run.py

explained: $(READY) ## the real pairs of the corpus, explained; prints what a user sees
	@$(BIN)/python bench/explained_pairs.py

explaining: $(READY) ## what explaining adds to verifying; writes build/explain.json
	@$(BIN)/python bench/explaining.py

agreement: $(READY) ## what is read beside its source and beside other tools, every format; needs root; writes build/agreement.json
	@$(BIN)/python bench/agreement.py

fuzz: $(READY) ## mutated vectors: nothing may escape or take long; writes build/fuzz.json and adds to build/fuzz-ledger.json
	@$(BIN)/python bench/fuzz.py

hostile: $(READY) ## inputs made to cost much, by name and of every format; writes build/hostile.json
	@$(BIN)/python bench/hostile.py

vectors: $(READY) ## rebuild all test vectors; must leave no difference
	@for build in tests/vectors/*/build.py tests/vectors/signatures/*/build.py tests/vectors/exchange/*/build.py; do echo $$build; $(BIN)/python $$build || exit 1; done

format: $(READY)
	$(BIN)/ruff check --fix src tests bench
	$(BIN)/ruff format src tests bench

clean:
	rm -rf $(VENV) $(VENV)-bootstrap build .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
