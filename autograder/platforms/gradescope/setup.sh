#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: it creates the environment that run_autograder uses.
# It needs Python 3.10 or newer and a package index, but no packages from the image: pip is in the zip, and installs the
# packages that requirements.txt pins by hash. Set AUTOGRADER_ROOT to test the layout outside /autograder.
set -euo pipefail
unset "${!PYTHON@}" # PYTHONPATH, PYTHONHOME and the like would choose what the grader is built with
export PYTHONNOUSERSITE=1
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

# Without pip, because Debian and Ubuntu put venv's pip into a separate package.
"$python" -m venv --clear --without-pip .venv ||
    fail "the environment could not be created; choose a base image with Python's complete standard library."
# If a package has no wheel for this Python, pip says so instead of compiling it.
.venv/bin/python pip.whl/pip install --quiet --no-cache-dir --disable-pip-version-check --only-binary :all: \
    --require-hashes -r requirements.txt ||
    fail "the packages in requirements.txt could not be installed from the package index; see pip's message above."
# Fails on a machine that cannot isolate student code from the grader, and names the missing layer.
.venv/bin/python -m autograder.platforms.gradescope --check || fail "the grader does not work on this machine."
# Student code runs under another uid and must not read any of this.
chmod -R go-rwx "$root/source"
echo "setup.sh: the grader is ready."
