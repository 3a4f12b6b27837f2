"""Fingerprints of a source's code, and its markers of style: the comments, names and values that its author chose.

Winnowing (Schleimer, Wilkerson and Aiken, 2003, https://theory.stanford.edu/~aiken/publications/papers/sigmod03.pdf): of every
WINDOW passages in a row, GRAM tokens each, keep the one with the smallest hash. Two sources that share GRAM + WINDOW - 1 tokens
in a row then share a fingerprint. The tokens come from Pygments, which accepts any text and runs none of it.
We do not use the library copydetect 0.5.0: it imports matplotlib, it compares every pair of files in a loop, and its hashes
differ between runs.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Name, Number, String
from pygments.token import Text as WhiteSpace

GRAM, WINDOW = 16, 4  # a statement of the assignment has 10 to 20 tokens; no shared run of 19 is missed
MAX_TOKENS = 20_000  # per source, blanks included; the longest of the solution has 2,000
MAX_MARKERS = 2_000  # per source
MAX_MARKER_LENGTH = 200  # characters

LEXER = PythonLexer()
Hashes = NDArray[np.uint64]
EMPTY: Hashes = np.empty(0, dtype=np.uint64)
NO_PASSAGE = np.uint64(np.iinfo(np.uint64).max)  # the largest hash, so that winnowing prefers any other

# Attributes that keep their name: renaming every variable cannot rename these.
LIBRARY = frozenset(name for kind in (np, np.ndarray, dict, list, str) for name in dir(kind))
NAME, VALUE, TEXT = "N", "0", "S"
COMMENT, BLANK, OTHER = "comment", "blank", ""
# The role of each kind of token in Pygments: the first row that contains it.
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
    """A token as written, its shape without names and values, and its line."""

    exact: str
    shape: str
    line: int


class Marker(NamedTuple):
    """A trace of an author's style: a name, a value or a comment, or a word in one of these."""

    kind: str
    text: str


class Source(NamedTuple):
    """A tokenized source: its tokens, the lines of its comments, all its lines, and the text beyond MAX_TOKENS."""

    tokens: list[Token]
    comments: list[str]
    lines: list[str]
    rest: str


def tokenize(source: bytes) -> Source:
    """Tokenize any source that intake accepts; comments and docstrings are not among the tokens."""
    # Strip trailing whitespace, because Pygments takes quadratic time for many whitespace-only lines.
    lines = [line.rstrip() for line in re.split(r"\r\n?|\n", source.decode())]
    # Python reads np.\uff53um as np.sum, too (https://docs.python.org/3/reference/lexical_analysis.html#identifiers). Only
    # letters are normalized, because a long row of combining marks takes quadratic time.
    text = re.sub(r"[^\W\x00-\x7f]+", lambda letters: normalize("NFKC", letters[0]), "\n".join(lines))
    pieces, comments, line, end = [], [], 1, 0
    for start, kind, part in islice(LEXER.get_tokens_unprocessed(text), MAX_TOKENS):
        role = role_of(kind)
        if role == COMMENT:
            comments += part.split("\n")
        elif part and role != BLANK:
            pieces.append((role, part, line))
        line, end = line + part.count("\n"), start + len(part)
    plain = (" ".join(comment.strip("#'\" \t").split()) for comment in comments)
    return Source(list(join_strings(pieces)), list(filter(None, plain)), lines, text[end:])


@lru_cache(maxsize=1 << 10)
def role_of(kind: Any) -> str:
    """Return the role of a kind of token, as in ROLES."""
    return next((role for kinds, role in ROLES if any(kind in wider for wider in kinds)), OTHER)


def join_strings(pieces: Iterable[tuple[str, str, int]]) -> Iterator[Token]:
    """Yield the tokens of pieces (role, text, line); consecutive pieces of strings become one token."""
    after_dot = False
    for role, group in groupby(pieces, itemgetter(0)):
        if role == TEXT:
            _, parts, (line, *_) = zip(*group, strict=True)
            group = iter([(TEXT, "".join(parts), line)])
        for _, part, line in group:
            keeps_name = role == OTHER or (role == NAME and after_dot and part in LIBRARY)
            yield Token(part, part if keeps_name else role, line)
            after_dot = part == "."


