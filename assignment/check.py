"""Runs the public checks without pytest: `python check.py`, or `python check.py PART` for one part.

    python check.py PART --hint     a hint for the first check that fails; --hint 2 shows a second one
    python check.py --watch         runs again whenever you save one of your files

Exit code 0: every public check of the part passed; 1: a check failed; 2: nothing was checked, and a sentence says why. It
needs Python 3.10 or newer and numpy. Older versions can parse this file and checks/starting.py, which tells them so.
"""

import os
import sys

try:
    from checks.starting import find_problem

    problem = find_problem()
    if not problem:
        from checks.command import main, must_pass, task  # noqa: F401
except ImportError as error:
    if "checks" not in str(error):
        raise
    problem = "The folder `checks` is missing or incomplete in %s. " % os.path.dirname(os.path.abspath(__file__))
    problem += "Download the assignment again, unpack all of it, and run check.py in the unpacked folder."

if problem and __name__ != "__main__":
    raise ImportError(problem)

if __name__ == "__main__":
    if problem:
        sys.stderr.write(problem + "\n")
        sys.exit(2)
    if os.name == "nt":
        os.system("")  # noqa: S605, S607 - turns on colours in a Windows console
    sys.stdout.reconfigure(errors="backslashreplace")  # a console may not have every character
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped before the checks were done.")
