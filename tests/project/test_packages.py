"""`make package`: the files in dist/ are the same bytes everywhere, and students' packages are free of private files."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile

import pytest

from autograder.files import ROOT
from autograder.packaging.handout import SHIPPED
from autograder.packaging.leaks import texts
from autograder.packaging.manifest import MANIFEST, packaged_files, table_rows
from autograder.packaging.regions import skeleton, solved
from autograder.platforms import NAMES, integration
from autograder.settings import read_secret
from tests.course import ASSIGNMENT, PARTS
from tests.project.grading import WITH_PUBLIC_SECRET

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader 0.9.6 needs Python 3.11")
OUTPUTS = {"assignment.zip": "students"} | {
    f"{name}/{output}": readers for name in NAMES for output, readers in integration(name).outputs.items()
}
STUDENTS = [name for name, readers in OUTPUTS.items() if readers == "students"]
ANYBODY = 16  # characters; shorter lines anybody writes


@pytest.fixture(scope="module")
def contents(packages):
    """Return every file that students get, by package and name, those inside zips too."""
    found = {}
    for name in STUDENTS:
        for path in packaged_files(packages.folder / name):
            found[name, path.relative_to(packages.folder).as_posix()] = path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    found |= {(name, member): archive.read(member) for member in archive.namelist()}
    return found


def test_the_manifest_says_how_large_each_package_is_and_gives_its_digest(packages):
    lines = packages.said.splitlines()
    assert lines[:-1] == list(table_rows(packages.folder, OUTPUTS))
    for line, (name, readers) in zip(lines, OUTPUTS.items(), strict=False):
        size = sum(path.stat().st_size for path in packaged_files(packages.folder / name))
        assert f"{size:,} bytes" in line
        assert line.endswith(f"{name}, for {readers}")
    archive = packages.folder / "gradescope/autograder.zip"
    assert hashlib.sha256(archive.read_bytes()).hexdigest() in packages.said
    assert f"{archive.stat().st_size:,} bytes" in packages.said


def test_whatever_holds_the_secret_is_readable_by_its_owner_alone(packages):
    secret = read_secret().encode()
    private = set()
    for path in packaged_files(packages.folder):
        contents = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                contents += [archive.read(name) for name in archive.namelist()]
        if any(secret in content for content in contents):
            private.add(path.relative_to(packages.folder).as_posix())
    assert private == {"gradescope/autograder.zip", "otter/autograder.zip", "nbgrader/grader/course.toml"}
    modes = {
        name: (packages.folder / name).stat().st_mode & 0o777 for name in (*private, "nbgrader/gradebook.db", "nbgrader/grader")
    }
    assert modes.pop("nbgrader/grader") == 0o700
    assert {*modes.values()} == {0o600}


def test_sha256sum_reads_the_manifest(packages):
    command = ["sha256sum", "--check", "--quiet", MANIFEST]
    check = subprocess.run(command, cwd=packages.folder, capture_output=True, text=True)
    assert (check.returncode, check.stdout) == (0, "")
    names = {line.split("  ", 1)[1] for line in (packages.folder / MANIFEST).read_text().splitlines()}
    folder = packages.folder
    assert {path.relative_to(folder).as_posix() for name in OUTPUTS for path in packaged_files(folder / name)} == names
    assert len(names) > 100


def test_each_package_for_students_is_complete(contents):
    for package in STUDENTS:
        names = {name.rpartition("/")[2] for holder, name in contents if holder == package}
        assert {"backprop.ipynb", "check.py", "lab.py", "checking.py", *(f"{part}.py" for part in PARTS)} <= names, package


def test_students_get_no_file_of_ours(contents):
    hidden = {path.name: path.read_bytes() for path in (ROOT / "tests/hidden").glob("*.py")}
    sources = [(ROOT / f"solution/{part}.py").read_text() for part in PARTS]
    ours = {*hidden.values(), *(version(source).encode() for source in sources for version in (str, solved))}
    names = hidden.keys() - {path.name for path in (ROOT / "tests/public").glob("*.py")}
    assert {"steps.py", "test_compute_gradients.py"} < names
    for (package, name), data in contents.items():
        assert data not in ours, (package, name)
        assert read_secret().encode() not in data, (package, name)
        assert not {*name.split("/")} & {*names, "hidden", "solution", "golden", "course.toml"}, (package, name)


def test_students_get_no_line_of_ours(contents):
    sources = {part: (ROOT / f"solution/{part}.py").read_text() for part in PARTS}
    public = [*map(skeleton, sources.values()), *(path.read_text() for path in (ROOT / "tests/public").glob("*.py"))]
    shown = *SHIPPED, *ASSIGNMENT.public_modules
    public += [(ROOT / f"{name.replace('.', '/')}.py").read_text() for name in shown]
    private = [*map(solved, sources.values()), *(path.read_text() for path in (ROOT / "tests/hidden").glob("*.py"))]
    private += [(ROOT / "autograder/backprop/cases.py").read_text()]
    known = {line.strip() for text in public for line in text.splitlines()}
    lines = {line.strip() for text in private for line in text.splitlines() if len(line.strip()) >= ANYBODY} - known
    assert len(lines) > 500
    for (package, name), data in contents.items():
        text = data.decode(errors="replace")
        if name.endswith(".ipynb"):
            text = "\n".join(texts(json.loads(text)))
        assert not lines & set(map(str.strip, text.splitlines())), (package, name)


def test_another_build_elsewhere_is_the_same_bytes(packages, tmp_path):
    """Another folder, another time, other names for temporary files: what git keeps is all that counts."""
    here = (packages.folder / MANIFEST).read_text()
    kept = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(kept, cwd=ROOT, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / "another place" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "another place" / name)
    command = [sys.executable, "-m", "autograder", "build", "package"]
    finished = subprocess.run(command, cwd=tmp_path / "another place", env=WITH_PUBLIC_SECRET, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    there = (tmp_path / "another place/dist/MANIFEST").read_text()
    assert there.splitlines() == here.splitlines()
    assert finished.stdout.splitlines()[:-1] == packages.said.splitlines()[:-1]  # the last one says where
