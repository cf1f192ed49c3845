# What a newcomer and a maintainer type. Needs Python 3.11 or later and make; everything else goes into .venv.
#
#   make install    the environment alone
#   make demo       ask the demo model about the pictures in examples/pictures
#   make test       the whole test suite, with the coverage of the client
#   make test HOST=http://... MODEL=...   its end-to-end part, against that server and that vision model
#   make check      ruff, mypy and the rules of who may import whom
#   make matrix     the core of the suite on every Python that is installed, with the oldest and the newest core
#   make bench      this client and its peers, measured side by side: benchmarks/README.md
#   make figures    other projects' sample pictures beside what viewers show, into docs/reference/formats.md; how often
#                   a proof of sight errs, into docs/sight.md; how good a choice is, into docs/how-to/choose.md; how
#                   often a page's verdict errs, into docs/verdicts.md
#   make train      the demo model from nothing, in training/out: some three hours on two cores; goes on where it was stopped
#   make help-copies  write the help of the command line and the tables of formats, fields and models into docs/ anew
#   make docs       the documentation as a site in site/, which is there to open from disk
#
# PYTHON=python3.12 chooses the Python that .venv is made with, VENV=... another place for it,
# TESTS="tests/cli/test_cli.py -k ask" fewer tests, WORKERS=2 how many processes share them.

VENV ?= .venv
TESTS ?=
# Few tests take less time than it takes to start others beside this process: 0 runs all in this one.
WORKERS ?= $(if $(TESTS),0,logical)
# From the command line alone: some shells and build systems export a HOST of their own.
REAL_HOST := $(if $(findstring command,$(origin HOST)),$(HOST))
REAL_MODEL := $(if $(findstring command,$(origin MODEL)),$(MODEL))
STAMP := $(VENV)/.installed
EDITABLE := --editable 'packages/ollama-vision[all]' --editable packages/llama-index-multi-modal-llms-ollama
RUN := $(VENV)/bin/python

# Names are tried by running them: a name can be there and still not run (pyenv's do so).
ANY_PYTHON := python3 python3.14 python3.13 python3.12 python3.11 python
IS_NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

.PHONY: install demo test check docs matrix bench figures train help-copies
.DEFAULT_GOAL := install

install: $(STAMP)

demo: $(STAMP)
	@$(RUN) examples/demo.py

test: $(STAMP)
ifneq ($(REAL_HOST)$(REAL_MODEL),)
	OLLAMA_TEST_HOST='$(or $(REAL_HOST),http://localhost:11434)' OLLAMA_TEST_MODEL='$(REAL_MODEL)' \
		$(RUN) -m pytest -m real $(TESTS)
else
	$(RUN) -m pytest --cov -n $(WORKERS) --maxprocesses 4 --dist worksteal $(TESTS)
endif

check: $(STAMP)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m pytest -q tests/repo/test_imports.py

matrix: $(STAMP)
	$(RUN) -m tools.matrix

# BENCH=--quick for under two minutes; the first run makes an environment for each client.
bench: $(STAMP)
	$(RUN) benchmarks $(BENCH)

# FIGURES="--only PngSuite" for some; needs Chromium, tools of libtiff and libheif, ImageMagick, a C compiler, apt-get, Tesseract.
figures: $(STAMP)
	$(RUN) -m benchmarks.corpora $(or $(FIGURES),--publish)
	$(if $(FIGURES),,$(RUN) -m benchmarks.sight --publish)
	$(if $(FIGURES),,$(RUN) -m benchmarks.labels --publish)
	$(if $(FIGURES),,$(RUN) -m benchmarks.verdicts --publish)

# TRAIN=--toy for a minute's worth of everything; TRAIN=adopt puts what was made into ollama_embedded/demo_model.
train: $(VENV)/.installed-train
	@$(RUN) -m training $(TRAIN)

help-copies: $(STAMP)
	@$(RUN) -m tools.help_copies
	@$(RUN) -m tools.format_tables
	@$(RUN) -m tools.field_tables
	@$(RUN) -m tools.model_tables

docs: $(VENV)/.installed-docs
	$(VENV)/bin/zensical build --clean --strict
	@echo "The documentation is in site/index.html"

# A group of dependencies more than `make install` brings: docs, train.
$(VENV)/.installed-%: $(STAMP)
	@if command -v uv >/dev/null 2>&1; then \
		uv pip install --quiet --python $(RUN) --group $*; \
	else \
		$(RUN) -m pip install --quiet --disable-pip-version-check --group $*; \
	fi
	@touch $@

# uv is a matter of speed alone. pip reads [dependency-groups] from 25.1 on, and new environments often bring
# an older one, so it is brought up to date first.
$(STAMP): pyproject.toml $(wildcard packages/*/pyproject.toml)
	@if ! $(RUN) -c '$(IS_NEW_ENOUGH)' 2>/dev/null || ! $(RUN) -m pip --version >/dev/null 2>&1; then \
		python='$(PYTHON)'; \
		if [ -z "$$python" ]; then \
			for name in $(ANY_PYTHON); do \
				if $$name -c '$(IS_NEW_ENOUGH)' 2>/dev/null; then python=$$name; break; fi; \
			done; \
		fi; \
		if [ -z "$$python" ]; then \
			echo "No Python 3.11 or later was found (tried: $(ANY_PYTHON))." \
				"Install one, or name it with PYTHON=/path/to/python3" >&2; exit 1; \
		fi; \
		if ! "$$python" -c '$(IS_NEW_ENOUGH)' 2>/dev/null; then \
			found=$$("$$python" --version 2>&1) || found="not a Python that runs"; \
			echo "$$python is $$found. This project needs Python 3.11 or later:" \
				"name one with PYTHON=/path/to/python3" >&2; exit 1; \
		fi; \
		echo "Making $(VENV) with $$("$$python" --version)"; \
		"$$python" -m venv --clear $(VENV) || { \
			echo "$$python cannot make a virtual environment." \
				"On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
	fi
	@echo "Installing this project, its extras and its development tools into $(VENV)"
	@if command -v uv >/dev/null 2>&1; then \
		uv pip install --quiet --python $(RUN) $(EDITABLE) --group dev; \
	else \
		$(RUN) -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' && \
		$(RUN) -m pip install --quiet --disable-pip-version-check $(EDITABLE) --group dev; \
	fi
	@touch $@
