"""Regions in the sources: solutions, which students do not get, and text about one part, which a course may leave out."""

import re

from autograder.assignment import Assignment
from autograder.errors import AutograderError

# Markers around text about one part: `<!-- BEGIN PART extension -->` in Markdown, `# BEGIN PART extension` in Python.
PART_MARKER = re.compile(r"\s*(?:<!--|#) (?:BEGIN PART (?P<name>\S+)|END PART)(?: -->)?\s*")
TITLE_PLACE = "<!-- the title -->"
FILES_PLACE = "<!-- the files to submit -->"


class BuildError(AutograderError):
    """Something cannot be built; the text is a sentence for the TA."""


# The markers are otter's own (https://otter-grader.readthedocs.io: "# BEGIN SOLUTION NO PROMPT" and
# "# BEGIN PROMPT"); nbgrader's ClearSolutions knows them too, since it looks for "BEGIN SOLUTION" in a line.


def skeleton(source: str) -> str:
    """Return the student's version of a source, with prompts instead of solutions."""
    kept, inside = [], False
    for number, line in enumerate(source.splitlines(), start=1):
        text = line.rstrip()
        if text.endswith("# BEGIN SOLUTION NO PROMPT"):
            if inside:
                raise BuildError(f"line {number}: a solution begins inside another one.")
            inside = True
        elif text.endswith("# END SOLUTION"):
            if not inside:
                raise BuildError(f"line {number}: END SOLUTION has no matching BEGIN SOLUTION.")
            inside = False
        elif not inside and not text.endswith(("# BEGIN PROMPT", "# END PROMPT")):
            kept.append(line)
    if inside:
        raise BuildError("the last solution has no END SOLUTION.")
    return "\n".join(kept) + "\n"


def solved(source: str) -> str:
    """Return the solution without prompts and markers, as a very good student would submit it."""
    kept, prompt = [], False
    for line in source.splitlines():
        text = line.rstrip()
        if text.endswith("# BEGIN PROMPT"):
            prompt = True
        elif text.endswith("# END PROMPT"):
            prompt = False
        elif not prompt and not text.endswith(("# BEGIN SOLUTION NO PROMPT", "# END SOLUTION")):
            kept.append(line)
    return "\n".join(kept) + "\n"


def for_course(assignment: Assignment, text: str) -> str:
    """Return a text for students with the course's title, its files to submit, and only the parts in use.

    The numbers of the parts in the text are adjusted if parts are left out.
    """
    files = [f"`{part}.py`" for part in assignment.part_names]
    listed = " and ".join(filter(None, [", ".join(files[:-1]), files[-1]]))
    text = keep_parts(text, assignment).replace(TITLE_PLACE, assignment.title).replace(FILES_PLACE, listed)
    return assignment.number_parts(text)


def keep_parts(text: str, assignment: Assignment) -> str:
    """Return a text without the regions of unused parts and without any markers.

    Raise BuildError for a region that names no part, is inside another one, or lacks its beginning or end.
    """
    kept, part = [], None
    for number, line in enumerate(text.splitlines(), start=1):
        marker = PART_MARKER.fullmatch(line)
        if marker and (part is None) == (marker["name"] is None):
            raise BuildError(
                f"line {number}: {'no region ends here' if part is None else f'the region of {part} has not ended'}."
            )
        if marker:
            part = marker["name"]
            if part and part not in assignment.all_part_names:
                raise BuildError(f"line {number}: the assignment has no part {part}.")
        elif part is None or part in assignment.part_names:
            kept.append(line)
    if part:
        raise BuildError(f"the region of {part} does not end.")
    return "\n".join(kept) + "\n"
