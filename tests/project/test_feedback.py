"""What the student's page says, and in which order; how it looks in a browser is for tests/browser."""

import html
import re
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from autograder.backprop.figure import HEIGHT, LAYER_SIZES, TILE, WIDTH, centers, drawing
from autograder.intake.read import Submission
from autograder.intake.submission_ref import SubmissionRef
from autograder.marks import mark_of
from autograder.packaging.handout import hand_out
from autograder.report.feedback import SENTENCE, Said, compare_numbers, feedback_html, name_anchor
from autograder.results import Cause, Comparison, Result
from autograder.settings import Course, Late, Settings
from tests.course import ASSIGNMENT, PARTS
from tests.golden.mistakes import MISTAKES, with_mistakes
from tests.project.grading import read_blocks

MINUS = "\N{MINUS SIGN}"
MAX_WORDS = 6  # of a sentence that may be on a page twice
EVERY = 17  # one of so many mistakes of the catalog is graded here
HANDOUT = "https://example.org/course/handout.html?v=1&w=2"
NOON = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)
STARTER = {part: (ASSIGNMENT.starter / f"{part}.py").read_bytes() for part in PARTS}
PROGRAMS = {
    **{name: (name,) for name in sorted(MISTAKES)[::EVERY]},
    "two mistakes": ("derivative-at-z", "logistic-both-summed"),
    "three mistakes": ("logistic-both-summed", "derivative-at-z", "softmax-output-is-sigmoid"),
    "nothing is wrong": (),
}
FILES = {
    "starter code": STARTER,
    "forward alone": {**STARTER, "dnn": with_mistakes()["dnn"].replace(b"grads = {}", b"return")},
    "a syntax error": {**with_mistakes(), "dnn": b"def forward(:\n"},
    "an exception": {**with_mistakes(), "dnn": b"raise ValueError('no')\n"},
    "one file": {"dnn": with_mistakes("derivative-at-z")["dnn"]},
    "no class": {**with_mistakes(), "dnn": b"answer = 42\n"},
}


@pytest.fixture(scope="module")
def grade(judge):
    """Return the result of a submission with these files."""

    def grade(files):
        return judge.grade(
            Submission("ada", files, {part: f"{part}.py was not submitted." for part in PARTS if part not in files})
        )

    return grade


def feedback(result, course=Course(), **mark):
    return feedback_html(mark_of(result, **mark), ASSIGNMENT.figure(result), ASSIGNMENT, course)


def find_repeated(page):
    """Return the sentences of more than MAX_WORDS words that are on a page more than once."""
    sentences = Counter(sentence.strip() for block in read_blocks(page) for sentence in SENTENCE.findall(block))
    return [sentence for sentence, count in sentences.items() if count > 1 and len(sentence.split()) > MAX_WORDS]


# Nothing is said twice


@pytest.mark.parametrize("name", [*PROGRAMS, *FILES])
def test_no_sentence_is_on_a_page_twice(name, grade):
    result = grade(FILES[name] if name in FILES else with_mistakes(*PROGRAMS[name]))
    assert find_repeated(feedback(result)) == []


def test_a_sentence_that_is_there_twice_is_found(grade, monkeypatch):
    monkeypatch.setattr(Said, "once", lambda self, text, place: self.places.setdefault(text, place) and text)
    monkeypatch.setattr(Said, "find", lambda self, text: self.places[text])
    assert "warmup.py was not submitted." not in find_repeated(feedback(grade(FILES["one file"])))  # it is too short
    assert any(
        sentence.startswith("dnn.py could not be loaded")
        for sentence in find_repeated(feedback(grade(FILES["a syntax error"])))
    )


def test_why_a_file_was_not_checked_stands_once(grade):
    page = feedback(grade(FILES["one file"]))
    assert page.count("warmup.py was not submitted.") == page.count("extension.py was not submitted.") == 1
    assert page.count('See <a href="#start">Start here</a>.') == 2


def test_checks_that_fail_for_a_mistake_name_it_and_do_not_tell_it_again(grade):
    result = grade(with_mistakes("derivative-at-z"))
    (cause,) = result.causes
    page = html.unescape(re.sub(r"</?code>", "", feedback(result)))
    assert page.count(cause.title) == 1
    assert page.count('See <a href="#mistake-1">mistake 1</a>') == 1  # all failed checks are of one task


# The order


def test_a_mistake_is_told_by_its_title_then_its_line_and_then_the_hints(grade):
    result = grade(with_mistakes("derivative-at-z"))
    (cause,) = result.causes
    place, _, line = cause.line.partition(": ")
    page = html.unescape(re.sub(r"</?code>", "", feedback(result)))
    found = [page.index(text) for text in (cause.title, place, line, *cause.hints)]
    assert found == sorted(found)
    assert page.count(line) == 1
    assert page.count("<details", page.index(cause.hints[0]), page.index(cause.hints[2])) == 2  # each hint is in the one before


def test_a_crash_shows_where_the_exception_is_raised(grade):
    page = feedback(grade(with_mistakes("da-without-transpose")))
    mistake = page[page.index('id="mistake-1"') : page.index("</ol>")]
    assert "Where your code raises the exception" in mistake
    assert '<pre tabindex="0">File &#34;dnn.py&#34;, line ' in mistake
    assert page.count("in compute_gradients\n") == 1


