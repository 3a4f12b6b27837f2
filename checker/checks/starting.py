"""Tests whether this Python can run the checks, and finds the command for it. Even Python 2 must be able to parse this file."""

import os
import shutil
import sys
import sysconfig

OLDEST, NEWEST = 10, 30  # minor versions of Python 3 to look for
DOWNLOADS = "https://www.python.org/downloads/"


def find_problem():
    """Return a sentence on why the checks cannot run and what to do; an empty string if they can."""
    if sys.version_info < (3, OLDEST):
        return describe_old_python()
    try:
        import numpy
    except ImportError as error:
        return describe_numpy_error(error)
    if not hasattr(numpy, "ndarray"):
        path = getattr(numpy, "__file__", None) or next(iter(numpy.__path__))
        return "Your own `%s` hides numpy. Rename it, then run check.py again." % path
    return ""


def describe_old_python():
    """Return the sentence about a Python that is too old, with the command of a newer one if it is installed."""
    which = getattr(shutil, "which", lambda name: None)  # Python 2 has none
    newer = [name for name in ("python3.%d" % minor for minor in range(NEWEST, OLDEST - 1, -1)) if which(name)]
    advice = "Run `%s check.py` instead." % newer[0] if newer else "Install a newer one: %s" % DOWNLOADS
    version = "%d.%d" % sys.version_info[:2]
    return "check.py needs Python 3.%d or newer; this is Python %s (%s). %s" % (OLDEST, version, sys.executable, advice)


def describe_numpy_error(error):
    """Return the sentence about a numpy that is not installed, or that fails to load."""
    if error.name == "numpy":
        return "numpy is not installed for this Python (%s). Install it: `%s`" % (sys.executable, install_command())
    reason = str(error).strip().rpartition("\n")[2]  # numpy's own words end with the original error
    again = "%s -m pip install --force-reinstall numpy" % python_command()
    return "numpy is installed for this Python (%s), but cannot be loaded (%s). Install it again: `%s`" % (
        sys.executable,
        reason,
        again,
    )


def install_command():
    """Return the command that installs numpy for this Python. A Python managed by the system refuses pip (PEP 668)."""
    python = python_command()
    managed = os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED"))
    if not managed or environment_of(sys.executable):
        return "%s -m pip install numpy" % python
    if shutil.which("apt"):
        return "sudo apt install python3-numpy"
    return "%s -m venv .venv && .venv/bin/python -m pip install numpy && .venv/bin/python check.py" % python


def python_command():
    """Return the command that runs this Python: a short name if it finds this one, its path otherwise.

    On Windows, it is not possible to look up which Python the launcher `py` runs, but most people use it.
    """
    names = ["python"] if os.name == "nt" else ["python3", "python"]
    names.append(os.path.basename(sys.executable))
    for name in names:
        if is_this_python(shutil.which(name)):
            return name
    if os.name == "nt" and not environment_of(sys.executable) and shutil.which("py"):
        return "py"
    return quote(sys.executable)


def quote(path):
    """Return a path as it is typed in a terminal."""
    return '"%s"' % path if " " in path else path


def is_this_python(path):
    """Return whether a path leads to this Python in the same virtual environment."""
    same_file = path and os.path.realpath(path) == os.path.realpath(sys.executable)
    return bool(same_file) and environment_of(path) == environment_of(sys.executable)


def environment_of(path):
    """Return the virtual environment that a Python belongs to, or ""."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(path)))
    return os.path.realpath(folder) if os.path.exists(os.path.join(folder, "pyvenv.cfg")) else ""
