#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: it makes the environment that run_autograder uses.
# It takes Python 3.10 or newer and a package index, and nothing of the image's own packages: pip comes in the zip, and installs
# what requirements.txt pins by hash. AUTOGRADER_ROOT stands in for /autograder where the layout is tried out elsewhere.
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

# Without pip, which Debian and Ubuntu keep from venv in a package of its own.
"$python" -m venv --clear --without-pip .venv ||
    fail "the environment could not be made; choose a base image with all of Python's standard library."
# Where a package has no wheel for this Python, that is said, and nothing is compiled.
.venv/bin/python pip.whl/pip install --quiet --no-cache-dir --disable-pip-version-check --only-binary :all: \
    --require-hashes -r requirements.txt ||
    fail "the packages in requirements.txt could not be installed: pip says why above; they come from a package index."
# Refuses a machine that cannot keep student code from the grader, and says which layer it lacks.
.venv/bin/python -m autograder.platforms.gradescope --check || fail "the grader does not work on this machine."
# Student code runs under another uid; none of this is its business.
chmod -R go-rwx "$root/source"
echo "setup.sh: the grader is ready."
