"""The pages in a real browser: they stand alone, everybody can use them, and what a student wrote does nothing in them."""

import itertools
import re
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from autograder.files import ROOT
from autograder.gradebook.book import Alike
from autograder.intake.read import Submission
from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.judge.records import error_result
from autograder.marks import Adjustment, mark_of
from autograder.report import page as pages
from autograder.report.feedback import feedback_html, name_anchor
from autograder.report.overview import Overview
from autograder.settings import Course
from autograder.similarity.compare import compare
from autograder.similarity.report import copies_html
from tests.course import ASSIGNMENT
from tests.golden import matrix, record
from tests.golden.attacks.harness import SHOWN_TAGS
from tests.golden.attacks.reports import REPORTS
from tests.golden.crowd import crowd, graded
from tests.golden.mistakes import with_mistakes
from tests.shares import next_in_turn

PROGRAMS = 40
STUDENTS = 5_000
A4 = 680  # pixels between margins of 15 mm
LOOKS = {
    "window": {},
    "dark": {"scheme": "dark"},
    "phone": {"width": 360, "height": 740},
    "dark phone": {"width": 360, "height": 740, "scheme": "dark"},
}
STARTER = {part: (ASSIGNMENT.starter / f"{part}.py").read_bytes() for part in ASSIGNMENT.part_names}
HOSTILE = "<img src=x onerror=alert(1)>\"'`<script>alert(2)</script>&lt;b&gt;{{ 7 * 7 }}"


@pytest.fixture(scope="module")
def results(judge):
    return graded(judge.grade, PROGRAMS)


HANDOUT = "https://example.org/handout.html"


def feedback(mark, course=Course()):
    return feedback_html(mark, ASSIGNMENT.figure(mark.result), ASSIGNMENT, course)


@pytest.fixture(scope="module")
def written(tmp_path_factory, judge, results):
    """Every kind of page, by name."""
    out = tmp_path_factory.mktemp("pages")
    (out / "feedback").mkdir()

    def result(*mistakes):
        return judge.grade(Submission("ada", with_mistakes(*mistakes)))

    marks = list(crowd(results, 45))
    marks.append(mark_of(replace(error_result("zoe", ValueError("<b>no</b>")), student="zoe")))
    marks.append(mark_of(replace(results[0], student="yan", layers=("limits",), remarks=("A remark.",))))
    sources = {
        "ada": {
            "dnn": b"def odd(a):\n    return [a[i] % 3 if a[i] > 7 else -a[i] // 2 for i in range(len(a)) if not i % 5]\n" * 3
        }
    }
    sources["grace"] = sources["ada"]
    compared = compare(
        [SubmissionRef(name, out / name) for name in sources],
        lambda waiting: Submission(waiting.student, sources[waiting.student]),
        ASSIGNMENT,
    )
    texts = {
        "feedback/full": feedback(mark_of(result())),
        "feedback/broken": feedback(
            mark_of(result("derivative-at-z", "softmax-output-is-sigmoid"), adjustments=[Adjustment(2, "a good question")])
        ),
        "feedback/crash": feedback(mark_of(result("da-without-transpose"))),
        "feedback/linked": feedback(mark_of(result("derivative-at-z")), Course("CS 101", HANDOUT)),
        "feedback/unfinished": feedback(mark_of(judge.grade(Submission("ada", STARTER)))),
        "feedback/invalid": feedback(marks[PROGRAMS]),
        "feedback/error": feedback(marks[-2]),
        "report": Overview(marks).html([Alike(1, "student0001", "student0002", 31.5)]),
        "report of nobody": Overview().html(),
        "report of failures": Overview(marks[-2:-1]).html([]),
        "large report": Overview(crowd(results, STUDENTS)).html(),
        "copies": copies_html(compared),
        "matrix": matrix.page(record.read()),
    }
    for name, text in texts.items():
        (out / f"{name}.html").write_text(text, encoding="utf-8")
    for mark in marks:
        (out / f"feedback/{mark.result.student}.html").write_text(feedback(mark), encoding="utf-8")
    return {name: out / f"{name}.html" for name in texts} | {"handout": ROOT / "assignment/handout.html"}


FEEDBACK = [f"feedback/{name}" for name in ("full", "broken", "linked", "crash", "unfinished", "invalid", "error")]
NAMES = [*FEEDBACK, "report", "report of nobody", "report of failures", "copies"]
ALL = [*NAMES, "handout", "matrix"]


# Alone


