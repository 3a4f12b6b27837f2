"""Decide which graded file a file with another name is: `q1 (2).py`, `Copy of q1.py`, `Q1.PY.txt` and `ada_q1.py` are q1.py.

A name is split into words and numbers. Some consecutive ones must spell the name of the graded file, and the rest decides how
likely the match is.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

MAX_NAME = 100  # characters of a name
MAX_WORDS = 12
MIN_SLIP = 5  # letters of a name that may have a typo; in shorter names, one letter makes another word

ENDING = re.compile(r"\.\s*(pyw?|txt)\b")
LEFTOVER = re.compile(r"^[~#.]|[~#]$")  # what editors leave behind
ENDINGS = frozenset({"py", "pyw", "txt"})
WORD = re.compile(r"[^\W\d_]+|\d+")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Words that only distinguish copies of a file.
NOISE = frozenset(
    WORD.findall(
        "copy of copia de copie kopie von kopia cópia 副本 复件 コピー duplicate new neu final finished done complete "
        "completed fixed fix corrected latest last updated update edited v ver version rev revised submit submission submitted "
        "download my hw homework assignment exercise ps"
    )
)
# Words for files with another purpose.
OTHER = frozenset(
    WORD.findall(
        "test tests testing check checks checker checking verify grade grader grading debug demo example examples sample notes "
        "helper helpers util utils utility tools common base lib data main run runner train training plot plots plotting draw "
        "show visualize visualization experiment experiments scratch playground benchmark bench setup config conftest init "
        "hidden public checkpoint template starter skeleton handout original broken wrong bad not no"
    )
)
# Words in the names of folders whose content should not be graded.
ASIDE = frozenset(
    WORD.findall(
        "old older backup backups bak archive archived archives previous deprecated trash unused obsolete venv virtualenv env "
        "packages modules checks tests test template starter skeleton handout original"
    )
)
EXACT, SLIP, PREFIXED = 1, 2, 3  # ranks of a match, the most certain first


def meaning(name: str, parts: Sequence[str]) -> tuple[str, int]:
    """Return the part that a name stands for and the rank of the match; an empty part if it matches none or several."""
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
    """Return whether one of the folders is named like one whose content should not be graded."""
    return any(not ASIDE.isdisjoint(split_words(folder)) for folder in folders)


def split_name(name: str) -> list[str]:
    """Return the words in the name of a source without its extensions; none if it is not a source."""
    folded = fold(name)
    if len(folded) > 2 * MAX_NAME or LEFTOVER.search(folded):
        return []
    ending = ENDING.search(folded)
    if not ending or any(word not in ENDINGS and not is_noise([word]) for word in WORD.findall(folded, ending.end())):
        return []
    return WORD.findall(folded, 0, ending.start())


def split_words(text: str) -> list[str]:
    """Return the words and numbers in a name, in lower case."""
    return WORD.findall(fold(text[:MAX_NAME]))


def fold(text: str) -> str:
    """Return a name in lower case and normal width, with a space before each capital inside a word."""
    return CAMEL.sub(" ", unicodedata.normalize("NFKC", text)).casefold()


@lru_cache
def squeeze(part: str) -> str:
    """Return the letters and digits of the name of a part."""
    return "".join(WORD.findall(part.casefold()))


@lru_cache
def spellings(part: str) -> frozenset[str]:
    """Return the spellings of a part: its name, alone or joined with a word such as "copy"."""
    part = squeeze(part)
    return frozenset({part, *(part + word for word in NOISE), *(word + part for word in NOISE)})


def list_runs(words: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return the spelling of every run of consecutive words, with its start and end; adjacent numbers stay separate."""
    runs: dict[str, tuple[int, int]] = {}
    for start in range(len(words)):
        run = ""
        for end, word in enumerate(words[start:], start + 1):
            run += "." + word if run[-1:].isdigit() and word.isdigit() else word
            runs.setdefault(run, (start, end))
    return runs


def is_noise(words: Sequence[str]) -> bool:
    """Return whether words only distinguish copies of a file."""
    return all(word in NOISE or word.isdigit() for word in words)


def is_one_slip(word: str, part: str) -> bool:
    """Return whether two words differ by one inserted, missing or wrong letter, or by two swapped ones."""
    while word and part and word[0] == part[0]:
        word, part = word[1:], part[1:]
    while word and part and word[-1] == part[-1]:
        word, part = word[:-1], part[:-1]
    if any(map(str.isdigit, word + part)):
        return False  # another number means another part
    return (len(word) <= 1 and len(part) <= 1) or (len(word) == len(part) == 2 and word == part[::-1])
