# Most people need only `make grade` and `make test`; `make help` lists all targets.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# Without SUBMISSIONS, the bundled examples are graded, into a folder of their own.
BUNDLED := build/examples
OUT ?= out
ifeq ($(origin SUBMISSIONS) $(origin OUT),undefined file)
grade copies: OUT := out/examples
endif
SUBMISSIONS ?= $(BUNDLED)
JOBS ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count() or 1)")
# What you accept: protections that `make grade` reports as missing on this machine; public-secret, the public example secret in
# packages.
ACCEPT ?=
# The gradebook.db of an nbgrader course that also gets the scores.
GRADEBOOK ?=
# The address of a Dask scheduler, tls://host:8786, whose workers should grade: docs/cluster.md.
SCHEDULER ?=
# A CSV file of everyone in the course; a pattern of students to grade, while all others keep their results; 1 to grade everything
# again; 1 to grade into an OUT that holds another class.
ROSTER ?=
ONLY ?=
FORCE ?=
OTHER_CLASS ?=
# Who adjusts a score, by default the user who is logged in; 1 to add the same adjustment again.
WHO ?=
AGAIN ?=
# The number of mutants that `make mutants` samples; all of them by default.
MUTANTS ?=
# What `make bench` measures: one of BENCHES; an earlier commit that grade and hangs measure in the same run.
WHAT ?= grade
BEFORE ?=
BENCHES := grade hangs scale doors pages pictures runners matrix attacks
# Every folder in autograder/platforms with a package.py, and the environment that builds its package.
PLATFORMS := $(patsubst autograder/platforms/%/package.py,%,$(sort $(wildcard autograder/platforms/*/package.py)))
LOCKED_PLATFORMS := $(foreach name,$(PLATFORMS),$(if $(wildcard requirements/$(name).txt),$(name)))
environment = $(VENV)/$(or $(filter $(1),$(LOCKED_PLATFORMS)),grade)

# Variables for the command line, and standard ones that other tools read. Anything else on the command line is a typo, which make
# would silently ignore. A make that calls this one may set any variable, unless its name is close to one of ours.
VARIABLES := SUBMISSIONS OUT JOBS ROSTER ONLY FORCE OTHER_CLASS ACCEPT GRADEBOOK SCHEDULER COURSE STUDENT CHECK POINTS REASON WHO AGAIN \
	MUTANTS WHAT BEFORE SKIPS SHARE PYTHON
STANDARD := VENV ASSIGNMENT JAMMY FUZZ_EXAMPLES AR AS CC CPP CXX LD %FLAGS MAKE% SHELL PATH HOME TMPDIR \
	LANG LC_% TERM TZ NO_COLOR PYTHON% PIP_% %_proxy %_PROXY %_THREADS MPL% DESTDIR PREFIX prefix
UNKNOWN := $(firstword $(filter-out $(VARIABLES) $(STANDARD),\
	$(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))))
NEAREST = import difflib, sys; name, level, *known = sys.argv[1:]; top = level == "0"; \
	near = difflib.get_close_matches(name.upper(), known, 1, 0.6 if top else 0.8); \
	print(*[f"There is no variable {name}. Did you mean {one}?" for one in near] or \
	["There is no variable {}. The variables are {}".format(name, ", ".join(known))] * top)
ifneq ($(UNKNOWN),)
REFUSED := $(shell $(PYTHON) -c '$(NEAREST)' '$(subst ','\'',$(UNKNOWN))' $(MAKELEVEL) $(VARIABLES))
$(if $(REFUSED),$(error $(REFUSED)))
endif

# A separate folder for bytecode makes every start faster and keeps the sources clean.
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/bytecode
# Container images set this to keep bytecode out of the sources; here it would cost half a second at every start.
unexport PYTHONDONTWRITEBYTECODE
# The font cache of matplotlib, which draws the hand-out's figures; this avoids a warning if the home folder is read-only.
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/matplotlib
# The expected number of skipped tests; if set, any other number is a failure.
SKIPS ?=
# One more process than cores, because many tests spend time waiting.
PYTEST = -m pytest -n $(shell expr $(JOBS) + 1) --dist loadgroup --no-loadscope-reorder $(if $(SKIPS),--skips $(SKIPS))
INSTALL := $(RUN) -m pip install -qq --disable-pip-version-check --require-hashes -r

.PHONY: grade explain adjust adjustments copies doctor assignment student $(PLATFORMS) package test attacks mutants container lint bench \
	$(addprefix bench-,$(BENCHES) unknown) lock clean help

other_class = $(if $(filter-out 0 no,$(OTHER_CLASS)),--other-class)
bundled = if [ "$(SUBMISSIONS)" = "$(BUNDLED)" ]; then $(RUN) -m autograder build examples >/dev/null && \
	echo "$(1) the bundled examples into $(OUT)/. For your own class: make $@ SUBMISSIONS=folder-or-zip"; fi

grade: $(VENV)/grade $(if $(GRADEBOOK),$(VENV)/nbgrader) $(if $(SCHEDULER),$(VENV)/cluster) ## Grade SUBMISSIONS into OUT
	@$(call bundled,Grading)
	@$(RUN) -m autograder grade "$(SUBMISSIONS)" --out "$(OUT)" --jobs "$(JOBS)" --accept "$(ACCEPT)" \
		$(if $(GRADEBOOK),--gradebook "$(GRADEBOOK)") $(if $(ROSTER),--roster "$(ROSTER)") \
		$(if $(SCHEDULER),--scheduler "$(SCHEDULER)") \
		$(if $(ONLY),--only "$(ONLY)") $(if $(filter-out 0 no,$(FORCE)),--force) $(other_class)

explain: $(VENV)/grade ## Rerun one check and show what it compared (staff only): STUDENT=ada CHECK=forward_output
	@$(RUN) -m autograder explain "$(STUDENT)" "$(CHECK)" --out "$(OUT)" --accept "$(ACCEPT)" \
		$(if $(filter-out $(BUNDLED),$(SUBMISSIONS)),--submissions "$(SUBMISSIONS)")

adjust: $(VENV)/grade ## Add or deduct points by hand: STUDENT=ada POINTS=-5 REASON="..."
	@$(RUN) -m autograder adjust "$(STUDENT)" --points="$(POINTS)" --reason "$(REASON)" --out "$(OUT)" \
		$(if $(WHO),--who "$(WHO)") $(if $(filter-out 0 no,$(AGAIN)),--again)

adjustments: $(VENV)/grade ## List all adjustments made by hand: when, who, points, student, reason
	@$(RUN) -m autograder $@ --out "$(OUT)"

copies: $(VENV)/grade ## Find suspiciously similar submissions; no score is changed
	@$(call bundled,Comparing)
	@$(RUN) -m autograder copies "$(SUBMISSIONS)" --out "$(OUT)" --jobs "$(JOBS)" $(other_class)

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

# The matrices are small, so one thread per core would only slow down the start of every process. Also delete bytecode of files
# that the last run copied to temporary folders.
test: export OPENBLAS_NUM_THREADS := 1
test: $(VENV)/test ## Run every test of the project
	@rm -rf "$(PYTHONPYCACHEPREFIX)$${TMPDIR:-/tmp}"
	@$(RUN) $(PYTEST)

attacks: $(VENV)/attacks ## Run only the tests of the sandbox and the hostile submissions
	@$(RUN) $(PYTEST) $(addprefix tests/,golden/test_attacks.py golden/test_attack_harness.py project/test_jail.py project/test_sandbox.py)

mutants: export OPENBLAS_NUM_THREADS := 1
mutants: $(VENV)/test ## Grade the mutants of the solution, or MUTANTS of them; fails if one survives
	@$(RUN) -m tests.golden.mutants --count "$(or $(MUTANTS),0)" --jobs "$(JOBS)"

container: $(VENV)/test ## Test the Gradescope package in containers; needs root and debootstrap
	@command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq debootstrap; } >/dev/null || true
	@unshare --mount --pid --fork --kill-child --mount-proc --propagation private $(RUN) -m tests.container

# Needs no other environment, so that it can fail before those are installed.
lint: build/lint/installed ## Run ruff and mypy
	@build/lint/bin/python -m ruff check .
	@build/lint/bin/python -m ruff format --check .
	@build/lint/bin/python -m mypy

bench: $(if $(filter-out $(BENCHES),$(or $(WHAT),nothing)),bench-unknown,$(addprefix bench-,$(WHAT))) ## Measure WHAT: grade (the default), hangs, scale, doors, pages, pictures, runners, matrix or attacks

bench-unknown:
	@echo "There is no benchmark named \"$$WHAT\": WHAT must be one of $$(echo $(BENCHES) | sed 's/ /, /g')." >&2; exit 2

# Grades a class here and with other tools that run the same checks, in an environment of their own and in nbgrader's.
bench-grade: $(VENV)/nbgrader build/runners/installed
	@build/runners/bin/python -m benchmarks.grade $(if $(BEFORE),--before "$(BEFORE)")
	@build/runners/bin/python -m benchmarks.starts $(if $(BEFORE),--before "$(BEFORE)")
	@$(RUN) -m benchmarks.layers
	@$(RUN) -m benchmarks.loading
	@$(RUN) -m benchmarks.diagnosis

# Measures seconds per submission on each platform, and of the platform's own tool in a separate environment.
bench-doors: ACCEPT := public-secret
bench-doors: $(PLATFORMS) build/runners/installed
	@build/runners/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-index --force-reinstall dist/otter/*.whl
	@build/runners/bin/python -m benchmarks.doors

# Measures submissions that hang, and a class in which one in ten does.
bench-hangs: $(VENV)/test
	@$(RUN) -m benchmarks.hangs $(if $(BEFORE),--before "$(BEFORE)")

# Measures large classes, copies and a Dask cluster; the cost of the pages and the speed of the class report in a browser; takes the
# pictures in docs/pages.md.
bench-scale bench-pages bench-pictures: bench-%: $(VENV)/test
	@$(RUN) -m benchmarks.$*

# Grades the same hostile submissions with otter and gradescope-utils, in a separate environment: docs/runners.md.
bench-runners: build/runners/installed
	@build/runners/bin/python -m benchmarks.runners --write docs/runners.md

# Grades every mutant and every correct variant with every check: build/matrix.html. Fails if one is graded unfairly.
bench-matrix: $(VENV)/test
	@$(RUN) -m tests.golden.matrix

# Runs every hostile submission with each layer missing, and writes docs/attacks.md. Fails if one succeeds.
bench-attacks: $(VENV)/attacks
	@$(RUN) -m tests.golden.attacks.table --jobs $(JOBS)

build/lint/installed build/runners/installed: build/%/installed: requirements/%.txt
	@echo "Installing the packages for the $* target into build/$*/ (only once)" >&2
	@$(PYTHON) -m venv build/$*
	@build/$*/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Each environment is created once, and updated when its lock file changes.
$(VENV)/grade: requirements/grade.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10) and 'Python 3.10 or newer is needed; choose one with PYTHON=...')"
	@echo "Installing the packages for grading into $(VENV)/ (only once)" >&2
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot create an environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(INSTALL) requirements/grade.txt
	@touch $@

$(VENV)/%: requirements/%.txt $(VENV)/grade
	@echo "Installing the packages for the $* target into $(VENV)/ (only once)" >&2
	@$(INSTALL) $<
	@touch $@

# Pins every package with its hash, from pyproject.toml: first the packages for the tests, then all others at the same versions,
# so one environment can hold them all. The files name no index, so any index works. A platform with its own extra has a lock.
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

clean: ## Delete the environments, the build output and out/examples, but no class of yours
	rm -rf $(VENV) build dist out/examples

help: ## List these targets
	@awk -F ':.* ## ' -v platforms="$(PLATFORMS)" '/^[^\t#].* ## / { sub(/\$$\(PLATFORMS\)/, platforms, $$1); \
		count = split($$1, names, " "); for (i = 1; i <= count; i++) printf "%-11s %s\n", names[i], $$2 }' $(MAKEFILE_LIST)
