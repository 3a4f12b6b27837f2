"""What a class leaves in OUT beside pages and the report: its scores as tables, and the pages on their way back."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment import Assignment
from autograder.files import atomic_write
from autograder.intake.roster import Roster
from autograder.intake.submission_ref import Discovery, Person
from autograder.marks import Mark
from autograder.report.returns import MAIL, ZIPS, Returns, plan_returns
from autograder.report.spreadsheet import Sheet, csv_lines
from autograder.report.table import grades_sheet
from autograder.report.worksheet import OTHERS, Columns, Worksheet, open_worksheet, place_sheets
from autograder.settings import Exports


@dataclass(frozen=True)
class Outputs:
    """The tables by their places in OUT, the platform's table that is filled in, if any, and the pages that go back.

    absent are the people on the roster who submitted nothing; remarks are what to tell the TA.
    """

    sheets: Mapping[str, Sheet]
    worksheet: Worksheet | None
    returns: Returns
    absent: Sequence[Person]
    remarks: tuple[str, ...]

    @contextlib.contextmanager
    def open(self, out: Path) -> Iterator[Callable[[Mark], None]]:
        """Yield what adds a mark, whose page is in OUT, to all files; raise OSError if one cannot be written.

        At the end they replace those of the run before, and what is not for this class or roster is removed.
        """
        for path in {MAIL, *ZIPS.values(), *OTHERS} - {*self.sheets, *self.returns.zips()}:
            (out / path).unlink(missing_ok=True)
        fillings: dict[Columns, dict[int, str]] = {}
        with contextlib.ExitStack() as stack:
            tables = [(sheet, stack.enter_context(atomic_write(out / path))) for path, sheet in self.sheets.items()]
            zips = [stack.enter_context(self.returns.open_zip(out, path)) for path in self.returns.zips()]

            def add(mark: Mark) -> None:
                for sheet, file in tables:
                    file.writelines(csv_lines(sheet.rows([mark], ())))
                for pages in zips:
                    pages.add(mark, out / "feedback" / f"{mark.result.student}.html")
                fillings.update(self.worksheet.fill(mark) if self.worksheet else {})

            for sheet, file in tables:
                file.writelines(csv_lines(sheet.head))
            yield add
            for sheet, file in tables:
                file.writelines(csv_lines(sheet.rows((), self.absent)))
            if self.worksheet:
                stack.enter_context(atomic_write(out / self.worksheet.path)).writelines(self.worksheet.lines(fillings))


def plan_outputs(found: Discovery, roster: Roster | None, exports: Exports, assignment: Assignment) -> Outputs:
    """Return what a class leaves, by its submissions and its roster; raise ExportError if a column is unclear."""
    refs, most = found.submissions, assignment.max_score
    worksheet, remarks = open_worksheet(roster, exports, most, refs) if roster else (None, [])
    returns = plan_returns(found, roster is not None)
    sheets = {"grades.csv": grades_sheet(assignment.part_names), **place_sheets(exports, most, worksheet)}
    if MAIL in returns.pages:
        sheets[MAIL] = returns.mail_sheet()
    return Outputs(sheets, worksheet, returns, roster.list_missing(refs) if roster else (), (*remarks, *returns.remarks))
