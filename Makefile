# `make grade` and `make test` are the two to know; `make help` lists the others.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
OUT ?= out
JOBS ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count() or 1)")
BUNDLED := build/examples
SUBMISSIONS ?= $(BUNDLED)
# Protections that this machine lacks and you accept to grade without, by name; `make grade` says when there are any.
ACCEPT ?=
# The gradebook.db of an nbgrader course, to write the scores to as well.
GRADEBOOK ?=
# The address of a Dask scheduler, tcp://host:8786, to grade on its workers: docs/cluster.md.
SCHEDULER ?=
# A CSV file of everyone in the course; a pattern of students to grade, the others stay as they are; 1 to grade everything again.
ROSTER ?=
ONLY ?=
FORCE ?=
# How many mutants `make mutants` grades, a sample of so many; all of them if it is empty.
MUTANTS ?=
# What `make bench` measures: one of BENCHES.
WHAT ?= grade
BENCHES := grade doors pages pictures runners matrix attacks
# Every folder of autograder/platforms with a package.py, and the environment that builds its package.
PLATFORMS := $(patsubst autograder/platforms/%/package.py,%,$(sort $(wildcard autograder/platforms/*/package.py)))
LOCKED_PLATFORMS := $(foreach name,$(PLATFORMS),$(if $(wildcard requirements/$(name).txt),$(name)))
environment = $(VENV)/$(or $(filter $(1),$(LOCKED_PLATFORMS)),grade)

# Bytecode has a folder of its own: every start is faster, and none of it lies among the sources.
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/bytecode
# Container images set this to keep bytecode out of the sources; it would cost half a second at every start.
unexport PYTHONDONTWRITEBYTECODE
# The font cache of matplotlib, which draws the hand-out's figures: no warning where the home folder is read-only.
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/matplotlib
# How many tests are skipped on this machine; if set, any other number is a failure.
SKIPS ?=
# One process more than cores, because many tests wait.
PYTEST = -m pytest -n $(shell expr $(JOBS) + 1) --dist loadgroup --no-loadscope-reorder $(if $(SKIPS),--skips $(SKIPS))
INSTALL := $(RUN) -m pip install -qq --disable-pip-version-check --require-hashes -r

.PHONY: grade adjust copies doctor assignment student $(PLATFORMS) package test attacks mutants container lint bench \
	$(addprefix bench-,$(BENCHES) unknown) lock clean help

grade: $(VENV)/grade $(if $(GRADEBOOK),$(VENV)/nbgrader) $(if $(SCHEDULER),$(VENV)/cluster) ## Grade SUBMISSIONS into OUT
	@if [ "$(SUBMISSIONS)" = "$(BUNDLED)" ]; then $(RUN) -m autograder build examples >/dev/null; fi
	@$(RUN) -m autograder grade "$(SUBMISSIONS)" --out "$(OUT)" --jobs "$(JOBS)" --accept "$(ACCEPT)" \
		$(if $(GRADEBOOK),--gradebook "$(GRADEBOOK)") $(if $(ROSTER),--roster "$(ROSTER)") \
		$(if $(SCHEDULER),--scheduler "$(SCHEDULER)") \
		$(if $(ONLY),--only "$(ONLY)") $(if $(filter-out 0 no,$(FORCE)),--force)

adjust: $(VENV)/grade ## Add points to a score by hand: STUDENT=ada POINTS=-5 REASON="..."
	@$(RUN) -m autograder adjust "$(STUDENT)" --points="$(POINTS)" --reason "$(REASON)" --out "$(OUT)"

copies: $(VENV)/grade ## Find suspiciously similar submissions; no score is changed
	@if [ "$(SUBMISSIONS)" = "$(BUNDLED)" ]; then $(RUN) -m autograder build examples >/dev/null; fi
	@$(RUN) -m autograder copies "$(SUBMISSIONS)" --out "$(OUT)"

doctor: $(VENV)/grade ## Show the isolation layers of this machine
	@$(RUN) -m autograder $@

assignment: $(VENV)/assignment ## Build assignment/, the starter code, from solution/
	@$(RUN) -m autograder build $@

student: $(VENV)/assignment ## Build dist/assignment.zip, which students download
	@$(RUN) -m autograder build $@

.SECONDEXPANSION:
$(PLATFORMS): $$(call environment,$$@) ## Build the package for this platform in dist/
	@ACCEPT="$(ACCEPT)" $(RUN) -m autograder build $@

package: $(VENV)/assignment $(foreach name,$(PLATFORMS),$(call environment,$(name))) ## Build dist/assignment.zip and the package of every platform
	@ACCEPT="$(ACCEPT)" $(RUN) -m autograder build $@

# The matrices are small: a thread per core would only slow down the start of every process. Bytecode of what the last run copied
# to temporary folders is of no use to anyone.
test: export OPENBLAS_NUM_THREADS := 1
test: $(VENV)/test ## Run every test of the project
	@rm -rf "$(PYTHONPYCACHEPREFIX)$${TMPDIR:-/tmp}"
	@$(RUN) $(PYTEST)

attacks: $(VENV)/attacks ## Run the tests of the sandbox and the hostile submissions alone
	@$(RUN) $(PYTEST) $(addprefix tests/,golden/test_attacks.py golden/test_attack_harness.py project/test_jail.py project/test_sandbox.py)

mutants: export OPENBLAS_NUM_THREADS := 1
mutants: $(VENV)/test ## Grade the mutants of the solution, or MUTANTS of them; fails if one survives
	@$(RUN) -m tests.golden.mutants --count "$(or $(MUTANTS),0)" --jobs "$(JOBS)"

container: $(VENV)/test ## Test the Gradescope package in containers; needs root and debootstrap
	@command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq debootstrap; } >/dev/null || true
	@unshare --mount --pid --fork --kill-child --mount-proc --propagation private $(RUN) -m tests.container

# Needs none of the environments that run anything, so it fails before they are installed.
lint: build/lint/installed ## Run ruff and mypy
	@build/lint/bin/python -m ruff check .
	@build/lint/bin/python -m ruff format --check .
	@build/lint/bin/python -m mypy

bench: $(if $(filter-out $(BENCHES),$(or $(WHAT),nothing)),bench-unknown,$(addprefix bench-,$(WHAT))) ## Measure WHAT: grade (the default), doors, pages, pictures, runners, matrix or attacks

bench-unknown:
	@echo "There is no benchmark named \"$$WHAT\": WHAT must be one of $$(echo $(BENCHES) | sed 's/ /, /g')." >&2; exit 2

# A class graded here and by other tools with the same checks, which run in an environment of their own and in that of nbgrader.
bench-grade: $(VENV)/nbgrader build/runners/installed
	@build/runners/bin/python -m benchmarks.grade
	@$(RUN) -m benchmarks.layers
	@$(RUN) -m benchmarks.diagnosis

# Seconds per submission on each platform, next to the platform's own tool in an environment of its own.
bench-doors: $(PLATFORMS) build/runners/installed
	@build/runners/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-index --force-reinstall dist/otter/*.whl
	@build/runners/bin/python -m benchmarks.doors

# What the pages cost, and how quick the class report is in a browser; what they look like, for docs/pages.md.
bench-pages bench-pictures: bench-%: $(VENV)/test
	@$(RUN) -m benchmarks.$*

# The same hostile submissions graded by otter and gradescope-utils, in an environment of their own: docs/runners.md.
bench-runners: build/runners/installed
	@build/runners/bin/python -m benchmarks.runners --write docs/runners.md

# Every mutant and every correct variant against every check: build/matrix.html. Fails if one of them is graded unfairly.
bench-matrix: $(VENV)/test
	@$(RUN) -m tests.golden.matrix

# Every hostile submission with each layer missing: writes docs/attacks.md, fails if one succeeds.
bench-attacks: $(VENV)/attacks
	@$(RUN) -m tests.golden.attacks.table --jobs $(JOBS)

build/lint/installed build/runners/installed: build/%/installed: requirements/%.txt
	@echo "Installing what the $* target needs into build/$*/ (once)" >&2
	@$(PYTHON) -m venv build/$*
	@build/$*/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Each environment is made once, and again when its lock changes.
$(VENV)/grade: requirements/grade.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10) and 'Python 3.10 or newer is needed; PYTHON=... names one')"
	@echo "Installing what grading needs into $(VENV)/ (once)" >&2
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make an environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(INSTALL) requirements/grade.txt
	@touch $@

$(VENV)/%: requirements/%.txt $(VENV)/grade
	@echo "Installing what the $* target needs into $(VENV)/ (once)" >&2
	@$(INSTALL) $<
	@touch $@

# Pins every package with its hash, from pyproject.toml: first what the tests need, then the others at the same versions, so that
# one environment can hold them all. The files name no index, so any index will do. A platform with an extra of its own has a lock.
PIN = build/uv/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-annotate \
	--custom-compile-command "make lock" pyproject.toml
PACKAGING := --extra grade --extra assignment
lock: ## Pin every package with its hash in requirements/
	@$(PYTHON) -m venv build/uv && build/uv/bin/python -m pip install --quiet uv
	@$(PIN) $(PACKAGING) $(addprefix --extra ,$(LOCKED_PLATFORMS)) --extra cluster --extra attacks --extra test -o requirements/test.txt
	@for set in "judge" "grade --extra grade" "assignment $(PACKAGING)" "lint $(PACKAGING) --extra lint" \
			$(foreach name,$(LOCKED_PLATFORMS),"$(name) $(PACKAGING) --extra $(name)") "cluster --extra grade --extra cluster" \
			"attacks --extra grade --extra attacks"; do \
		set -- $$set; name=$$1; shift; $(PIN) "$$@" --constraint requirements/test.txt -o requirements/$$name.txt || exit 1; \
	done
	@$(PIN) --extra grade --extra runners -o requirements/runners.txt
	@echo pip | $(subst pyproject.toml,-,$(PIN)) -o requirements/pip.txt

clean: ## Delete the environments and everything that was built or graded
	rm -rf $(VENV) build dist out

help: ## List these targets
	@awk -F ':.* ## ' -v platforms="$(PLATFORMS)" '/^[^\t#].* ## / { sub(/\$$\(PLATFORMS\)/, platforms, $$1); \
		count = split($$1, names, " "); for (i = 1; i <= count; i++) printf "%-11s %s\n", names[i], $$2 }' $(MAKEFILE_LIST)
