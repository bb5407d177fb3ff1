# Each target sets up what it needs, once, in .venv: `make demo` works on a fresh machine.
#   PYTHON=python3.12   the interpreter to use, instead of the newest one found
#   SERVE=1 PORT=6006   `make demo` starts TensorBoard at its end
#   JUDGE=1             `make accuracy` trains nothing, and judges the logs that are there

.PHONY: help demo test check docs pictures bench accuracy flights clean
.DELETE_ON_ERROR:

PORT ?= 6006
BIN := .venv/bin
TSC := .venv/node_modules/.bin/tsc
AXE := .venv/axe/node_modules/axe-core/axe.min.js

help:
	@echo "make demo [SERVE=1] [PORT=6006]   train a healthy model and sick ones, and see the verdicts"
	@echo "make test                         run all tests"
	@echo "make check                        lint, format, types, generated pages"
	@echo "make docs                         write the generated pages"
	@echo "make pictures                     take the documents' pictures of the Health tab"
	@echo "make bench                        measure what measuring costs, and how quick the tab is"
	@echo "make accuracy [JUDGE=1]           train all models of known verdict, for hours, and write how often it is right"
	@echo "make flights                      make preflights of known verdict, and write how often they are right"
	@echo "make clean                        remove what these targets made"

demo: .venv/.demo
	$(BIN)/python -m demo.run --port $(PORT) $(if $(SERVE),--serve)

test: .venv/.test $(AXE)
	@tools/browser.sh
	@BIN=$(BIN) tools/test.sh

check: .venv/.test $(TSC)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(TSC) --project tools/page
	$(BIN)/python -m tb_nnhealth.rules.pages docs/rules --check
	$(BIN)/python -m tools.generated --check

docs: .venv/.test
	$(BIN)/python -m tb_nnhealth.rules.pages docs/rules
	$(BIN)/python -m tools.generated

pictures: .venv/.test
	@tools/browser.sh
	$(BIN)/python -m tools.pictures

bench: .venv/.test
	$(BIN)/python -m benchmarks.run

accuracy: .venv/.test
	$(BIN)/python -m tools.accuracy $(if $(JUDGE),--judge)

flights: .venv/.test
	$(BIN)/python -m tools.flights

clean:
	rm -rf .venv build dist demo/output *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.%: .venv/bin/python setup.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar off -e '.[$*]'
	@touch $@

$(TSC): .venv/bin/python tools/typescript.sh
	@tools/typescript.sh .venv
	@touch $@

$(AXE): .venv/bin/python tools/axe.sh
	@tools/axe.sh .venv/axe
	@touch $@

.venv/bin/python:
	@tools/venv.sh "$(PYTHON)"
