"""Which file is meant: a clear one is graded with a note; otherwise, the message names all candidates."""

import itertools
import zipfile
from io import BytesIO

import pytest

from autograder.intake.entries import MAX_DEPTH
from autograder.intake.find import find
from autograder.intake.graded_files import GradedFiles
from autograder.intake.names import meaning
from autograder.intake.read import Reader

FILES = GradedFiles(("network", "prep", "q1"), default="network")
CODE, OTHER = b"class Network: pass\n", b"x = 1\n"
REST = {"prep.py": OTHER, "q1.py": OTHER}


def packed(members):
    """Return the bytes of a zip of {name: data}, in which a dictionary is a zip."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, packed(data) if isinstance(data, dict) else data)
    return file.getvalue()


def write(folder, members):
    for name, data in members.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed(data) if isinstance(data, dict) else data)


def in_folder(place, members):
    write(place / "class/ada", members)
    return place / "class"


def in_zip(place, members):
    write(place / "class", {"ada.zip": members})
    return place / "class"


def in_class_zip(place, members):
    write(place, {"class.zip": {f"ada/{name}": data for name, data in members.items()}})
    return place / "class.zip"


def in_zip_of_class_zip(place, members):
    write(place, {"class.zip": {"ada.zip": members}})
    return place / "class.zip"


def in_moodle(place, members):
    write(place / "class/Ada L_901_assignsubmission_file", members)
    return place / "class"


ENTRANCES = {
    "folder": in_folder,
    "zip": in_zip,
    "folder in a class zip": in_class_zip,
    "zip in a class zip": in_zip_of_class_zip,
    "Moodle": in_moodle,
}


@pytest.fixture(params=ENTRANCES)
def submit(request, tmp_path):
    """submit(members) reads the submission that holds {name: data}, as it comes through an entrance."""
    count = itertools.count()

    def submit(members):
        place = tmp_path / str(next(count))
        place.mkdir()
        (ref,) = find(ENTRANCES[request.param](place, members), FILES).submissions
        with Reader(FILES) as reader:
            return reader.read(ref)

    return submit


WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "network") + ".py"
NAMES = [
    *("network (1).py", "network-2.py", "NETWORK.PY", "network.py.txt", "network (copy).py", "network - Copy.py"),
    *("Copy of network.py", "network_final.py", "network-v2.py", "net_work.py", "networks.py", " network.py", "network .py"),
    *("network.py ", "network.txt", "ada_network.py", WIDE, "Network.Py", "NetWork.py", "networkFinal2.py"),
    *("network.py.py", "network.py (1)", "network..py", "network - コピー.py", "network - 副本.py", "Kopie von network.py"),
    *(
        "netwrok.py",
        "netwrk.py",
        "my network (3).py",
        "Copy of Copy of network (1) (2).py",
        "hw4_network.pyw",
        "network_old.py",
    ),
]
OTHERS = [
    *("test_network.py", "check_network.py", "network_test.py", "network_utils.py", "train_network.py", "network.pyc"),
    *("network.ipynb", "network.py.bak", "network.py~", "._network.py", "~$network.py", "network-checkpoint.py", "work.py"),
    *("network_prep.py", "prep_network_q1.py", "notes.txt", "network", "network.zip.py.txt.exe", "x" * 90 + "network.py"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_another_name_is_graded_with_a_note(submit, name):
    submission = submit({name: CODE, "notes.txt": b"", **REST})
    assert submission.sources == {"network": CODE, "prep": OTHER, "q1": OTHER}
    assert submission.notes == (f"{name} was graded as network.py; rename it to network.py.",)


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_that_may_be_something_else_is_not_graded(submit, name):
    submission = submit({name: CODE, **REST})
    assert submission.problems == {"network": "network.py was not submitted."}
    assert submission.notes == ()


def test_the_number_of_a_part_is_a_part_of_its_name():
    parts = ("q1", "q2", "q12", "part_1")
    names = {"q1 (2).py": "q1", "q12 (1).py": "q12", "Q-2.py": "q2", "q3.py": "", "Part 1 (2).py": "part_1", "part2.py": ""}
    assert {name: meaning(name, parts)[0] for name in names} == names


def test_a_short_name_has_no_misspelling():
    assert meaning("cnn.py", ("rnn",)) == meaning("peep.py", ("prep",)) == ("", 0)


def test_the_exact_name_is_graded_without_a_word(submit):
    submission = submit(
        {"hw/network.py": CODE, "network (1).py": OTHER, "Network2.py": OTHER, "a/b/c/network.py": OTHER, **REST}
    )
    assert (submission.sources["network"], submission.notes) == (CODE, ())


@pytest.mark.parametrize(
    "aside", ["tests/network (1).py", "old/network (1).py", "venv/lib/network (1).py", "checks/Network.py"]
)
def test_a_file_in_a_folder_of_others_is_never_guessed(submit, aside):
    assert submit({aside: CODE, **REST}).problems == {"network": "network.py was not submitted."}


AMBIGUOUS = {
    "two copies": ["network (1).py", "network (2).py"],
    "three versions": ["network-v1.py", "network-v2.py", "network_final.py"],
    "two folders": ["a/network.py", "b/network.py"],
    "two deep folders": ["a/b/c/network.py", "a/b/d/network.py"],
    "two misspellings": ["networks.py", "netwrok.py"],
    "one name on many disks": ["NETWORK.py", "network.py"],
    "two authors": ["ada_network.py", "bob_network.py"],
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_what_is_ambiguous_names_all_candidates(submit, case):
    names = AMBIGUOUS[case]
    submission = submit({**{name: b"%d" % number for number, name in enumerate(names)}, **REST})
    problem = (
        f"There are {len(names)} files that may be meant as network.py ({', '.join(names)}); submit one, named network.py."
    )
    assert submission.problems == {"network": problem}
    assert submission.sources.keys() == {"prep", "q1"}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_identical_files_count_once(submit, case):
    names = AMBIGUOUS[case]
    submission = submit({**dict.fromkeys(names, CODE), **REST})
    assert submission.sources["network"] == CODE
    same = f"network.py was submitted {len(names)} times with the same content ({', '.join(names)}); once is enough."
    assert submission.notes[-1] == same


@pytest.mark.parametrize(
    "folder",
    ["old", "Backup 2", "_archive", "venv/lib", "env", "site-packages", "hw4/checks", "tests", "old version", "starter"],
)
def test_of_different_files_the_one_in_no_folder_of_old_ones_is_graded(submit, folder):
    submission = submit({"hw/network.py": CODE, f"{folder}/network.py": OTHER, **REST})
    assert submission.sources["network"] == CODE
    assert submission.notes == (f"hw/network.py was graded; {folder}/network.py was ignored.",)


@pytest.mark.parametrize("folder", [".ipynb_checkpoints", "__MACOSX", "__pycache__", ".venv/lib", ".git"])
def test_what_systems_leave_behind_is_ignored_without_a_word(submit, folder):
    submission = submit({"network.py": CODE, f"{folder}/network.py": OTHER, **REST})
    assert (submission.sources["network"], submission.notes) == (CODE, ())


def test_a_file_of_its_exact_name_is_graded_wherever_it_was_alone(submit):
    submission = submit({"tests/network.py": CODE, **REST})
    assert (submission.sources["network"], submission.notes) == (CODE, ())


@pytest.mark.parametrize("depth", [3, 5, MAX_DEPTH])
def test_deep_files_are_found(submit, depth):
    folder = "/".join("abcdefgh"[:depth])
    submission = submit({f"{folder}/network.py": CODE, f"{folder}/notes.txt": b"", **REST})
    assert submission.sources["network"] == CODE
    assert submission.notes == (f"network.py was found in {folder}; submit it at the top level.",)


def test_a_folder_that_holds_files_is_not_called_empty(submit):
    submission = submit({"a/b/c/d/e/f/g/h/i/j/network.py": CODE})
    assert submission.reason.startswith("There is no network.py, prep.py or q1.py in it. It holds a/b/c/d/e/f/g/h/i")
    assert submission.reason.endswith(" (more than 8 folders down).")


# Zips

ALL = {"network.py": CODE, **REST}
OPENED = {
    "alone": ({"hw.zip": ALL}, ()),
    "in a folder": ({"hw4/hw.zip": ALL}, ()),
    "with a folder in it": ({"hw.zip": {f"hw4/{name}": data for name, data in ALL.items()}}, ()),
    "beside notes": ({"hw.zip": ALL, "notes.txt": b""}, ("hw.zip was opened because not all files are next to it.",)),
    "beside a file": (
        {"hw.zip": {**ALL, "q1.py": b"old"}, "q1.py": OTHER},
        ("hw.zip was opened because not all files are next to it.",),
    ),
    "beside all files": (
        {"hw.zip": {"network.py": b"old"}, **ALL},
        ("hw.zip was not opened, because all files are there without it.",),
    ),
    "twice": ({"hw (1).zip": ALL, "hw.zip": ALL}, ("hw.zip is the same as hw (1).zip.",)),
    "a zip for each file": (
        {f"{name}.zip": {name: data} for name, data in ALL.items()},
        tuple(f"{name}.zip was opened because not all files are next to it." for name in sorted(ALL)),
    ),
    "junk beside it": ({"hw.zip": ALL, "__MACOSX/._hw.zip": b"", ".DS_Store": b""}, ()),
}


@pytest.mark.parametrize("case", OPENED)
def test_a_zip_is_opened_where_files_are_missing(submit, case):
    members, notes = OPENED[case]
    submission = submit(members)
    assert submission.sources == {"network": CODE, "prep": OTHER, "q1": OTHER}
    assert tuple(sorted(submission.notes)) == notes


def test_two_different_zips_are_ambiguous(submit):
    submission = submit({"hw.zip": ALL, "hw2.zip": {**ALL, "network.py": OTHER}})
    assert submission.sources.keys() == {"prep", "q1"}
    assert "(hw.zip/network.py, hw2.zip/network.py)" in submission.problems["network"]


def test_a_broken_zip_costs_the_files_that_are_missing(submit):
    submission = submit({"hw.zip": b"broken", **REST})
    assert submission.sources.keys() == {"prep", "q1"}
    reason = "network.py was not submitted. hw.zip: The zip cannot be opened: File is not a zip file."
    assert submission.problems == {"network": reason}


def test_zips_are_opened_two_deep_and_no_deeper(tmp_path):
    write(tmp_path / "class", {"ada/a.zip": {"b.zip": ALL}, "bob.zip": {"b.zip": {"c.zip": ALL}}})
    with Reader(FILES) as reader:
        ada, bob = (reader.read(ref) for ref in find(tmp_path / "class", FILES).submissions)
    assert ada.sources.keys() == set(FILES.parts)
    assert bob.reason == "There is no network.py, prep.py or q1.py in it. It holds c.zip."


def test_zips_next_to_each_other_are_bounded(submit, monkeypatch):
    many = submit({f"{number}.zip": {"network.py": b"%d" % number} for number in range(6)})
    assert "The submission holds 6 zips; at most 4 are opened." in many.problems["prep"]
    monkeypatch.setattr("autograder.intake.nested.MAX_ZIP", 1000)
    large = submit({f"{name}.zip": {"x": name * 300} for name in "abcde"})
    assert "d.zip: The zip has" in large.problems["network"] or "The zip has" in large.reason


# A single file


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("ada.py", "network"),
        ("network (1).py", "network"),
        ("q1.py", "q1"),
        ("q1 (1).py", "q1"),
        ("Prep.py", "prep"),
        ("x.PY", "network"),
    ],
)
def test_a_single_file_is_the_part_that_its_name_means(tmp_path, name, part):
    write(tmp_path / "class", {name: CODE})
    (ref,) = find(tmp_path / "class", FILES).submissions
    with Reader(FILES) as reader:
        assert reader.read(ref).sources == {part: CODE}
