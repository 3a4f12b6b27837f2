"""What a source is compared by: fingerprints of its code, and the comments, names and values that are its author's own.

Winnowing (Schleimer, Wilkerson and Aiken, 2003, https://theory.stanford.edu/~aiken/publications/papers/sigmod03.pdf): of every
WINDOW passages in a row, GRAM tokens each, the one with the least hash is kept, so two sources that have GRAM + WINDOW - 1
tokens in common have a fingerprint in common. The tokens are those of Pygments, which takes any text and runs none of it.
The library copydetect 0.5.0 is not used: importing it imports matplotlib, it compares every pair of files in a loop, and its
hashes differ from run to run.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Name, Number, String
from pygments.token import Text as WhiteSpace

from autograder.intake.sources import decoded

GRAM, WINDOW = 16, 4  # a statement of the assignment has 10 to 20 tokens; no passage of 19 is missed
MOST_TOKENS = 20_000  # of one source, blanks included; the longest of the solution has 2,000
MOST_SIGNS = 2_000  # of one source
LONGEST_SIGN = 200  # characters

LEXER = PythonLexer()
Hashes = NDArray[np.uint64]
NONE = np.uint64(np.iinfo(np.uint64).max)  # stands for no passage, and is the greatest hash

# What keeps its name after a dot, because whoever renames everything else cannot rename it.
LIBRARY = frozenset(name for kind in (np, np.ndarray, dict, list, str) for name in dir(kind))
NAME, VALUE, TEXT = "N", "0", "S"
COMMENT, BLANK, OTHER = "comment", "blank", ""
# What becomes of the tokens that Pygments finds: the first row that holds their kind.
ROLES = [
    ((Comment, String.Doc), COMMENT),
    ((WhiteSpace,), BLANK),
    ((Number,), VALUE),
    ((String,), TEXT),
    ((Name.Builtin.Pseudo,), NAME),
    ((Name.Builtin, Name.Exception, Name.Function.Magic, Name.Variable.Magic), OTHER),
    ((Name,), NAME),
]


class Token(NamedTuple):
    """A token as it stands there, what is left of it without names and values, and its line."""

    exact: str
    shape: str
    line: int


class Sign(NamedTuple):
    """Something people believe in: a name, a value or a comment that a student chose, or a word of these."""

    kind: str
    text: str


class Reading(NamedTuple):
    """A source as it is compared: its tokens, its comments line by line, its lines, and what is left where it is too long."""

    tokens: list[Token]
    comments: list[str]
    lines: list[str]
    rest: str


def read_source(source: bytes) -> Reading:
    """Any source that the intake lets through, tokenised; comments and docstrings are no tokens."""
    # Without blanks at the ends of lines: Pygments takes quadratic time for many blank lines that have some.
    lines = [line.rstrip() for line in re.split(r"\r\n?|\n", decoded(source))]
    text = "\n".join(lines)
    pieces, comments, line, end = [], [], 1, 0
    for number, (start, kind, part) in enumerate(LEXER.get_tokens_unprocessed(text)):
        if number == MOST_TOKENS:
            break
        meant = role(kind)
        if meant == COMMENT:
            comments += part.split("\n")
        elif part and meant != BLANK:
            pieces.append((meant, part, line))
        line, end = line + part.count("\n"), start + len(part)
    return Reading(list(joined(pieces)), [plain for comment in comments if (plain := prose(comment))], lines, text[end:])


@lru_cache(maxsize=1 << 10)
def role(kind: Any) -> str:
    """What becomes of a kind of token, by ROLES."""
    return next((role for kinds, role in ROLES if any(kind in wider for wider in kinds)), OTHER)


def joined(pieces: Iterable[tuple[str, str, int]]) -> Iterator[Token]:
    """The tokens of pieces (role, text, line), with the pieces of a string as one."""
    dotted = False
    for meant, group in groupby(pieces, itemgetter(0)):
        if meant == TEXT:
            parts = list(group)
            yield Token("".join(part for _, part, _ in parts), TEXT, parts[0][2])
            dotted = False
            continue
        for _, part, line in group:
            kept = meant == OTHER or (meant == NAME and dotted and part in LIBRARY)
            yield Token(part, part if kept else meant, line)
            dotted = part == "."


def prose(comment: str) -> str:
    """A comment or a line of a docstring, without its signs and with single blanks."""
    return " ".join(comment.strip("#'\" \t").split())


@lru_cache(maxsize=1 << 16)
def hashed(text: str) -> int:
    """64 bits that are the same on every machine and in every run."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "little")