@pytest.mark.parametrize("name", [*ALL, "large report"])
def test_a_page_asks_for_nothing_and_complains_of_nothing(name, written, visit):
    opened = visit(written[name])
    opened.page.wait_for_load_state("networkidle")
    assert opened.requests == [written[name].as_uri()]
    assert opened.console == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_points_outside(name, written, visit):
    opened = visit(written[name])
    links = opened.page.locator("[href], [src]").evaluate_all("all => all.map(one => one.getAttribute('href') ?? one.src)")
    outside = [link for link in links if not re.fullmatch(r"#[\w-]+|feedback/[\w%.-]+\.html|copies\.html(#pair-\d+)?", link)]
    tasks = opened.page.locator("h3 .name").all_inner_texts() if name == "feedback/linked" else []
    assert len(tasks) == (sum(len(part.tasks) for part in ASSIGNMENT.parts) if name == "feedback/linked" else 0)
    assert outside == [
        f"{HANDOUT}#{name_anchor(ASSIGNMENT.section(task))}" for task in tasks
    ]  # the one page that a course names


@pytest.mark.parametrize("name", ["feedback/broken", "report"])
def test_the_policy_lets_no_other_script_and_no_other_style_in(name, written, visit):
    opened = visit(written[name])
    opened.page.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        const style = document.createElement('style');
        style.textContent = 'body { display: none }';
        const image = document.createElement('img');
        image.src = 'https://example.org/x.png';
        document.body.append(script, style, image);
    }""")
    assert opened.page.evaluate("window.ran") is None
    assert opened.page.evaluate("getComputedStyle(document.body).display") == "block"
    assert sum("Content Security Policy" in said for said in opened.console) == 3


# For everybody


@pytest.mark.parametrize(("name", "look"), [(name, look) for n, name in enumerate(ALL) for look in next_in_turn([*LOOKS], n)])
def test_an_accessibility_checker_finds_nothing(name, look, written, visit):
    opened = visit(written[name], **LOOKS[look])
    opened.page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    found = Axe().run(opened.page)
    assert found.violations_count == 0, found.generate_report()


def test_the_accessibility_checker_looks(written, visit):
    page = visit(written["feedback/full"]).page
    page.evaluate("document.documentElement.style.setProperty('--ink', '#bbbbbb')")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert {one["id"] for one in Axe().run(page).response["violations"]} >= {"color-contrast", "html-has-lang"}


@pytest.mark.parametrize("name", ALL)
def test_a_phone_need_not_be_moved_sideways(name, written, visit):
    opened = visit(written[name], width=360, height=740)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_in_the_hand_out_is_wider_than_a_phone(scheme, written, visit):
    """Wide tables, formulas and code scroll on their own; no figure is so wide that it has to."""
    page = visit(written["handout"], width=390, height=844, scheme=scheme).page
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    page.get_by_role("button", name="Show all").evaluate_all("all => all.forEach(one => one.click())")
    wide = page.evaluate("""() => Array.from(document.querySelectorAll('main *'))
        .filter(one => one.getBoundingClientRect().right > 390 && !one.closest('.wide, .math.block, pre'))
        .map(one => one.outerHTML.slice(0, 80))""")
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    figures = page.locator("main img, main svg").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
    assert len(figures) == 6
    assert min(figures) > 300


@pytest.mark.parametrize("name", ["feedback/broken", "report"])
def test_headings_go_down_one_level_at_a_time(name, written, visit):
    levels = [
        int(tag[1])
        for tag in visit(written[name]).page.locator("h1, h2, h3").evaluate_all("all => all.map(one => one.tagName)")
    ]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_dark_is_dark(written, visit):
    def brightness(scheme):
        page = visit(written["report"], scheme=scheme).page
        return sum(map(int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))))

    assert brightness("dark") < 100 < 700 < brightness("light")


@pytest.mark.parametrize(("name", "selector"), [("report", ".chart text"), ("feedback/broken", ".network text")])
def test_a_drawing_takes_the_colours_of_its_page(name, selector, written, visit):
    def brightness(scheme):
        page = visit(written[name], scheme=scheme).page
        return sum(map(int, re.findall(r"\d+", page.locator(selector).first.evaluate("one => getComputedStyle(one).fill"))))

    assert brightness("light") < 300 < 450 < brightness("dark")


# The student's page


@pytest.mark.parametrize("name", FEEDBACK)
def test_nothing_on_a_feedback_page_is_wider_than_a_phone_or_clipped(name, written, visit):
    page = visit(written[name], width=390, height=844).page
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    wide = page.evaluate("""() => Array.from(document.querySelectorAll('main *'))
        .filter(one => one.getBoundingClientRect().right > 390 && !one.closest('.wide, pre'))
        .map(one => one.outerHTML.slice(0, 80))""")
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    clipped = page.evaluate("""() => Array.from(document.querySelectorAll('main *:not(.unseen, .wide, pre)'))
        .filter(one => one.scrollWidth > one.clientWidth && one.clientWidth && !one.closest('svg, pre'))
        .map(one => one.outerHTML.slice(0, 80))""")
    assert clipped == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["feedback/full", "feedback/broken", "feedback/crash"])
def test_the_drawing_is_readable_and_its_tiles_are_below_what_they_belong_to(name, width, written, visit):
    page = visit(written[name], width=width, height=844).page
    drawn = page.evaluate("""() => {
        const box = one => one.getBoundingClientRect().toJSON();
        const all = selector => Array.from(document.querySelectorAll('.network ' + selector), one => ({
            ...box(one), text: one.textContent, size: parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a}));
        return {frame: box(document.querySelector('.network')), texts: all('text:not(.way, .number)'),
            tiles: all('rect'), units: all('circle:not(.number)'), words: all('text')};
    }""")
    assert min(text["size"] for text in drawn["words"]) >= 10.5
    assert min(text["size"] for text in drawn["texts"]) >= 12
    layers = sorted({round((unit["left"] + unit["right"]) / 2, 1) for unit in drawn["units"]})
    for text, tile in zip(drawn["texts"], drawn["tiles"], strict=True):
        assert tile["left"] < text["left"] < text["right"] < tile["right"], text
        assert drawn["frame"]["left"] <= tile["left"] < tile["right"] <= drawn["frame"]["right"]
        assert drawn["frame"]["top"] <= tile["top"] < tile["bottom"] <= drawn["frame"]["bottom"]
        kind, layer = re.match(r"d?([ZAWB])(\d)", text["text"]).groups()
        below = layers[int(layer)] if kind in "ZA" else (layers[int(layer) - 1] + layers[int(layer)]) / 2
        assert abs((tile["left"] + tile["right"]) / 2 - below) < 0.5, text


@pytest.mark.parametrize("width", [390, 1280])
def test_the_score_is_by_far_the_largest_text(width, written, visit):
    sizes = visit(written["feedback/broken"], width=width).page.evaluate("""() => [...document.querySelectorAll('main *')]
        .map(one => [parseFloat(getComputedStyle(one).fontSize), one.className])""")
    *others, largest = sorted(([size, str(name)] for size, name in sizes), key=lambda one: one[0])
    assert largest[1] == "score"
    assert largest[0] >= 3 * others[-1][0]


def test_hints_unfold_one_at_a_time_by_keyboard(written, visit):
    page = visit(written["feedback/broken"]).page
    hints = page.locator(".mistake").first.locator("summary")
    assert [one.is_visible() for one in hints.all()] == [True, False, False]
    hints.first.focus()
    page.keyboard.press("Enter")
    assert [one.is_visible() for one in hints.all()] == [True, True, False]
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert [one.is_visible() for one in hints.all()] == [True, True, True]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator(".mistake details[open]").count() == 3


def test_the_first_broken_step_is_drawn(written, visit):
    page = visit(written["feedback/broken"]).page
    assert page.locator("circle.broken").count() == 3
    assert page.locator("line.broken").count() == 0
    named = page.get_by_role("img").first.get_attribute("aria-label")
    assert "The first wrong step is dZ2. Wrong: dZ2, dZ1." in named
    assert "Correct, given an earlier wrong value: dW2, dB2, dA1, dW1, dB1." in named
    assert page.locator("rect.named").count() == 2


def test_a_wrong_gradient_is_shown_beside_the_right_one(written, visit):
    page = visit(written["feedback/broken"]).page
    heat = page.locator(".heat").first
    assert "numerical differentiation" in heat.locator("p").inner_text()
    cells = heat.locator("td.near, td.off, td.far")
    assert cells.count() > 0
    assert cells.count() + heat.locator("td.agrees").count() == heat.locator("tbody td").count()
    rows = heat.locator("tbody tr").all_inner_texts()
    assert [("yours" in row, "expected" in row) for row in rows] == [(True, False), (False, True)] * (len(rows) // 2)
    ends = {round(box["x"] + box["width"]) for box in (one.bounding_box() for one in heat.locator("td:last-child").all()[1:])}
    assert len(ends) == 1  # a value and the expected one end at the same place
    decimals = {len(text.strip().partition(".")[2]) for text in heat.locator("tbody td").all_inner_texts()}
    assert len(decimals) == 1


def test_the_way_from_a_check_to_its_mistake(written, visit):
    page = visit(written["feedback/broken"]).page
    page.locator(".why a").first.click()
    assert page.evaluate("document.querySelector(':target').className") == "mistake"


def test_in_print_everything_stands_but_unread_hints(written, visit):
    page = visit(written["feedback/crash"]).page
    folded, hints = page.locator(".rest li").first, page.locator(".mistake details p")
    assert not folded.is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    assert folded.is_visible()
    assert not hints.first.is_visible()
    assert page.locator(".where .got").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf()[:5] == b"%PDF-"


@pytest.mark.parametrize("name", ["feedback/broken", "feedback/crash", "report", "copies"])
def test_paper_is_wide_enough(name, written, visit):
    page = visit(written[name], width=A4, height=1000).page
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= A4


# The hand-out


@pytest.fixture
def opened_hand_out(written, visit):
    def opened_hand_out(**context):
        page = visit(written["handout"], **context).page
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        return page

    return opened_hand_out


def visible_steps(box):
    """The steps whose part of the drawing is visible, and the beginnings of the paragraphs that are."""
    drawn = {int(group.get_attribute("data-step")) for group in box.locator("[data-step]").all() if group.is_visible()}
    leads = [lead for lead in box.locator("p > strong").all() if lead.is_visible()]
    return drawn, [lead.inner_text().removesuffix(".") for lead in leads]


@pytest.mark.parametrize(("figure", "count", "last"), [(0, 8, "Backward 4"), (1, 9, "Backward 5")])
def test_a_figure_is_stepped_through_by_button_and_by_keyboard(opened_hand_out, figure, count, last):
    page = opened_hand_out()
    box = page.locator(".steps").nth(figure)
    assert visible_steps(box) == (set(), [])
    box.get_by_role("button", name="Next").click()
    assert visible_steps(box) == ({1}, ["Forward 1"])
    box.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert visible_steps(box) == ({1, 2, 3}, ["Forward 3"])
    assert box.locator("svg .current-step").evaluate_all("all => all.map(one => one.dataset.step)") == ["3"]
    page.keyboard.press("ArrowLeft")
    assert visible_steps(box) == ({1, 2}, ["Forward 2"])
    assert f"Step 2 of {count}" in box.inner_text()
    box.get_by_role("button", name="Back").click()
    assert visible_steps(box) == ({1}, ["Forward 1"])
    page.keyboard.press("End")
    drawn, paragraphs = visible_steps(box)
    assert drawn == set(range(1, count + 1))
    assert len(paragraphs) == count
    page.keyboard.press("ArrowRight")  # there is nothing after the end
    page.keyboard.press("ArrowLeft")
    assert visible_steps(box) == (drawn, [last])
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert visible_steps(box) == (set(), [])


def test_without_its_script_the_hand_out_is_whole(opened_hand_out):
    page = opened_hand_out(java_script_enabled=False)
    assert page.get_by_role("button").count() == 0
    assert [len(visible_steps(box)[0]) for box in page.locator(".steps").all()] == [8, 9]
    assert [len(visible_steps(box)[1]) for box in page.locator(".steps").all()] == [8, 9]


def test_on_paper_every_step_of_the_hand_out_stands(written, visit):
    page = visit(written["handout"], width=A4, height=1000).page
    page.emulate_media(media="print")
    assert [len(visible_steps(box)[0]) for box in page.locator(".steps").all()] == [8, 9]
    assert [len(visible_steps(box)[1]) for box in page.locator(".steps").all()] == [8, 9]
    assert not page.get_by_role("button", name="Next").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= A4


# The class report


def test_the_links_lead_to_the_pages(written, visit):
    page = visit(written["report"]).page
    page.locator("#table tbody a").first.click()
    assert page.locator("h1").inner_text() == "Feedback for student0001"


def test_sorting(written, visit):
    page = visit(written["report"]).page
    head = page.locator("#table thead th", has_text="score")
    scores = page.locator("#table tbody tr td:nth-child(2)")
    for order, reverse in (("ascending", False), ("descending", True)):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == order
        found = [text for text in scores.all_inner_texts() if text]
        assert found == sorted(found, key=float, reverse=reverse)
        assert scores.last.inner_text() == ""  # who has no mark comes last either way
    page.locator("#table thead th", has_text="student").get_by_role("button").press("Enter")
    assert page.locator("#table th[aria-sort]").count() == 1
    assert names_of(page) == sorted(names_of(page))


def names_of(page):
    return page.locator("#table tbody tr:not([hidden]) th a").all_inner_texts()


def test_filtering(written, visit):
    page = visit(written["report"]).page
    everybody = names_of(page)
    assert page.get_by_role("status").inner_text() == "47 of 47 submissions"
    page.get_by_label("Find").fill("STUDENT0003")
    assert names_of(page) == ["student0003"]
    assert page.get_by_role("status").inner_text() == "1 of 47 submissions"
    page.get_by_label("Find").fill("student0003 and somebody else")
    assert names_of(page) == []
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("status")).to_have_text("47 of 47 submissions")
    page.get_by_label("Show").select_option("The grader failed")
    assert names_of(page) == ["zoe"]
    page.get_by_label("Show").select_option("needs your attention")
    assert set(names_of(page)) == {"zoe", "yan", "student0001", "student0002", f"student{PROGRAMS + 1:04d}"}
    page.get_by_label("Show").select_option("all")
    assert names_of(page) == everybody


def test_from_a_mistake_to_who_makes_it(written, visit):
    page = visit(written["report"]).page
    link = page.locator("#mistakes ~ .wide tbody a").first
    link.click()
    assert len(names_of(page)) == int(link.evaluate("one => one.firstChild.textContent")) > 1
    assert page.get_by_label("Mistake", exact=True).input_value() == "1"
    page.locator("#table tbody tr:not([hidden]) th a").first.click()
    assert page.locator(".mistake").count() >= 1


def test_five_thousand_rows(written, visit):
    page = visit(written["large report"]).page
    assert page.get_by_role("status").inner_text() == "5,000 of 5,000 submissions, the first 200 of them shown"
    assert len(names_of(page)) == 200
    page.get_by_label("Find").fill("student499")
    assert names_of(page) == [f"student{number}" for number in range(4990, 5000)]
    page.get_by_label("Find").fill("")
    page.get_by_role("button", name="Show 200 more").click()
    assert len(names_of(page)) == 400
    page.get_by_label("Find").fill("student01")
    assert len(names_of(page)) == 100
    assert not page.locator("#more").is_visible()
    page.get_by_label("Find").fill("s")
    assert len(names_of(page)) == 200


def test_without_its_script_the_page_is_whole(written, visit):
    page = visit(written["report"], java_script_enabled=False).page
    assert len(names_of(page)) == 47
    assert not page.get_by_label("Find").is_visible()
    assert page.locator("th button").count() == 0


def test_what_the_report_says_of_the_class(written, visit):
    page = visit(written["report"]).page
    text = page.locator("main").inner_text()
    for title in ("The grader failed 1", "Nothing could be read 1", "Weak isolation 1", "Suspiciously similar 1"):
        assert title in text
    assert re.search(r"Backward passes by finite differences \d", text)
    assert "Nothing protected the grader's files and network and processes from these submissions." in text
    assert page.locator(".chart").count() == 4  # of all points, and of each part


def test_four_figures_stand_on_top_and_the_last_leads_to_what_needs_a_decision(written, visit):
    page = visit(written["report"]).page
    figures = page.locator(".figures li")
    assert figures.locator("strong").all_inner_texts()[0] == "45"
    assert len({round(one.bounding_box()["y"]) for one in figures.all()}) == 1
    sizes = figures.locator("strong").evaluate_all("all => all.map(one => parseFloat(getComputedStyle(one).fontSize))")
    assert min(sizes) >= 32

    page.set_viewport_size({"width": 390, "height": 844})
    assert len({round(one.bounding_box()["y"]) for one in figures.all()}) == 2
    figures.last.locator("a").click()
    assert page.evaluate("document.querySelector(':target').textContent") == "What needs your attention"
    needs = page.locator(".need:not(h3 ~ .need) .badge").all_inner_texts()
    assert figures.last.locator("strong").inner_text() == str(sum(map(int, needs)))


def test_the_lecture_is_beside_the_histogram_and_on_a_phone_above_it(written, visit):
    page = visit(written["report"]).page
    lecture, scores = page.locator(".columns > section").all()
    assert 1 <= lecture.locator(".cards li").count() <= 3
    assert lecture.bounding_box()["y"] == scores.bounding_box()["y"]
    page.set_viewport_size({"width": 390, "height": 844})
    assert lecture.bounding_box()["x"] == scores.bounding_box()["x"]


@pytest.mark.parametrize("name", ["report", "report of nobody", "report of failures", "large report"])
def test_nothing_in_the_report_is_cut_on_a_phone(name, written, visit):
    """No element is wider than the screen, not even a table that could be scrolled, and no text than its box."""
    page = visit(written[name], width=390, height=844).page
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    cut = page.evaluate("""() => Array.from(document.querySelectorAll('main *'))
        .filter(one => one.checkVisibility() && !one.closest('.unseen, option'))
        .filter(one => one.getBoundingClientRect().right > 390 || one.getBoundingClientRect().left < 0
            || (one.scrollWidth > one.clientWidth && getComputedStyle(one).overflowX !== 'visible'))
        .map(one => one.outerHTML.slice(0, 80))""")
    assert cut == []
    sizes = page.locator(".chart text").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"
    )
    assert all(size >= 11 for size in sizes)
    assert bool(sizes) == (name in ("report", "large report"))


def test_a_long_table_begins_with_ten_rows(written, visit):
    page = visit(written["large report"]).page
    rows = page.locator("#mistakes ~ .wide tbody tr")
    count = rows.count()
    assert [row.is_visible() for row in rows.all()] == [True] * 10 + [False] * (count - 10)
    page.locator("#mistakes ~ .wide").get_by_role("button", name="mistake").click()
    assert [row.is_visible() for row in rows.all()] == [True] * 10 + [False] * (count - 10)
    page.get_by_role("button", name=f"Show all {count}").click()
    assert all(row.is_visible() for row in rows.all())


# What a student wrote


@pytest.fixture(scope="module")
def attacked(judge):
    sources = {name: attack.files["dnn.py"].encode() for name, attack in REPORTS.items() if attack.files}
    return {name: judge.grade(Submission("eve", {"dnn": source})) for name, source in sources.items()}


def hostile_marks(attacked):
    """Marks in which all that a student or a platform chooses is hostile."""
    for name, result in attacked.items():
        person = Person(id=HOSTILE, name=HOSTILE, email=HOSTILE)
        for student in ("eve", name, HOSTILE.replace("/", "")):
            waiting = replace(SubmissionRef(student, None), people=(person,))
            yield mark_of(replace(result, student=student), waiting, adjustments=[Adjustment(1, HOSTILE)])


def skeleton(opened):
    """Every element of a page, with those of its attributes that could do something."""
    return opened.page.evaluate("""() => Array.from(document.querySelectorAll('*'), one => [
        one.tagName.toLowerCase(),
        ...Array.from(one.attributes, each => each.name).filter(name => /^on|^style$|^src/.test(name)),
    ].join(' '))""")


def test_markup_stays_text(attacked, visit, tmp_path):
    marks = list(hostile_marks(attacked))
    pages_of = {f"feedback{number}": feedback(mark) for number, mark in enumerate(marks) if mark.result.student == "eve"}
    pages_of |= {"named": feedback(marks[-1])}
    pages_of["report"] = Overview(marks).html([Alike(1, HOSTILE, "eve", 9.5)])
    for name, text in pages_of.items():
        path = tmp_path / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        opened = visit(path)
        found = skeleton(opened)
        assert set(found) <= SHOWN_TAGS | {"script"}, name
        assert found.count("script") == (name == "report")
        assert (opened.console, opened.dialogs, opened.requests) == ([], [], [path.as_uri()]), name
        if name == "report":
            opened.page.get_by_label("Find").fill("onerror")
            opened.page.locator("#table thead button").first.click()
            assert set(skeleton(opened)) <= SHOWN_TAGS | {"script"}
            assert HOSTILE in opened.page.locator("#table tbody").inner_text()
    assert opened.dialogs == []


def test_without_escaping_markup_would_be_found(attacked, visit, tmp_path, monkeypatch):
    """Or the test above would pass whatever came; the policy holds what gets in."""
    environment = pages.load_templates(pages.TEMPLATES)
    monkeypatch.setattr(environment, "autoescape", False)
    environment.cache.clear()
    try:
        path = tmp_path / "page.html"
        path.write_text(
            feedback(next(mark for mark in hostile_marks(attacked) if mark.result.student != "eve")), encoding="utf-8"
        )
        opened = visit(path)
    finally:
        monkeypatch.undo()
        environment.cache.clear()
    assert "img src onerror" in skeleton(opened)
    assert opened.dialogs == []
    assert any("Content Security Policy" in said for said in opened.console)
