"""`make bench WHAT=pages`: what the feedback pages and the class report of many students cost, and how fast the report is.

The marks are those of tests/golden/crowd.py, made from 150 programs that are graded first. In the browser the time is that from
the change of the search to the end of the next layout, the most of several words.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from autograder.judge.judge import Judge
from autograder.report.feedback import feedback_html
from autograder.report.overview import Overview
from tests.browser.chromium import chromium
from tests.course import ASSIGNMENT
from tests.golden.crowd import crowd, graded

PROGRAMS = 150
WORDS = ("s", "st", "student0", "student01", "dz", "sigmoid", "missing", "right", "", "student4999")
TIME = """([change, shown]) => {
    const rows = document.getElementById('table');
    const started = performance.now();
    if (change === 'sort') document.querySelectorAll('#table thead button')[shown].click();
    else {
        document.getElementById('find').value = change;
        document.getElementById('filter').dispatchEvent(new Event('input'));
    }
    rows.getBoundingClientRect();
    return performance.now() - started;
}"""


def main() -> None:
    """Measure, and print a line for each."""
    parser = argparse.ArgumentParser(prog="benchmarks.pages", description=__doc__)
    parser.add_argument("--students", type=int, default=5000)
    given = parser.parse_args()
    with Judge() as judge:
        marks = list(crowd(graded(judge.grade, PROGRAMS), given.students))
    started = time.perf_counter()
    sizes = [len(feedback_html(mark, figure=ASSIGNMENT.figure(mark.result)).encode()) for mark in marks]
    seconds = (time.perf_counter() - started) / len(marks)
    print(f"feedback/: {1000 * seconds:.2f} ms a page, {statistics.fmean(sizes) / 1000:.0f} kB")
    started = time.perf_counter()
    text = Overview(marks).html()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.html")
        path.write_text(text, encoding="utf-8")
        print(f"report.html, {len(marks)} students: {time.perf_counter() - started:.2f} s, {path.stat().st_size / 1e6:.2f} MB")
        with chromium() as browser:
            page = browser.new_page()
            started = time.perf_counter()
            page.goto(path.as_uri())
            print(f"in Chromium {browser.version}: loaded in {time.perf_counter() - started:.2f} s")
            report(page)


def report(page) -> None:
    """Print how long searching and sorting take; the first search comes when a thousand rows are shown."""
    for _ in range(4):
        page.locator("#more").click()
    searches = [page.evaluate(TIME, [word, 0]) for _ in range(3) for word in WORDS]
    sorts = [page.evaluate(TIME, ["sort", column]) for column in (0, 1, 5, 1)]
    most, median = max(searches), statistics.median(searches)
    print(f"  a search takes at most {most:.0f} ms (median {median:.0f}), a sort at most {max(sorts):.0f} ms")


if __name__ == "__main__":
    main()
