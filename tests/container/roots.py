"""The roots of the containers: a minimal Debian or Ubuntu made by debootstrap, and the Python in it.

`.venv/bin/python -m tests.container.roots` makes only the roots, and exits with 2 if it cannot.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from autograder.files import ROOT

FOLDER = ROOT / "build/container"
PACKAGES = "python3,ca-certificates"  # neither python3-venv nor python3-pip: setup.sh needs none of them
NEWEST = {"Debian": "testing"}  # the suite with the newest Python, by who makes it; elsewhere it is the machine's own
JAMMY = "jammy"  # Ubuntu 22.04, which Gradescope starts from
PASSED_ON = re.compile("(https?|no)_proxy|(SSL_CERT|REQUESTS_CA|CURL_CA)_.*", re.IGNORECASE)


class RootError(Exception):
    """A root cannot be made; the text is a sentence."""


@dataclass(frozen=True)
class Root:
    """The files of a container: a folder made by debootstrap, and a Python of this machine to put into it, if any."""

    name: str
    folder: Path
    python: Path | None = None


def roots() -> Iterator[Root]:
    """Yield a root with the newest Python that the machine's own sources have, and one with 3.10.

    The latter is Ubuntu 22.04 itself where the environment variable JAMMY names a mirror of Ubuntu, else the former with a
    CPython 3.10 of this machine; where there is neither, a sentence says so.
    """
    maker, suite, mirror = own_sources()
    newest = made(NEWEST.get(maker, suite), mirror)
    yield Root("newest", newest)
    if os.environ.get("JAMMY"):
        yield Root("3.10", made(JAMMY, os.environ["JAMMY"]))
    elif python := find_python310():
        yield Root("3.10", newest, python)
    else:
        print("No Python 3.10: PYTHON310=... names one, or JAMMY=... a mirror of Ubuntu; the newest Python alone is tried.")


def own_sources() -> tuple[str, str, str]:
    """Who made this machine's packages, in which suite, and from where they come, as apt has it."""
    form = "$(ORIGIN) $(LABEL) $(COMPONENT) $(CODENAME) $(REPO_URI)"
    asked = subprocess.run(
        ["apt-get", "indextargets", "--format", form, "Created-By: Packages"], capture_output=True, text=True
    )
    for line in asked.stdout.splitlines():
        origin, label, component, suite, mirror = line.split()
        if origin == label and component == "main" and "-" not in suite:
            return origin, suite, mirror
    raise RootError("apt knows no mirror to make a root from; `apt-get update` may help.")


def made(suite: str, mirror: str) -> Path:
    """Return the folder of a root, made once; RootError if debootstrap fails."""
    folder = FOLDER / suite
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        print(f"Making a root of {suite} (once) ...", flush=True)
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, str(folder / "root"), mirror]
        if subprocess.run(command, stdout=(folder / "log").open("w"), stderr=subprocess.STDOUT).returncode != 0:
            raise RootError(f"debootstrap could not make a root of {suite}; {folder / 'log'} says why.")
        (folder / "made").touch()
    return folder / "root"


def find_python310() -> Path | None:
    """Return the folder of a CPython 3.10 that can be put into a root: what PYTHON310 names, or what is on PATH or in pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    known = [os.environ.get("PYTHON310") or "python3.10", *map(str, sorted(pyenv.glob("versions/3.10.*/bin/python3.10")))]
    for candidate in filter(shutil.which, known):
        code = "import sys; print(sys.base_prefix if sys.version_info[:2] == (3, 10) else '')"
        prefix = subprocess.run([candidate, "-c", code], capture_output=True, text=True).stdout.strip()
        if prefix and prefix != "/usr":  # the system's own lies among all the rest of it
            return Path(prefix)
    return None


def libraries(python: Path, root: Path) -> list[Path]:
    """Return the shared libraries that a Python of this machine needs and a root has not."""
    binaries = [python / "bin/python3.10", *python.glob("lib/python3.10/lib-dynload/*.so")]
    listed = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True).stdout
    found = {Path(place) for place in re.findall(r"=> (/\S+)", listed) if python not in Path(place).parents}
    return sorted(place for place in found if not list(root.glob(f"usr/lib/**/{place.name}")))


def pip_settings() -> dict[str, str]:
    """Return the environment in which pip finds in a container the package index that it finds on this machine."""
    lines = subprocess.run(["python3", "-m", "pip", "config", "list"], capture_output=True, text=True).stdout.splitlines()
    rows = [line.partition("=") for line in lines]
    settings = {f"PIP_{key.rpartition('.')[2].replace('-', '_').upper()}": ast.literal_eval(value) for key, _, value in rows}
    return settings | {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}


def folders_named(settings: dict[str, str]) -> list[Path]:
    """Return the folders of this machine that the settings point into; an index on disk points to what lies beside it."""
    words = [urlparse(word) for text in settings.values() for word in text.split()]
    places = [Path(word.path) for word in words if word.scheme in ("", "file") and word.path.startswith("/")]
    folders = {place.parent for place in places if place.exists()}
    return sorted(folder for folder in folders if folder != Path("/") and not folders & set(folder.parents))


if __name__ == "__main__":
    try:
        print(*(f"{root.name}: {root.python or 'its own Python'} in {root.folder}" for root in roots()), sep="\n")
    except (RootError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
