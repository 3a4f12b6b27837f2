"""The solution regions of a source: without them it is what students get, with them what a very good one would hand in."""

from autograder.errors import AutograderError


class BuildError(AutograderError):
    """Something cannot be built; the text is a sentence."""


# The markers are otter's own (https://otter-grader.readthedocs.io: "# BEGIN SOLUTION NO PROMPT" and
# "# BEGIN PROMPT"); nbgrader's ClearSolutions knows them too, since it looks for "BEGIN SOLUTION" in a line.


def skeleton(source: str) -> str:
    """The student's version of a source: without the solutions, and with the prompts in their place."""
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
    """The solution without prompts and markers: what a very good student would hand in."""
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
