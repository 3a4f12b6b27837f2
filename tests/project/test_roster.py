"""The roster: tables exported by platforms are read unchanged, and show who submitted and who did not."""

import codecs
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.intake.find import IntakeError
from autograder.intake.roster import read_roster
from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.intake.table import MAX_BYTES, MAX_ROWS

ADA = Person("Ada Lovelace", "ada@example.org", "0417")
GRACE = Person("Grace Hopper", "grace@example.org", "0418")
EMMY = Person("Emmy Noether", "emmy@example.org", "0419")
PLAIN = "Name,Email,SID\nAda Lovelace,ada@example.org,0417\nGrace Hopper,grace@example.org,0418\n"
PLAIN += "Emmy Noether,emmy@example.org,0419\n"


@pytest.fixture
def roster(tmp_path):
    """roster(text) is the roster of a CSV file with that text or those bytes."""

    def roster(text=PLAIN):
        path = tmp_path / "roster.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_roster(path)

    return roster


def shown(people):
    """People without what tells where they come from."""
    return tuple(person and replace(person, platform_ids=(), columns=()) for person in people)


def on(platform, number, name="someone"):
    """Somebody as the download of a platform names them."""
    return Person(name, id=number, platform_ids=((platform, number),))


def waiting(student, *people, path="x"):
    return SubmissionRef(student, Path(path), people=people)


# The tables of platforms

