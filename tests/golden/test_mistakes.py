"""Every known mutant loses points only where its mistake is, and the feedback names the mistake."""

from html.parser import HTMLParser

import pytest

from autograder.backprop.mistakes import MISTAKES as CATALOG
from autograder.files import ROOT
from tests.golden import matrix, record
from tests.golden.mistakes import MISTAKES, PAIRS
from tests.golden.programs import edited, solution

RECORD = record.read()["mistakes"]
DIAGNOSIS = ROOT / "docs/diagnosis.md"


def lost(result, part):
    """Return the names of the checks of a part that were not passed."""
    return {check.id.partition(".")[2] for check in result.failed if check.part == part}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_caught(name, grade_mistake):
    """Marks, lost checks and named causes are those of the record, and every other part has all its points."""
    mistake = MISTAKES[name]
    result = grade_mistake(name)
    assert result.status == "graded"
    assert result.fault == ""
    assert record.of_mistake(mistake, result) == RECORD[name]
    assert result.part_score(mistake.part) < result.part_max(mistake.part)
    for part in mistake.sources.keys() - {mistake.part}:
        assert lost(result, part) == set()


def test_the_record_is_that_of_the_catalog():
    assert list(RECORD) == list(MISTAKES)
    assert len(MISTAKES) >= 100


def test_every_check_catches_a_mistake(judge):
    caught = {(MISTAKES[name].part, check) for name, row in RECORD.items() for check in row["lost"]}
    assert {(check.part, check.name) for check in judge.checks} == caught


def test_the_cause_is_named_first():
    """Of at least 95 of 100 wrong programs the first cause is the mistake that was made, or one that gives the same numbers."""
    rows = [row.id for rows in CATALOG.values() for row in rows]
    named = [name for name in rows if RECORD[name]["named"] and name in RECORD[name]["named"][0]]
    assert len(named) >= 0.95 * len(rows), sorted(set(rows) - set(named))


@pytest.mark.parametrize("name", PAIRS)
def test_two_mistakes_are_two_findings(name, grade):
    assert record.of_pair(PAIRS[name], grade(PAIRS[name].sources)) == record.read()["pairs"][name]


def test_both_mistakes_of_most_pairs_are_named():
    """In at least 80 of 100 random pairs; docs/diagnosis.md gives the number."""
    both = [name for name, row in record.read()["pairs"].items() if len(row["named"]) == 2]
    assert len(both) >= 0.8 * len(PAIRS)
    assert f"both of two random mistakes are named in {len(both)} of {len(PAIRS)} pairs" in DIAGNOSIS.read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    "name",
    [
        "dw-and-db-summed",
        "db-summed",
        "hidden-dz-averaged",
        "derivative-of-tanh",
        "da-from-z",
        "dw-transposed",
        "z-without-bias",
        "a-stored-as-z",
    ],
)
def test_a_mistake_in_dnn_is_not_paid_for_in_the_extension(name, grade):
    result = grade({**MISTAKES[name].sources, "extension": solution("extension").encode()})
    assert lost(result, "dnn")
    assert lost(result, "extension") == set()


def test_no_mistake_hides_another_of_its_name():
    ids = [row.id for rows in CATALOG.values() for row in rows]
    assert len(ids) == len(set(ids))


class Tables(HTMLParser):
    """The tables of a page: rows of cells, a cell as its text."""

    def __init__(self, page):
        super().__init__()
        self.tables, self.in_cell = [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag):
        self.in_cell = self.in_cell and tag not in ("th", "td")

    def handle_data(self, data):
        if self.in_cell:
            self.tables[-1][-1][-1] += data.strip()


def test_the_matrix_shows_the_record():
    """A row for each wrong program, with its score, whether its cause is named, and a dot below every check it loses."""
    *parts, right = Tables(matrix.page(record.read())).tables
    shown = {}
    for (_, _, _, *checks), *rows, (_, _, _, *catches) in parts:
        names = [check.partition(" (")[0] for check in checks]
        for name, score, named, *dots in rows:
            shown[name] = (float(score), named[:2], [check for check, dot in zip(names, dots, strict=True) if dot])
        assert [int(number) for number in catches] == [
            sum(map(bool, column)) for column in zip(*(row[3:] for row in rows), strict=True)
        ]
    assert list(shown) == list(RECORD)
    for name, (score, named, lost) in shown.items():
        first = RECORD[name]["named"][0] if RECORD[name]["named"] else []
        verdict = "ye" if first[:1] == [name] else "tw" if name in first else "no"
        assert (score, named, sorted(lost)) == (RECORD[name]["marks"], verdict, sorted(RECORD[name]["lost"])), name
    variants = record.read()["variants"]
    assert [(name, float(score), lost) for name, score, lost in right[1:]] == [
        (name, row["marks"], ", ".join(row["lost"])) for name, row in variants.items()
    ]


def test_nothing_is_unfair():
    assert matrix.unfair(record.read()) == []


def test_an_unfair_record_is_noticed():
    survivor = {**RECORD, "dw-and-db-summed": {**RECORD["dw-and-db-summed"], "lost": []}}
    blind = {name: {**one, "lost": [check for check in one["lost"] if check != "fit_losses"]} for name, one in RECORD.items()}
    strict = {"dnn: V2 einsum": {"marks": 59, "lost": ["dnn.fit_losses"]}}
    assert matrix.unfair({"mistakes": survivor, "variants": {}}) == ["dw-and-db-summed is caught by no check"]
    assert "fit_losses catches nothing" in matrix.unfair({"mistakes": blind, "variants": {}})
    assert matrix.unfair({"mistakes": RECORD, "variants": strict}) == ["dnn: V2 einsum loses dnn.fit_losses"]