@lru_cache(maxsize=1 << 16)
def hash_text(text: str) -> int:
    """Return a 64-bit hash that is the same on every machine and in every run."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "little")


FACTORS = np.array([hash_text(f"place {place}") | 1 for place in range(GRAM)], dtype=np.uint64)


def hash_passages(tokens: list[Token]) -> Hashes:
    """Return the hash of the shapes of every GRAM tokens in a row: (len(tokens) - GRAM + 1,), or (0,) for fewer tokens.

    The hash is NO_PASSAGE if a function begins within the passage, so that the order of functions does not matter.
    """
    if len(tokens) < GRAM:
        return EMPTY
    values = np.fromiter((hash_text(token.shape) for token in tokens), np.uint64, len(tokens))
    mixed = sliding_window_view(values, GRAM) @ FACTORS
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # the end of splitmix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    crossing = sliding_window_view(starts_function(tokens), GRAM)[:, 1:].any(axis=1)
    return np.where(crossing, NO_PASSAGE, mixed ^ (mixed >> np.uint64(31)))


def starts_function(tokens: list[Token]) -> NDArray[np.bool_]:
    """Return for each token whether a function begins with it."""
    return np.fromiter((token.shape == "def" for token in tokens), np.bool_, len(tokens))


def are_among(hashes: Hashes, common: Hashes) -> NDArray[np.bool_]:
    """Return which hashes are NO_PASSAGE or among some sorted ones; np.isin would sort these again for every source."""
    places = np.searchsorted(common, hashes)
    return np.append(common, NO_PASSAGE)[places] == hashes


def winnow(hashes: Hashes, common: Hashes) -> NDArray[np.intp]:
    """Return the indices of the fingerprints: the smallest of every WINDOW passages in a row, unless it is common.

    common is sorted.
    """
    if not len(hashes):
        return np.empty(0, dtype=np.intp)
    excluded = are_among(hashes, common) | (hashes == NO_PASSAGE)
    width = min(WINDOW, len(hashes))
    windows = sliding_window_view(np.where(excluded, NO_PASSAGE, hashes), width)
    indices = np.unique(np.arange(len(windows)) + width - 1 - windows[:, ::-1].argmin(axis=1))
    return indices[~excluded[indices]]


def find_markers(source: Source) -> set[Marker]:
    """Return the names, values, comments and words of a source: at most MAX_MARKERS of at most MAX_MARKER_LENGTH characters."""
    names = [token.exact for token in source.tokens if token.shape == NAME]
    values = [value for token in source.tokens if (value := normalize_value(token))]
    kinds = {"comment": source.comments, "name": names, "value": values, "word": split_words(source.comments + names)}
    found = (Marker(kind, text) for kind, texts in kinds.items() for text in texts if 2 <= len(text) <= MAX_MARKER_LENGTH)
    return set(islice(dict.fromkeys(found), MAX_MARKERS))


def normalize_value(token: Token) -> str:
    """Return a number unchanged and a plain string in double quotes; "" for any other token."""
    if token.shape == TEXT and token.exact[0] in "'\"" and token.exact[0] == token.exact[-1]:
        return '"' + token.exact.strip(token.exact[0]) + '"'
    return token.exact if token.shape == VALUE else ""


def split_words(texts: Iterable[str]) -> list[str]:
    """Return the words of four letters or more in comments and names, in lower case."""
    return [word.casefold() for text in texts for word in re.findall(r"[^\W\d_]{4,30}", text[:MAX_MARKER_LENGTH])]


def is_long_comment(marker: Marker) -> bool:
    """Return whether a marker is a comment of three words or more, which weighs as much as a passage."""
    return marker.kind == "comment" and len(re.findall(r"[^\W\d_]{2,}", marker.text)) >= 3


def hash_marker(marker: Marker) -> int:
    """Return the hash of a marker."""
    return hash_text(f"{marker.kind} {marker.text}")


def hash_markers(markers: Iterable[Marker]) -> Hashes:
    """Return the hashes of markers, sorted."""
    return np.unique(np.array([hash_marker(marker) for marker in markers], dtype=np.uint64))