TABLES = {
    "Gradescope's roster": (
        "First Name,Last Name,SID,Email,Role,Section\n"
        "Ada,Lovelace,0417,ada@example.org,Student,A\nGrace,Hopper,0418,grace@example.org,Student,\n"
        "Alan,Turing,,alan@example.org,Instructor,\nA,TA,1,ta@example.org,TA,\n",
        [ADA, GRACE],
    ),
    "Gradescope's grades": (
        "Name,SID,Email,Total Lateness (H:M:S),Backprop,Backprop - Max Points\n"
        "Ada Lovelace,0417,ada@example.org,00:00:00,90.0,100.0\n",
        [ADA],
    ),
    "Canvas's gradebook": (
        "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Backprop (77),Final Score\n"
        ",,,,,Manual Posting,(read only)\n    Points Possible,,,,,100,(read only)\n"
        '"Lovelace, Ada",101,0417,ada@example.org,CS 1,90,A\n"Hopper, Grace",102,0418,grace@example.org,CS 1,,\n'
        '"Student, Test",199,,3a1b,CS 1,,\n',
        [ADA, GRACE],
    ),
    "Moodle's participants": (
        '"First name","Last name","Email address"\nAda,Lovelace,ada@example.org\n',
        [Person("Ada Lovelace", "ada@example.org", "ada@example.org")],
    ),
    "Moodle's grades": (
        'First name;Surname;ID number;Institution;Email address;"Course total (Real)"\nAda;Lovelace;0417;;ada@example.org;-\n',
        [ADA],
    ),
    "Moodle's worksheet": (
        "Identifier,Full name,ID number,Email address,Status,Grade\n"
        "Participant 901,Ada Lovelace,0417,ada@example.org,Submitted for grading,\n",
        [ADA],
    ),
    "Blackboard's grade centre": (
        codecs.BOM_UTF16_LE
        + '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Last Access"\n"Lovelace"\t"Ada"\t"ada"\t"0417"\t"x"\n'.encode(
            "utf-16-le"
        ),
        [Person("Ada Lovelace", "", "0417")],
    ),
    "a list with semicolons and empty lines": (
        "\n student id # ; E-Mail ; Full Name\r\n\r\n0417; ada@example.org ; Ada   Lovelace\r\n;;\r\n",
        [ADA],
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_tables_are_read_as_they_come(roster, case):
    text, people = TABLES[case]
    assert list(shown(roster(text).people)) == people
    assert roster(text).remarks == ()


# Who is who

WHO = {
    "a Gradescope sid": waiting("0417", Person("A.", "other@example.org", "0417")),
    "an email": waiting("x", Person("", "ADA@Example.org", "")),
    "an id without its zeros": waiting("x", Person("", "", "417")),
    "a folder named by the id": waiting("0417"),
    "a folder named by the email": waiting("ada@example.org"),
    "a folder named by the account": waiting("Ada"),
    "a folder named by the name": waiting("lovelace_ada"),
    "a Canvas name": waiting("lovelaceada", Person("lovelaceada", id="101")),
    "a Moodle name": waiting("Ada LOVELACE", Person("Ada LOVELACE", id="901")),
}


@pytest.mark.parametrize("case", WHO)
def test_a_submission_gets_what_the_roster_says(roster, case):
    assert shown(roster().complete(WHO[case]).people) == (ADA,)
    assert shown(roster().list_missing([WHO[case]])) == (GRACE, EMMY)


STRANGERS = {
    "unknown": waiting("mallory", Person("Mallory", "mallory@example.org", "666")),
    "a name is not believed where there is an email": waiting("666", Person("Ada Lovelace", "mallory@example.org", "666")),
    "a folder": waiting("adalove"),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_people_who_are_not_on_the_roster_are_unchanged_and_reported(roster, case):
    one = STRANGERS[case]
    assert roster().complete(one) == one
    assert shown(roster().list_missing([one])) == (ADA, GRACE, EMMY)
    assert len(roster().list_unknown([one])) == 1


def test_canvas_and_moodle_ids_are_those_of_their_tables(roster):
    canvas, worksheet = (roster(TABLES[case][0]) for case in ("Canvas's gradebook", "Moodle's worksheet"))
    assert shown(canvas.complete(waiting("x", on("Canvas", "102"))).people) == (GRACE,)
    assert shown(worksheet.complete(waiting("x", on("Moodle", "901"))).people) == (ADA,)
    assert canvas.people[0].platform_ids == (("Canvas", "101"),)
    assert worksheet.people[0].platform_ids == (("Moodle", "901"),)


def test_the_roster_fills_in_what_the_submission_does_not_say_and_the_other_way_round(roster):
    known = roster("SID,Name\n0417,Ada Lovelace\n")
    assert shown(known.complete(waiting("x", Person("A. L.", "ada@example.org", "0417"))).people) == (ADA,)


def test_every_group_member_counts_as_submitted(roster):
    group = waiting("0417+0418", Person(id="0417"), Person(id="0418"), Person("Mallory", id="666"))
    assert shown(roster().complete(group).people) == (ADA, GRACE, Person("Mallory", id="666"))
    assert shown(roster().list_missing([group])) == (EMMY,)
    assert roster().format_remarks([group, waiting("ada")]) == (
        "On the roster, but did not submit (1): Emmy Noether (0419).",
        "Submitted, but not on the roster: Mallory.",
        "More than one submission for one person on the roster: Ada Lovelace (0417).",
    )


def test_what_two_people_share_means_neither(roster):
    two = roster("Name,SID,Login\nAda Lovelace,1,2\nAda Lovelace,2,3\n")
    assert two.list_unknown([waiting("adalovelace"), waiting("2")]) == ["adalovelace", "2"]
    assert two.complete(waiting("3")).people[0].id == "2"


def test_a_row_without_an_id_is_told(roster):
    known = roster(PLAIN + "Alan Turing,,\n")
    assert shown(known.people) == (ADA, GRACE, EMMY)
    assert known.format_remarks([])[0] == "Skipped on the roster, because their rows have neither id nor email: Alan Turing."


def test_hostile_cells_are_shown_as_they_are_and_do_nothing(roster):
    (person,) = roster('Name,SID\n"=cmd|x!A1\n\u202e<b>\x07","../../x"\n').people
    assert shown([person])[0] == Person("=cmd|x!A1 \\u202e<b>\\u0007", "", "../../x")


# Whose id an id is


CANVAS = "Student,ID,SIS User ID,SIS Login ID,Section\n"


def test_canvas_ids_are_not_those_of_the_university(roster):
    """The ids of two people are each other's in the other column; a third one of the same name submitted nothing."""
    known = roster(CANVAS + '"Hopper, Grace",101,102,grace,A\n"Noether, Emmy",102,101,emmy,A\n"Hopper, Grace",103,9,g,A\n')
    grace, emmy, _ = known.people
    assert known.find_person(on("Canvas", "101", "noetheremmy")) == grace
    assert known.find_person(on("Canvas", "102")) == emmy
    assert known.find_person(on("Canvas", "9", "hoppergrace")) is None
    assert known.find_person(Person(id="101")) is None
    assert (grace.office_id, grace.get_id("Canvas"), grace.get_id("Moodle")) == ("102", "101", "")
    assert grace.columns[3:] == (("SIS Login ID", "grace"), ("Section", "A"))


def test_the_id_of_another_platform_matches_no_one(roster):
    known = roster(CANVAS + '"Hopper, Grace",901,S1,grace,A\n"Lovelace, Ada",902,S2,ada,A\n"Hopper, Grace",903,S3,g,A\n')
    assert known.find_person(on("Moodle", "901", "Ada Lovelace")) == known.people[1]
    assert known.find_person(on("Moodle", "901", "Grace Hopper")) is None


def test_in_an_unknown_list_a_platform_id_counts_only_with_the_name(roster):
    known = roster("ID,Name\n101,Grace Hopper\n102,Emmy Noether\n103,Emmy Noether\n")
    assert known.find_person(on("Canvas", "102", "noetheremmy")) == known.people[1]
    assert known.find_person(on("Canvas", "101", "adalovelace")) is None


def test_an_id_and_an_email_of_two_people_mean_neither_and_are_told(roster):
    swapped = waiting("0417", Person("Ada Lovelace", "grace@example.org", "0417"))
    assert roster().complete(swapped) == swapped
    assert "Not matched, because the id and the email belong to two different people: Ada Lovelace (0417)." in (
        roster().format_remarks([swapped])
    )


def test_a_name_is_not_an_id(roster):
    assert roster().find_person(Person("0417", "mallory@example.org", "666")) is None


WORKSHEET = "Identifier,Full name,Email address,Status,Group,Grade\n"
TEAMS = (
    WORKSHEET
    + "Participant 77,Ada Lovelace,ada@example.org,,Team A,\nParticipant 902,Grace Hopper,grace@example.org,,Team B,\n"
)
TEAMS += "Participant 903,Emmy Noether,emmy@example.org,,Team B,\n"


def test_the_id_of_a_group_of_moodle_is_that_of_no_participant(roster):
    """The group's id is 77, and so is that of a participant in another group."""
    known = roster(TEAMS)
    group = waiting("Team B", on("Moodle", "77", "Team B"))
    assert [person.name for person in known.complete(group).people] == ["Grace Hopper", "Emmy Noether"]
    assert [person.get_id("Moodle") for person in known.complete(group).people] == ["902", "903"]
    assert [person.name for person in known.list_missing([group])] == ["Ada Lovelace"]
    unknown = waiting("Team C", on("Moodle", "77", "Team C"))
    assert known.complete(unknown) == unknown
    assert known.find_person(on("Moodle", "902", "Team B-Grace Hopper")) == known.people[1]


# What cannot be used

UNUSABLE = {
    "empty": ("", "has no column with ids or emails, such as SID"),
    "no column with ids": ("Name,Section\nAda,A\n", r"its first row \(Name, Section\) has no column with ids or emails"),
    "an id twice": (PLAIN + "Grace,g@example.org,0417\n", "it lists 0417 2 times; keep only one row for each person"),
    "an email twice": (PLAIN + "Grace,ADA@example.org,1\n", "it lists ada@example.org 2 times"),
    "no text": (b"Name,SID\n\xff\xfe,1\n", "its byte 10 is not valid UTF-8; save it as CSV in UTF-8"),
    "half of UTF-16": (codecs.BOM_UTF16_LE + b"a", "is not valid UTF-16"),
    "a quote that is left open": ('Name,SID\n"Ada,1\n', "cannot be used: unexpected end of data"),
    "a long cell": ("Name,SID\n" + "x" * 200_000 + ",1\n", "field larger than field limit"),
    "many rows": ("SID\n" + "\n".join(map(str, range(MAX_ROWS + 1))), "it has more than 100,000 rows"),
    "many bytes": (b"SID\n" + bytes(MAX_BYTES), "it has more than 10,000,000 bytes"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_roster_that_cannot_be_used_ends_with_a_sentence(roster, case):
    text, words = UNUSABLE[case]
    with pytest.raises(IntakeError, match=words) as caught:
        roster(text)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.symlink_to("nowhere")])
def test_a_roster_that_is_not_a_file(tmp_path, make):
    make(tmp_path / "roster.csv")
    with pytest.raises(IntakeError, match=r"The roster .*roster.csv cannot be read: "):
        read_roster(tmp_path / "roster.csv")
