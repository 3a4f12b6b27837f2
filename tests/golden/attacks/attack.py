"""Attacks, and the world they are written against."""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

CANARY = "canary-"  # every secret is this word and 32 hexadecimal digits; an attack may look for the word
REACHED = CANARY + "reached"  # what an attack says when it did what it must not, where there is no secret to show for it


class World(NamedTuple):
    """What lies about for an attack to find.

    secret_file is a file that everybody on the machine may read; secret, its text, is also in the judge's environment and
    memory, and in memory of System V that everybody may read. open_folder is an empty folder that everybody may write to,
    results the folder into which results go. port is that of a listener on 127.0.0.1; other listeners are the unix sockets
    `door`, beside the secret file, and `backprop-PORT`, which has no file.
    """

    secret: str
    secret_file: Path
    open_folder: Path
    results: Path
    port: int


class Attack(NamedTuple):
    """A hostile submission.

    tries says in a phrase what it is after. files holds the text or bytes of each file under its path in the submission, with
    @STUDENT@ where the student's name belongs; `lay` puts down what a folder of files cannot be, such as a zip or a link: it is
    called with the path of the submission, without an ending, and the world. marks are those of warmup, dnn and extension.
    classes are the numbers of its classes in the catalog of attacks in docs/attacks.md.
    """

    tries: str
    files: Mapping[str, str | bytes] = {}
    marks: tuple[int, int, int] = (0, 0, 0)
    status: str = "graded"
    lay: Callable[[Path, World], None] | None = None
    classes: tuple[int, ...] = ()

    def put(self, place: Path, world: World) -> None:
        """Write the submission to a path without an ending."""
        if self.lay is not None:
            self.lay(place, world)
        for name, content in self.files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(filled(content.replace("@STUDENT@", place.name), world) if isinstance(content, str) else content)


def forms(secret: str) -> list[str]:
    """Return what shows in a text that the secret is out, plainly or in disguise; the last letters of base64 depend on what follows."""
    digits = secret.removeprefix(CANARY)
    encoded = [base64.b64encode(text.encode()).decode().rstrip("=")[:-1] for text in (secret, digits)]
    return [digits, digits[::-1], digits.encode().hex(), *encoded]


def filled(text: str, world: World) -> bytes:
    """Return the text with the places of this world put in."""
    places = {
        "@SECRET_FILE@": world.secret_file,
        "@OPEN_FOLDER@": world.open_folder,
        "@RESULTS@": world.results,
        "@PORT@": world.port,
    }
    for name, place in places.items():
        text = text.replace(name, str(place))
    return text.encode("utf-8", "surrogatepass")
