"""The points table in the hand-out, generated from the rubric."""

from autograder.assignment import Assignment, Task


def points_table(assignment: Assignment) -> str:
    """Return a Markdown table of the points of every part and task, with public and hidden checks in separate columns."""
    lines = ["| part | task | public checks | hidden checks | points |", "|---|---|---|---|---|"]
    for part in assignment.parts:
        lines.append(points_row(f"**{part.name}.py**", "", *part.tasks))
        lines += [points_row("", task.name, task) for task in part.tasks]
    everything = [task for part in assignment.parts for task in part.tasks]
    return "\n".join([*lines, points_row("**together**", "", *everything)])


def points_row(part: str, name: str, *tasks: Task) -> str:
    """Return one row: the points of the public checks of these tasks, of the hidden ones, and their sum."""
    public, hidden = sum(sum(task.public.values()) for task in tasks), sum(sum(task.hidden.values()) for task in tasks)
    return f"| {part} | {name} | {public:g} | {hidden:g} | {public + hidden:g} |".replace("|  |", "| |")