FACTORS = np.array([hashed(f"place {place}") | 1 for place in range(GRAM)], dtype=np.uint64)


def passages(tokens: list[Token]) -> Hashes:
    """The hash of every GRAM tokens in a row, by their shapes: (len(tokens) - GRAM + 1,), none where there are fewer tokens.

    It is NONE where a function begins within them, so that the order of functions makes no difference.
    """
    if len(tokens) < GRAM:
        return np.empty(0, dtype=np.uint64)
    values = np.fromiter((hashed(token.shape) for token in tokens), np.uint64, len(tokens))
    mixed = sliding_window_view(values, GRAM) @ FACTORS
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # the end of splitmix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    crossing = sliding_window_view(begins(tokens), GRAM)[:, 1:].any(axis=1)
    return np.where(crossing, NONE, mixed ^ (mixed >> np.uint64(31)))


def begins(tokens: list[Token]) -> NDArray[np.bool_]:
    """At which tokens a function begins."""
    return np.fromiter((token.shape == "def" for token in tokens), np.bool_, len(tokens))


def winnowed(hashes: Hashes, common: Hashes) -> NDArray[np.intp]:
    """The places of the passages that are kept: none of the common ones, and of every WINDOW in a row the last of the least."""
    if not len(hashes):
        return np.empty(0, dtype=np.intp)
    barred = np.isin(hashes, common) | (hashes == NONE)
    width = min(WINDOW, len(hashes))
    runs = sliding_window_view(np.where(barred, NONE, hashes), width)
    places = np.unique(np.arange(len(runs)) + width - 1 - runs[:, ::-1].argmin(axis=1))
    return places[~barred[places]]


def signs(reading: Reading) -> set[Sign]:
    """What a source holds of names, values, comments and words: MOST_SIGNS at most, none longer than LONGEST_SIGN."""
    names = [token.exact for token in reading.tokens if token.shape == NAME]
    values = [value for token in reading.tokens if (value := plain_value(token))]
    kinds = {"comment": reading.comments, "name": names, "value": values, "word": words(reading.comments + names)}
    found = dict.fromkeys(Sign(kind, text) for kind, texts in kinds.items() for text in texts if 2 <= len(text) <= LONGEST_SIGN)
    return set(islice(found, MOST_SIGNS))


def plain_value(token: Token) -> str:
    """A number, or a string from quote to quote as if these were double ones; nothing for other tokens."""
    if token.shape == TEXT and token.exact[0] in "'\"" and token.exact[0] == token.exact[-1]:
        return '"' + token.exact.strip(token.exact[0]) + '"'
    return token.exact if token.shape == VALUE else ""


def words(texts: Iterable[str]) -> list[str]:
    """The words of comments and of names, in small letters, from four letters on."""
    return [word.casefold() for text in texts for word in re.findall(r"[^\W\d_]{4,30}", text[:LONGEST_SIGN])]


def remarkable(sign: Sign) -> bool:
    """Whether a sign weighs as much as a passage: a comment of three words or more."""
    return sign.kind == "comment" and len(re.findall(r"[^\W\d_]{2,}", sign.text)) >= 3


def sign_hashes(found: Iterable[Sign]) -> Hashes:
    """The hashes of signs, sorted."""
    return np.unique(np.array([hashed(f"{sign.kind} {sign.text}") for sign in found], dtype=np.uint64))


def union(sets: Iterable[Hashes]) -> Hashes:
    """The hashes that are in any of these, sorted, each once."""
    return np.unique(np.concatenate([*sets, np.empty(0, dtype=np.uint64)]))
