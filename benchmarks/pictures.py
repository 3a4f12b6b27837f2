"""`make bench WHAT=pictures`: what the pages look like, for docs/pages.md, as headless Chromium shows them."""

import tempfile
from pathlib import Path

from autograder.files import ROOT
from autograder.gradebook.book import Alike
from autograder.intake.read import Submission
from autograder.judge.judge import Judge
from autograder.marks import mark_of
from autograder.report.feedback import feedback_html
from autograder.report.overview import Overview
from tests.browser.chromium import chromium
from tests.course import ASSIGNMENT
from tests.golden.crowd import crowd, graded
from tests.golden.mistakes import with_mistakes

PICTURES = ROOT / "docs/pictures"
WINDOW, PHONE = {"width": 960, "height": 1200}, {"width": 390, "height": 844}
STUDENTS = {
    "full": (),
    "broken": ("derivative-at-z", "logistic-both-summed"),
    "crash": ("da-without-transpose",),
}  # and the mistakes that they make
SMALL, LARGE = 30, 5_000
# The picture, the page, what is scrolled to if not the top, the window, the colour scheme.
SHOTS = [
    ("feedback-full", "full", "", WINDOW, "light"),
    ("feedback-broken", "broken", "", WINDOW, "light"),
    ("feedback-heat", "broken", ".checks .heat", WINDOW, "light"),
    ("feedback-crash", "crash", "", WINDOW, "light"),
    ("feedback-phone-dark", "broken", "", PHONE, "dark"),
    ("report-30", "report-30", "", WINDOW, "light"),
    ("report-5000", "report-5000", "", WINDOW, "light"),
    ("report-5000-marks", "report-5000", "#scores", WINDOW, "light"),
    ("report-5000-dark", "report-5000", "#students", WINDOW, "dark"),
    ("report-phone", "report-30", "#scores", PHONE, "light"),
]


def main() -> None:
    """Write every picture."""
    with tempfile.TemporaryDirectory() as name, Judge() as judge, chromium() as browser:
        folder = Path(name)
        for student, mistakes in STUDENTS.items():
            result = judge.grade(Submission(student, with_mistakes(*mistakes)))
            write(folder / f"{student}.html", feedback_html(mark_of(result), figure=ASSIGNMENT.figure(result)))
        results = graded(judge.grade, 150)
        for size in (SMALL, LARGE):
            alike = [Alike(1, "student0004", "student0017", 41.0), Alike(2, "student0008", "student0021", 17.5)]
            write(folder / f"report-{size}.html", Overview(crowd(results, size)).html(alike))
        PICTURES.mkdir(exist_ok=True)
        for picture, page, place, window, scheme in SHOTS:
            shown = browser.new_page(viewport=window, color_scheme=scheme)
            shown.goto((folder / f"{page}.html").as_uri())
            if place:
                shown.locator(place).first.evaluate(
                    "one => one.scrollIntoView({block: one.matches('h2') ? 'start' : 'center'})"
                )
            shown.screenshot(path=PICTURES / f"{picture}.png")
            shown.close()
            print(f"docs/pictures/{picture}.png")


def write(path: Path, text: str) -> None:
    """Write a page."""
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
