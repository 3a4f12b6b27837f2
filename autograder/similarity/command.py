"""`make copies`: compare all submissions with each other and list the suspiciously similar ones."""

from pathlib import Path

from autograder.files import atomic_write
from autograder.gradebook import Gradebook
from autograder.gradebook.book import NAME
from autograder.intake.find import find
from autograder.intake.read import Reader
from autograder.lock import lock
from autograder.out_folder import check_class, check_place, make_folders
from autograder.report.progress import progress_bar
from autograder.report.terminal import console, warn
from autograder.settings import read_assignment
from autograder.similarity.compare import compare
from autograder.similarity.report import copies_csv, copies_html, suspicious_pairs

MIN_SHARE = 30  # submissions for each process; reading fewer takes less time than starting the process


def run_copies(submissions: Path, out: Path, other_class: bool = False, jobs: int = 1) -> int:
    """Compare all submissions with each other and write copies.html and copies.csv to `out`; scores play no part.

    The submissions are read in at most `jobs` processes.
    """
    check_place(submissions, out)
    assignment = read_assignment()
    files = assignment.graded_files
    found = find(submissions, files)
    warn(*found.remarks)
    make_folders(out)
    with lock(out, "looking for copies", warn), Gradebook(out / NAME, "", warn) as book:
        check_class(out, book, (one.student for one in found.submissions), other_class)
        with Reader(files) as reader, progress_bar(console(stderr=True)) as progress:
            shown = progress.track(found.submissions, description="Comparing")
            comparison = compare(shown, reader.read, assignment, min(jobs, 1 + len(found.submissions) // MIN_SHARE))
        for name, lines in (("copies.html", [copies_html(comparison)]), ("copies.csv", copies_csv(comparison))):
            with atomic_write(out / name) as file:
                file.writelines(lines)
        book.keep_alike(suspicious_pairs(comparison))
    total, skipped, alike = len(found.submissions), len(comparison.unread), len(comparison.findings)
    print(f"Compared {total} submissions ({skipped} of them skipped); similar pairs: {alike}.")
    print(f"To read: {out / 'copies.html'}   As a spreadsheet: {out / 'copies.csv'}   No score was changed.")
    print(f"The next make grade lists the pairs in {out / 'report.html'}.")
    return 0
