"""Regions of the sources: solutions, which students do not get, and what belongs to one part, which a course may leave out."""

import re

from autograder.assignment import Assignment
from autograder.errors import AutograderError

# Around what belongs to one part: in Markdown `<!-- BEGIN PART extension -->`, in Python `# BEGIN PART extension`.
PART_MARKER = re.compile(r"\s*(?:<!--|#) (?:BEGIN PART (?P<name>\S+)|END PART)(?: -->)?\s*")
PART_NUMBER = re.compile(r"(\bPart |#part-)(\d+)\b")
TITLE_PLACE = "<!-- the title -->"
FILES_PLACE = "<!-- the files to submit -->"


class BuildError(AutograderError):
    """Something cannot be built; the text is a sentence."""


# The markers are otter's own (https://otter-grader.readthedocs.io: "# BEGIN SOLUTION NO PROMPT" and
# "# BEGIN PROMPT"); nbgrader's ClearSolutions knows them too, since it looks for "BEGIN SOLUTION" in a line.


def skeleton(source: str) -> str:
    """Return the student's version of a source: without the solutions, and with the prompts in their place."""
    kept, inside = [], False
    for number, line in enumerate(source.splitlines(), start=1):
        text = line.rstrip()
        if text.endswith("# BEGIN SOLUTION NO PROMPT"):
            if inside:
                raise BuildError(f"line {number}: a solution begins inside another.")
            inside = True
        elif text.endswith("# END SOLUTION"):
            if not inside:
                raise BuildError(f"line {number}: a solution ends that has not begun.")
            inside = False
        elif not inside and not text.endswith(("# BEGIN PROMPT", "# END PROMPT")):
            kept.append(line)
    if inside:
        raise BuildError("the last solution does not end.")
    return "\n".join(kept) + "\n"


def solved(source: str) -> str:
    """Return the solution without prompts and markers: what a very good student would hand in."""
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
    """Return a text for students with the course's title, its files to submit, and what belongs to the parts in use alone.

    Parts are numbered in the order of the rubric; the numbers in the text change with those that are left out.
    """
    files = [f"`{part}.py`" for part in assignment.part_names]
    listed = " and ".join(filter(None, [", ".join(files[:-1]), files[-1]]))
    text = keep_parts(text, assignment).replace(TITLE_PLACE, assignment.title).replace(FILES_PLACE, listed)
    numbers = {assignment.all_part_names.index(part) + 1: number for number, part in enumerate(assignment.part_names, start=1)}
    return PART_NUMBER.sub(lambda found: f"{found[1]}{numbers.get(int(found[2]), found[2])}", text)


def keep_parts(text: str, assignment: Assignment) -> str:
    """Return a text without the regions of parts that are not in use, and without the markers of all regions.

    Raises BuildError for a region of no part, inside another, or without a beginning or an end.
    """
    kept, part = [], None
    for number, line in enumerate(text.splitlines(), start=1):
        marker = PART_MARKER.fullmatch(line)
        if marker and (part is None) == (marker["name"] is None):
            raise BuildError(
                f"line {number}: {'nothing ends here' if part is None else f'the region of {part} has not ended'}."
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
