# `make grade` and `make test` are the two to know; README.md has the others.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
OUT ?= out
JOBS ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count() or 1)")
BUNDLED := build/examples
SUBMISSIONS ?= $(BUNDLED)
# What submissions need not be kept from on this machine, by name; `make grade` says when there is something to accept.
ACCEPT ?=
# The gradebook.db of an nbgrader course that the marks are written to as well.
GRADEBOOK ?=
# The address of a Dask scheduler, tcp://host:8786, whose workers are to grade: docs/cluster.md.
SCHEDULER ?=
# A CSV file of the people of the course; a pattern of names, the others are left as they are; 1 to grade everything again.
ROSTER ?=
ONLY ?=
FORCE ?=

# A place of its own for bytecode: every start is faster, and none lies among the sources.
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/bytecode
# Container images set this to keep bytecode from among the sources, and it would cost half a second at every start.
unexport PYTHONDONTWRITEBYTECODE
# Likewise for what matplotlib finds out about fonts: a home that cannot be written to costs no time and no warning.
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/matplotlib
# How many tests are skipped on this machine, if another number is to be a failure.
SKIPS ?=
# One process more than cores, for many tests wait.
PYTEST = -m pytest -n $(shell expr $(JOBS) + 1) --dist loadgroup --no-loadscope-reorder $(if $(SKIPS),--skips $(SKIPS))
INSTALL := $(RUN) -m pip install -qq --disable-pip-version-check --require-hashes -r

.PHONY: grade adjust copies doctor assignment student gradescope otter nbgrader package test attacks attacks-matrix container lint matrix bench doors pages pictures runners lock clean

grade: $(VENV)/grade $(if $(GRADEBOOK),$(VENV)/nbgrader) $(if $(SCHEDULER),$(VENV)/cluster)
	@if [ "$(SUBMISSIONS)" = "$(BUNDLED)" ]; then $(RUN) -m autograder build examples >/dev/null; fi
	@$(RUN) -m autograder grade "$(SUBMISSIONS)" --out "$(OUT)" --jobs "$(JOBS)" --accept "$(ACCEPT)" \
		$(if $(GRADEBOOK),--gradebook "$(GRADEBOOK)") $(if $(ROSTER),--roster "$(ROSTER)") \
		$(if $(SCHEDULER),--scheduler "$(SCHEDULER)") \
		$(if $(ONLY),--only "$(ONLY)") $(if $(filter-out 0 no,$(FORCE)),--force)

# Adds points to a score by hand, or takes some away: make adjust STUDENT=ada POINTS=-5 REASON="..."
adjust: $(VENV)/grade
	@$(RUN) -m autograder adjust "$(STUDENT)" --points="$(POINTS)" --reason "$(REASON)" --out "$(OUT)"

# Finds suspiciously similar submissions: OUT/copies.html. No score is changed.
copies: $(VENV)/grade
	@if [ "$(SUBMISSIONS)" = "$(BUNDLED)" ]; then $(RUN) -m autograder build examples >/dev/null; fi
	@$(RUN) -m autograder copies "$(SUBMISSIONS)" --out "$(OUT)"

doctor: $(VENV)/grade
	@$(RUN) -m autograder $@

gradescope: $(VENV)/grade
	@ACCEPT="$(ACCEPT)" $(RUN) -m autograder build $@

assignment student: $(VENV)/assignment
	@$(RUN) -m autograder build $@

otter: $(VENV)/otter
	@ACCEPT="$(ACCEPT)" $(RUN) -m autograder build $@

nbgrader: $(VENV)/nbgrader
	@ACCEPT="$(ACCEPT)" $(RUN) -m autograder build $@

package: $(VENV)/assignment $(VENV)/otter $(VENV)/nbgrader
	@ACCEPT="$(ACCEPT)" $(RUN) -m autograder build $@

# Matrices are small here, and a thread for each core would only cost every process its start. Nobody needs the bytecode of what
# tests have copied to temporary folders the last time.
test: export OPENBLAS_NUM_THREADS := 1
test: $(VENV)/test
	@rm -rf "$(PYTHONPYCACHEPREFIX)$${TMPDIR:-/tmp}"
	@$(RUN) $(PYTEST)

