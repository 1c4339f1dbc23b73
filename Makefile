# Each target makes the virtual environment it needs, and renews it when setup.cfg or the
# source in C has changed.
#   make demo     run a short conversation between a client and a server
#   make test     check the types, run all tests, in pure Python with branch coverage, and in C
#   make types    check the types alone
#   make pytest   run all tests on both paths without coverage; ARGS="-k fields" picks some
#   make stress   run the tests with many threads twenty times as long
#   make bench    measure, print and write build/bench.json; ARGS="echo stream" takes two sections
#   make bench-docs   put build/bench.json into docs/benchmarks.md, and draw its chart
#   make autobahn run the Autobahn suite from the folder AUTOBAHN, and write docs/conformance.md;
#                 PURE=1 does without the part in C
#   make docs     turn docs/ into HTML, in build/docs
#   make dist     build the source distribution and both wheels, in dist
#   make distcheck  build them, install each into an empty environment, and try it there; OTHERS
#                 names further interpreters to try the binary wheel with
#   make clean    remove everything that was made
# PYTHON names the interpreter (3.11 or later), VENV the folder of the environment.

PYTHON ?=
VENV ?= .venv
ARGS ?=
OTHERS ?=
PURE ?=
AUTOBAHN ?= ../shared/tools/autobahn

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# Each core takes a share of the tests.
PYTEST := $(BIN)/python -m pytest --numprocesses auto
# Where nothing was built there is nothing more to test; whether that is right, one of them knows.
NOT_BUILT := $(BIN)/python -c \
    'import sys; from beastly import websocket; sys.exit(websocket.ACCELERATED)'
# What an installation is made of, but for the Python that it finds in this folder.
SETUP := setup.cfg setup.py pyproject.toml $(wildcard beastly/*/*.c)
# It looks for an interpreter on the search path; --verifytypes does not heed --pythonpath.
PYRIGHT := PATH="$(abspath $(BIN)):$$PATH" pyright
PYTHONS := $(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3)

# Both paths are built and tested, whichever one the caller prefers.
unexport BEASTLY_PURE

.DELETE_ON_ERROR:
.PHONY: demo test types pytest stress bench bench-docs autobahn docs dist \
    distcheck clean

demo: $(VENV)/.package
	$(BIN)/python docs/examples/demo.py

test: types
	BEASTLY_PURE=1 $(PYTEST) --cov $(ARGS)
	$(NOT_BUILT) || $(PYTEST) $(ARGS)

types: $(VENV)/.test
	$(BIN)/python -m mypy
	$(PYRIGHT) --project tests/typing
	$(PYRIGHT) --verifytypes beastly --ignoreexternal

pytest: $(VENV)/.test
	BEASTLY_PURE=1 $(PYTEST) $(ARGS)
	$(NOT_BUILT) || $(PYTEST) $(ARGS)

stress: $(VENV)/.test
	STRESS=20 $(BIN)/python -m pytest tests/websocket/test_stream_stress.py $(ARGS)

bench: $(VENV)/.bench
	$(BIN)/python -m tests.bench $(ARGS)

bench-docs: $(VENV)/.bench
	$(BIN)/python -m tests.bench.page $(ARGS)

autobahn: $(VENV)/.package
	$(if $(PURE),BEASTLY_PURE=1) $(BIN)/python -m tests.autobahn.suite $(AUTOBAHN)

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -q -W --keep-going docs build/docs

# Both wheels are built from the source distribution, so that nothing of this folder gets in by chance.
dist: $(VENV)/.dist
	rm -rf dist
	BEASTLY_PURE=1 $(BIN)/python -m build
	$(BIN)/python -m build

distcheck: $(VENV)/.test dist
	OTHERS="$(OTHERS)" $(PYTEST) tests/distribution/check.py $(ARGS)

clean:
	rm -rf $(VENV) .venv-* build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache
	rm -f beastly/*/*.so beastly/*/*.pyd
	find beastly tests docs -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.package: $(VENV)/.made $(SETUP)
	$(PIP) --editable .
	touch $@

$(VENV)/.%: $(VENV)/.made $(SETUP)
	$(PIP) --editable '.[$*]'
	touch $@

$(VENV)/.made:
	@for python in $(PYTHONS); do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "$$python -m venv $(VENV)"; \
	        "$$python" -m venv --clear $(VENV) && touch $@ && exit 0; \
	        exit 1; \
	    fi; \
	done; \
	echo "beastly needs Python 3.11 or later; none of these is: $(PYTHONS)." \
	    "Name one: make PYTHON=/path/to/python3" >&2; \
	exit 1
