#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: it makes the environment that run_autograder uses.
# AUTOGRADER_ROOT stands in for /autograder where the layout is tried out elsewhere.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"
cd "$root/source"

fail() {
    echo "setup.sh: $1" >&2
    exit 1
}

python=""
for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        python="$candidate"
        break
    fi
done
[ -n "$python" ] || fail "Python 3.10 or newer is needed; choose a newer base image."

# Debian and Ubuntu keep venv in a package of its own.
if ! "$python" -m venv --clear .venv; then
    apt-get update -qq && apt-get install -y -qq python3-venv || fail "python3-venv could not be installed."
    "$python" -m venv --clear .venv || fail "the environment could not be made."
fi
.venv/bin/python -m pip install --quiet --no-cache-dir --require-hashes -r requirements.txt ||
    fail "the packages in requirements.txt could not be installed."

# The filter of system calls needs it; images without apt's own copy are rare.
if ! .venv/bin/python -c 'import pyseccomp' 2>/dev/null; then
    { apt-get update -qq && apt-get install -y -qq libseccomp2; } ||
        echo "setup.sh: libseccomp2 could not be installed: system calls of student code cannot be filtered." >&2
fi
# Refuses a machine that cannot keep student code from the grader, and says which layer it lacks.
.venv/bin/python -m autograder.platforms.gradescope --check || fail "the grader does not work on this machine."
# Student code runs under another uid; none of this is its business.
chmod -R go-rwx "$root/source"
echo "setup.sh: the grader is ready."
