"""Which graded file is meant by a file of another name: `q1 (2).py`, `Copy of q1.py`, `Q1.PY.txt` and `ada_q1.py` are q1.py.

A name is split into words and numbers. Some of them, next to each other, must spell the name of the graded file, and what the
rest says decides how plain that is.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

MAX_NAME = 100  # characters of a name that is looked at
MAX_WORDS = 12
MIN_SLIP = 5  # letters of a name in which one may be wrong: among shorter ones, one letter makes another word

ENDING = re.compile(r"\.\s*(pyw?|txt)\b")
LEFTOVER = re.compile(r"^[~#.]|[~#]$")  # what editors leave behind
ENDINGS = frozenset({"py", "pyw", "txt"})
WORD = re.compile(r"[^\W\d_]+|\d+")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Words that say nothing but which copy it is.
NOISE = frozenset(
    WORD.findall(
        "copy of copia de copie kopie von kopia cópia 副本 复件 コピー duplicate new neu final finished done complete "
        "completed fixed fix corrected latest last updated update edited v ver version rev revised submit submission submitted "
        "download my hw homework assignment exercise ps"
    )
)
# Words that say that it is something else.
OTHER = frozenset(
    WORD.findall(
        "test tests testing check checks checker checking verify grade grader grading debug demo example examples sample notes "
        "helper helpers util utils utility tools common base lib data main run runner train training plot plots plotting draw "
        "show visualize visualization experiment experiments scratch playground benchmark bench setup config conftest init "
        "hidden public checkpoint template starter skeleton handout original broken wrong bad not no"
    )
)
# Words in the name of a folder that say that nobody should grade what is in it.
ASIDE = frozenset(
    WORD.findall(
        "old older backup backups bak archive archived archives previous deprecated trash unused obsolete venv virtualenv env "
        "packages modules checks tests test template starter skeleton handout original"
    )
)
EXACT, SLIP, PREFIXED = 1, 2, 3  # how plain it is which file is meant, the plainest first


def meaning(name: str, parts: Sequence[str]) -> tuple[str, int]:
    """Return which part a name stands for, and how plain that is; an empty part if it stands for none or for two."""
    words = split_name(name) if len(name) <= MAX_NAME else []
    if not 0 < len(words) <= MAX_WORDS:
        return "", 0
    runs = list_runs(words)
    rests = {part: [*words[: runs[run][0]], *words[runs[run][1] :]] for part in parts for run in runs.keys() & spellings(part)}
    found = [part for part in rests if all(squeeze(other) in squeeze(part) for other in rests)]
    if len(found) == 1:
        rest = rests[found[0]]
        return (found[0], EXACT if is_noise(rest) else PREFIXED) if OTHER.isdisjoint(rest) else ("", 0)
    spelled = "".join(word for word in words if not is_noise([word]))
    near = [] if rests else [part for part in parts if len(part) >= MIN_SLIP and is_one_slip(spelled, squeeze(part))]
    return (near[0], SLIP) if len(near) == 1 else ("", 0)


def is_source(name: str) -> bool:
    """Return whether a file may be a source: not an archive, a notebook or a picture."""
    _, dot, ending = name.rpartition(".")
    return not dot or fold(ending).strip() in ENDINGS or bool(split_name(name))


def is_aside(folders: Sequence[str]) -> bool:
    """Return whether the name of one of some folders says that what is in it does not count."""
    return any(not ASIDE.isdisjoint(split_words(folder)) for folder in folders)


def split_name(name: str) -> list[str]:
    """Return the words of the name of a source without its endings; none if it is not one."""
    folded = fold(name)
    if len(folded) > 2 * MAX_NAME or LEFTOVER.search(folded):
        return []
    ending = ENDING.search(folded)
    if not ending or any(word not in ENDINGS and not is_noise([word]) for word in WORD.findall(folded, ending.end())):
        return []
    return WORD.findall(folded, 0, ending.start())


def split_words(text: str) -> list[str]:
    """Return the words and numbers in a name, in small letters."""
    return WORD.findall(fold(text[:MAX_NAME]))


def fold(text: str) -> str:
    """Return a name in small letters, wide letters made narrow, and with a blank where a capital begins a word."""
    return CAMEL.sub(" ", unicodedata.normalize("NFKC", text)).casefold()


@lru_cache
def squeeze(part: str) -> str:
    """Return the letters and digits of the name of a part."""
    return "".join(WORD.findall(part.casefold()))


@lru_cache
def spellings(part: str) -> frozenset[str]:
    """Return what spells a part: its name, which a word such as "copy" may touch."""
    part = squeeze(part)
    return frozenset({part, *(part + word for word in NOISE), *(word + part for word in NOISE)})


def list_runs(words: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return what words next to each other spell, with the places where they begin and end; two numbers stay two."""
    runs: dict[str, tuple[int, int]] = {}
    for start in range(len(words)):
        run = ""
        for end, word in enumerate(words[start:], start + 1):
            run += "." + word if run[-1:].isdigit() and word.isdigit() else word
            runs.setdefault(run, (start, end))
    return runs


def is_noise(words: Sequence[str]) -> bool:
    """Return whether words say nothing but which copy it is."""
    return all(word in NOISE or word.isdigit() for word in words)


def is_one_slip(word: str, part: str) -> bool:
    """Return whether one letter too many, too few or wrong, or two in the wrong order, make the difference."""
    while word and part and word[0] == part[0]:
        word, part = word[1:], part[1:]
    while word and part and word[-1] == part[-1]:
        word, part = word[:-1], part[:-1]
    if any(map(str.isdigit, word + part)):
        return False  # the number of a part makes another part
    return (len(word) <= 1 and len(part) <= 1) or (len(word) == len(part) == 2 and word == part[::-1])