# The sandbox and the hostile submissions alone; `make test` runs them too.
attacks: $(VENV)/attacks
	@$(RUN) $(PYTEST) $(addprefix tests/,golden/test_attacks.py golden/test_attack_harness.py project/test_jail.py project/test_sandbox.py)

# Every hostile submission without every layer: writes docs/attacks.md, fails if one succeeds.
attacks-matrix: $(VENV)/attacks
	@$(RUN) -m tests.golden.attacks.table --jobs $(JOBS)

# The Gradescope package in containers as Gradescope makes them; needs root and debootstrap: docs/gradescope.md.
container: $(VENV)/test
	@command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq debootstrap; } >/dev/null || true
	@unshare --mount --pid --fork --kill-child --mount-proc --propagation private $(RUN) -m tests.container

# Needs none of the environments that run anything, so that it is the first to fail.
lint: build/lint/installed
	@build/lint/bin/python -m ruff check .
	@build/lint/bin/python -m ruff format --check .
	@build/lint/bin/python -m mypy

# A class beside other tools with the same checks, which are in an environment of their own and in make nbgrader's.
bench: $(VENV)/nbgrader build/runners/installed
	@build/runners/bin/python -m benchmarks.grade
	@$(RUN) -m benchmarks.layers
	@$(RUN) -m benchmarks.diagnosis

# Seconds per submission through each door, beside the platform's own tool in an environment of its own.
doors: gradescope otter nbgrader build/runners/installed
	@build/runners/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-index --force-reinstall dist/otter/*.whl
	@build/runners/bin/python -m benchmarks.doors

# What the pages cost, and how quick the class report is in a browser; what they look like, for docs/pages.md.
pages pictures: $(VENV)/test
	@$(RUN) -m benchmarks.$@

# Each wrong program beside each check, and the right ones: build/matrix.html. Fails if one of them is graded unfairly.
matrix: $(VENV)/test
	@$(RUN) -m tests.golden.matrix

# The same hostile submissions graded by otter and gradescope-utils, in an environment of their own: docs/runners.md.
runners: build/runners/installed
	@build/runners/bin/python -m benchmarks.runners --write docs/runners.md

build/lint/installed build/runners/installed: build/%/installed: requirements/%.txt
	@echo "Installing what the $* target needs into build/$*/ (once)" >&2
	@$(PYTHON) -m venv build/$*
	@build/$*/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Each environment is made once and made again when its lock changes.
$(VENV)/grade: requirements/grade.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10) and 'Python 3.10 or newer is needed; PYTHON=... names one')"
	@echo "Installing what grading needs into $(VENV)/ (once)" >&2
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make an environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(INSTALL) requirements/grade.txt
	@touch $@

$(VENV)/assignment $(VENV)/otter $(VENV)/nbgrader $(VENV)/cluster $(VENV)/attacks $(VENV)/test: $(VENV)/%: requirements/%.txt $(VENV)/grade
	@echo "Installing what the $* target needs into $(VENV)/ (once)" >&2
	@$(INSTALL) $<
	@touch $@

# Pins every package with its hash, from pyproject.toml: first what the tests take, then the others at the same versions, so that
# one environment can hold them all. The files name no index, so any index will do.
PIN = build/uv/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-annotate \
	--custom-compile-command "make lock" pyproject.toml
PACKAGING := --extra grade --extra assignment
lock:
	@$(PYTHON) -m venv build/uv && build/uv/bin/python -m pip install --quiet uv
	@$(PIN) $(PACKAGING) --extra otter --extra nbgrader --extra cluster --extra attacks --extra test -o requirements/test.txt
	@for set in "judge" "grade --extra grade" "assignment $(PACKAGING)" "lint $(PACKAGING) --extra lint" \
			"otter $(PACKAGING) --extra otter" "nbgrader $(PACKAGING) --extra nbgrader" "cluster --extra grade --extra cluster" \
			"attacks --extra grade --extra attacks"; do \
		set -- $$set; name=$$1; shift; $(PIN) "$$@" --constraint requirements/test.txt -o requirements/$$name.txt || exit 1; \
	done
	@$(PIN) --extra grade --extra runners -o requirements/runners.txt
	@echo pip | $(subst pyproject.toml,-,$(PIN)) -o requirements/pip.txt

clean:
	rm -rf $(VENV) build dist out
