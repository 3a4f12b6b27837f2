"""What the hand-out says about points, made from the rubric."""

from autograder.assignment import Assignment, Task


def points_table(assignment: Assignment) -> str:
    """Return the points of every part and task, those of public and of hidden checks apart, as a table in Markdown."""
    lines = ["| part | task | public checks | hidden checks | points |", "|---|---|---|---|---|"]
    for part in assignment.parts:
        lines.append(points_row(f"**{part.name}.py**", "", *part.tasks))
        lines += [points_row("", task.name, task) for task in part.tasks]
    everything = [task for part in assignment.parts for task in part.tasks]
    return "\n".join([*lines, points_row("**together**", "", *everything)])


def points_row(part: str, name: str, *tasks: Task) -> str:
    """Return one row: what the public checks of these tasks are worth, what the hidden ones are, and both."""
    public, hidden = sum(sum(task.public.values()) for task in tasks), sum(sum(task.hidden.values()) for task in tasks)
    return f"| {part} | {name} | {public:g} | {hidden:g} | {public + hidden:g} |".replace("|  |", "| |")
