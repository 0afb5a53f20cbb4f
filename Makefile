# One command for each thing a person or a machine wants of a clone. `make` alone lists them.

BIN := .venv/bin
LOCKED := .venv/locked-$(shell cksum < requirements.lock | cut -d ' ' -f 1)
INSTALLED := .venv/installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.NOTPARALLEL:
.PHONY: help demo test test-fast check format playthroughs bench lock clean

help:
	@echo "make demo          play the shipped plan, print the leaderboard, write runs/demo/report.html"
	@echo "make test          every check: format, lint, types, floors, all tests and all examples of the docs"
	@echo "make test-fast     the tests that are not slow"
	@echo "make check         the checks that run nothing: format, lint, types, floors"
	@echo "make format        put the format right"
	@echo "make playthroughs  write the golden playthroughs anew, to be read in the diff"
	@echo "make bench         measure the speed"
	@echo "make lock          resolve the dependencies anew into requirements.lock (needs uv)"
	@echo "make clean         remove the environment, the caches and the demo run"

demo: $(INSTALLED)
	rm -rf runs/demo
	$(BIN)/comity run comity/plans/demo.toml --out runs/demo

test: check
	$(BIN)/pytest -n 2

test-fast: $(INSTALLED)
	$(BIN)/pytest -n 2 -m "not slow"

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

playthroughs: $(INSTALLED)
	$(BIN)/python -m tests.playthroughs

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

lock:
	@command -v uv > /dev/null || { echo "make lock needs uv on the PATH"; exit 1; }
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
		--group dev --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml
	@! grep -nE '://|index-url|find-links' requirements.lock

clean:
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache runs/demo

# The environment is made anew when the content of the lock changes, and only then.
$(LOCKED):
	@python3 -c 'import sys; sys.exit("comity needs Python 3.11 or later, and python3 is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	python3 -m venv --clear .venv
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	@touch $@

$(INSTALLED): $(LOCKED) pyproject.toml
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