def test_a_task_that_passed_is_one_line(grade):
    result = grade(with_mistakes("derivative-at-z"))
    blocks = read_blocks(feedback(result))
    failed = {check.task for check in result.failed}
    for part in ASSIGNMENT.parts:
        for task in part.tasks:
            place = blocks.index(task.name)
            assert blocks[place + 1] == f"Hand-out: {ASSIGNMENT.section(task.name)}"
            assert blocks[place - 2 : place] == (["✗", "Not passed"] if task.name in failed else ["✓", "Passed"])
            if task.name not in failed:
                assert blocks[place + 2] == f"{task.points:g} of {task.points:g}"
                assert (*blocks, "✓")[place + 3] in ("✓", "✗", "dnn.py", "extension.py")
    passed = [check for check in result.checks if check.task in failed and check.passed]
    assert f"{len(passed)} checks passed" in blocks


def test_full_marks_are_praised(grade):
    page = feedback(grade(with_mistakes()))
    assert "Congratulations! Everything in your submission is correct." in page
    assert "What to fix" not in page
    for name in ("derivative-at-z", "softmax-output-is-sigmoid"):
        assert "Congratulations" not in feedback(grade(with_mistakes(name)))


def test_the_score_is_above_the_parts(grade):
    blocks = read_blocks(feedback(grade(with_mistakes("derivative-at-z"))))
    place = blocks.index("89")
    assert blocks[place + 1] == "of 100 points"
    assert blocks.index("warmup.py") > place


@pytest.mark.parametrize("status", ["invalid", "error"])
def test_what_was_not_graded_lists_no_checks(status, grade):
    result = replace(grade(STARTER), status=status, reason="The folder is empty.")
    page = feedback(result)
    assert page.count("<li") == 0
    assert page.count("The folder is empty.") == (status == "invalid")


# The header


def test_the_header_names_the_course_the_assignment_and_the_date(grade):
    result = grade(with_mistakes())
    ref = SubmissionRef("ada", None, submitted=NOON)
    assert read_blocks(feedback(result, Course("CS 101"), waiting=ref))[:3] == [
        "CS 101 · Backpropagation",
        "Feedback for ada",
        "Submitted 2026-10-01 12:00 (UTC)",
    ]
    montreal = Settings(Late((NOON + timedelta(days=1)).astimezone(timezone(timedelta(hours=-4)))))
    assert read_blocks(feedback(result, waiting=ref, settings=montreal))[2] == "Submitted 2026-10-01 08:00 (UTC-04:00)"
    assert read_blocks(feedback(result, settings=montreal))[2] == "Due 2026-10-02 08:00 (UTC-04:00)"
    assert read_blocks(feedback(result))[:3] == ["Backpropagation", "Feedback for ada", "100"]


# The hand-out


@pytest.mark.parametrize("parts", [PARTS, PARTS[:2], PARTS[1:], ("dnn",)])
def test_every_task_has_a_section_in_the_hand_out(parts):
    assignment = ASSIGNMENT.with_parts(parts)
    headings = re.findall(r"^#+ (.*)$", hand_out(assignment), flags=re.MULTILINE)
    sections = {task.name: assignment.section(task.name) for part in assignment.parts for task in part.tasks}
    assert {task: section for task, section in sections.items() if section not in headings} == {}


def test_a_section_has_the_id_that_links_name():
    page = (ASSIGNMENT.starter / "handout.html").read_text()
    headings = {text: name for name, text in re.findall(r'<h[23] id="([^"]+)">([^<]+)</h', page)}
    found = {section: headings[section] for section in ASSIGNMENT.sections.values()}
    assert found == {section: name_anchor(section) for section in found}


def test_tasks_link_to_the_hand_out_where_the_course_publishes_it(grade):
    result = grade(with_mistakes())
    page = feedback(result, Course(handout=HANDOUT))
    links = re.findall(r'<h3.*?<a href="([^"]*)" rel="noreferrer">([^<]*)</a>', page, flags=re.DOTALL)
    assert links == [
        (f"{html.escape(HANDOUT)}#{name_anchor(ASSIGNMENT.section(task))}", task)
        for task in dict.fromkeys(check.task for check in result.checks)
    ]
    assert "Hand-out:" not in page


# The drawing and the numbers


def test_tiles_are_centered_below_their_layer_or_between_two():
    units = sorted({unit.x for unit in drawing(spoil("dZ2")).units})
    assert len(units) == len(LAYER_SIZES)
    for name, (x, _) in centers().items():
        layer = int(name[-1])
        assert x == (units[layer] if name[-2] in "ZA" else (units[layer - 1] + units[layer]) / 2), name
    assert len(set(centers().values())) == len(centers()) == 24
    corners = [(x + side * TILE[0] / 2, y + side * TILE[1] / 2) for x, y in centers().values() for side in (-1, 1)]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in corners)


def spoil(name):
    """Return a result with one mistake, which spoils this tensor."""
    return Result("ada", "graded", (), causes=(Cause("dnn", (), (), (), "", tensors=(name,)),))


def test_where_nothing_is_wrong_every_tile_is_correct(grade):
    seen = drawing(grade(with_mistakes()))
    assert {tile.sign for tile in seen.tiles} == {"✓"}
    assert (seen.first, [meaning for _, _, meaning in seen.legend]) == ("", ["correct"])
    assert not [one for one in (*seen.units, *seen.lines) if one.broken]


def test_numbers_have_the_same_decimals_and_no_wrong_one_looks_like_the_expected_one():
    rows = compare_numbers(Comparison("W1", ((0.5, -12.34567), (10.0, 1e9)), ((0.5, -12.3),) * 2))
    assert [[cell.got for cell in row] for row in rows] == [["0.50", f"{MINUS}12.35"], ["10.00", "1e+09"]]
    assert {cell.want for row in rows for cell in row} == {"0.50", f"{MINUS}12.30"}
    ((near,),) = compare_numbers(Comparison("W1", ((1.0003,),), ((1.0001,),)))
    assert (near.got, near.want, near.shade) == ("1.0003", "1.0001", "near")
