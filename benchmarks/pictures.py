"""`make bench WHAT=pictures`: take screenshots of the pages in headless Chromium for README.md and docs/pages.md."""

import html
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.files import ROOT
from autograder.gradebook.book import Alike
from autograder.intake.read import Submission
from autograder.judge.judge import Judge
from autograder.marks import mark_of
from autograder.report.feedback import feedback_html
from autograder.report.overview import Overview
from autograder.settings import Course
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
# The picture, the page, the element to scroll to (if any), the window, the color scheme.
SHOTS = [
    ("feedback-full", "full", "", WINDOW, "light"),
    ("feedback-broken", "broken", "", WINDOW, "light"),
    ("feedback-heat", "broken", ".drawing ~ .heat", WINDOW, "light"),
    ("feedback-crash", "crash", "", WINDOW, "light"),
    ("feedback-phone-dark", "broken", "", PHONE, "dark"),
    ("report-30", "report-30", "", WINDOW, "light"),
    ("report-5000", "report-5000", "", WINDOW, "light"),
    ("report-5000-marks", "report-5000", "#tasks", WINDOW, "light"),
    ("report-5000-dark", "report-5000", "#students", WINDOW, "dark"),
    ("report-phone", "report-30", "", PHONE, "light"),
]
# README.md's picture: the checker in the student's terminal, the student's page, and the report, next to each other.
WIDE = {"width": 1800, "height": 760}
OVERVIEW = """<!doctype html><style>
body {{ margin: 0; padding: 24px; display: flex; gap: 24px; background: #eceff4; font: 20px system-ui, sans-serif }}
figure {{ margin: 0; flex: 1; min-width: 0 }}
figcaption {{ margin-bottom: 12px; color: #333 }}
pre, div {{ height: 660px; margin: 0; overflow: hidden; border-radius: 8px; box-shadow: 0 2px 10px #0003; background: white }}
pre {{ box-sizing: border-box; padding: 18px; background: #1f2430; color: #e6e6e6; font-size: 12.5px; line-height: 1.45;
  white-space: pre-wrap }}
img {{ width: 100% }}
</style>
<figure><figcaption>At home, before the deadline</figcaption><pre>$ python check.py dnn\n{checker}</pre></figure>
<figure><figcaption>After the deadline</figcaption><div><img src="{feedback}"></div></figure>
<figure><figcaption>For the next lecture</figcaption><div><img src="{report}"></div></figure>
"""


def main() -> None:
    """Write every picture."""
    with tempfile.TemporaryDirectory() as name, Judge() as judge, chromium() as browser:
        folder = Path(name)
        for student, mistakes in STUDENTS.items():
            result = judge.grade(Submission(student, with_mistakes(*mistakes)))
            write(
                folder / f"{student}.html",
                feedback_html(mark_of(result), ASSIGNMENT.figure(result), ASSIGNMENT, Course("CS 101")),
            )
        results = graded(judge.grade, 150)
        for size in (SMALL, LARGE):
            alike = [Alike(1, "student0004", "student0017", 41.0), Alike(2, "student0008", "student0021", 17.5)]
            write(folder / f"report-{size}.html", Overview(crowd(results, size), ASSIGNMENT.title).html(alike))
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
        feedback, report = ((PICTURES / f"{picture}.png").as_uri() for picture in ("feedback-broken", "report-30"))
        write(folder / "overview.html", OVERVIEW.format(checker=html.escape(check(folder)), feedback=feedback, report=report))
        shown = browser.new_page(viewport=WIDE)
        shown.goto((folder / "overview.html").as_uri())
        shown.screenshot(path=PICTURES / "overview.png")
        print("docs/pictures/overview.png")


def check(folder: Path) -> str:
    """Return what the checker prints about dnn.py with the mistakes of one student, but for most of the passed checks."""
    download = shutil.copytree(ASSIGNMENT.starter, folder / "download")
    for part, source in with_mistakes(*STUDENTS["broken"]).items():
        (download / f"{part}.py").write_bytes(source)
    call = [sys.executable, "-B", "check.py", ASSIGNMENT.default_part]
    printed = subprocess.run(call, cwd=download, capture_output=True, check=False, text=True).stdout
    return re.sub(r"(?m)^(  passed .*\n)(  passed .*\n)+", r"\1  …\n", printed.replace(sys.executable, "python"))


def write(path: Path, text: str) -> None:
    """Write a page."""
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
