"""Moodle's "Download all submissions": <full name>_<id>_assignsubmission_file/… or, in one folder, …_assignsubmission_file_….

Older versions end the folder with an underscore. A group has its name and id, or no id; online texts lie beside the files under
…_assignsubmission_onlinetext. The times in the zip are those of the download, so none is known. The sources are Moodle's
mod/assign/classes/downloader.php and files/classes/local/archive_writer/zip_writer.php.
"""

import re
from collections import defaultdict
from datetime import tzinfo

from autograder.intake.exports.export import Export, ignored, label, mostly, told
from autograder.intake.exports.tree import Place, Tree
from autograder.intake.waiting import Person, Waiting

PATTERN = re.compile(
    r"(?P<name>.+?)(?:_(?P<id>\d+))?_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<given>.*))?", re.DOTALL | re.ASCII
)
FILE = "file"


def recognise(tree: Tree, _zone: tzinfo) -> Export | None:
    """The export, if nearly everything at the top is named as Moodle does."""
    names = tree.names()
    everything = (*names.folders, *names.files)
    parsed = {name: match for name in everything if (match := PATTERN.fullmatch(name))}
    if not mostly(len(parsed), (name for name in names.candidates if name not in parsed)):
        return None
    waiting: list[tuple[str, Waiting]] = []
    side_by_side: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    texts = set()
    for name, match in parsed.items():
        who = match["name"], match["id"] or ""
        if match["plugin"] != FILE:
            texts.add(who)
        elif name in names.files:
            side_by_side[who].append((name, match["given"] or name))
        else:
            waiting.append(submission_of(who, tree.submission(name)))
    for who, members in side_by_side.items():
        waiting.append(submission_of(who, (*tree.within(""), tuple(members))))
    only = texts - {(match["name"], match["id"] or "") for match in parsed.values() if match["plugin"] == FILE}
    return Export(
        "Moodle",
        waiting,
        [
            *told(
                "Online texts are not looked at; these handed in nothing else", ("_".join(filter(None, who)) for who in only)
            ),
            *ignored(set(everything) - parsed.keys()),
        ],
    )


def submission_of(who: tuple[str, str], place: Place) -> tuple[str, Waiting]:
    """The submission of one participant or group."""
    name, number = who
    return label("_".join(filter(None, who))), Waiting(label(name), *place, (Person(label(name), id=number),))
