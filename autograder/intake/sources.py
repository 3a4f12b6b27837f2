"""Decode a submitted source. The child finds out whether it is valid Python.

From here on, a source is UTF-8 without a byte order mark, so that every reader sees the same text as Python.
"""

import codecs
import re

from autograder.intake.encodings import LABELS, TWO_WAYS, guess, guess_wide
from autograder.intake.entries import MAX_SOURCE, UnreadableFileError, make_printable

COOKIE = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263
BLANK = re.compile(rb"[ \t\f]*(#.*)?")
UTF_8 = ("utf-8", "utf-8-sig")
SINGLE = re.compile(r"utf-8(-sig)?|iso8859-\d+|cp125\d|koi8-[rtu]|mac-\w+|euc_(kr|jp)|gb2312")  # ASCII bytes are ASCII
DOUBLE = re.compile(r"gbk|gb18030|cp932|shift_jis|big5|big5hkscs|cp949")  # except in the second byte of a character
BLANKS, MARKS = " \t\f\r\n", "\0\x1a"  # what a source may end with, and end-of-file marks from old programs


def read_text(name: str, source: bytes) -> tuple[bytes, list[str]]:
    """Return a source as UTF-8 without a byte order mark, and notes on anything unusual; may raise UnreadableFileError."""
    text, codec = decode(name, source)
    notes = [] if codec in UTF_8 else [f"{name} was read as {label(codec)}; save it as UTF-8."]
    kept = text.rstrip(BLANKS + MARKS)
    if not set(MARKS).isdisjoint(text[len(kept) :]):
        text = kept + "\n"
        notes.append(f"{name} ends with a zero byte or Ctrl-Z, which was removed; save it again as plain text.")
    if not text.strip():
        raise UnreadableFileError(f"{name} is empty.")
    if text.lstrip().startswith("{") and '"cells"' in text and '"nbformat"' in text:
        raise UnreadableFileError(f"{name} is a Jupyter notebook; export it as a Python file and submit that.")
    data = text.encode()
    if "\0" in text:
        raise UnreadableFileError(f"Line {find_line(data, data.index(0))} of {name} has a zero byte in it; save it as UTF-8.")
    if len(data) > MAX_SOURCE:
        raise UnreadableFileError(f"{name} has {len(data):,} bytes in UTF-8; at most {MAX_SOURCE:,} are read.")
    return data, notes


def decode(name: str, source: bytes) -> tuple[str, str]:
    """Return the text of a source and its encoding; raise UnreadableFileError if the encoding is unclear or unsupported."""
    is_marked, source = source.startswith(codecs.BOM_UTF8), source.removeprefix(codecs.BOM_UTF8)
    cookie = "utf-8" if is_marked else find_cookie(source)
    wide = guess_wide(source)
    codec = wide or find_codec(cookie)
    if not (wide or SINGLE.fullmatch(codec) or DOUBLE.fullmatch(codec)):
        raise UnreadableFileError(
            f"{name} declares the encoding {make_printable(cookie)}; save it as UTF-8 and remove that line."
        )
    try:
        text = source.decode(codec)
    except UnicodeDecodeError as error:
        place = f"{find_line(source, error.start)} of {name} has the byte 0x{source[error.start]:02X}"
        codec = "" if is_marked or codec not in UTF_8 else guess(source)
        if not codec:
            raise UnreadableFileError(f"Line {place}, which is not {label(error.encoding)}; save it as UTF-8.") from error
        text = source.decode(codec)
    if DOUBLE.fullmatch(codec) and (found := TWO_WAYS.search(source)):
        line = find_line(source, found.start())
        raise UnreadableFileError(f"Line {line} of {name} has a \\ that may belong to a letter or a quote; save it as UTF-8.")
    return text, codec


def label(codec: str) -> str:
    """Return the usual name of an encoding."""
    return LABELS.get(codec) or (re.sub("-[lb]e$", "", codec).upper() if codec.startswith("utf") else codec)


def find_cookie(text: bytes) -> str:
    """Return the encoding declared in the first line, or in the second if the first is a comment or blank; UTF-8 by default."""
    for line in re.split(rb"\r\n?|\n", text, maxsplit=2)[:2]:
        if cookie := COOKIE.match(line):
            return cookie[1].decode("ascii")
        if not BLANK.fullmatch(line):
            break
    return "utf-8"


def find_codec(cookie: str) -> str:
    """Return Python's name for an encoding; "" if it is unknown."""
    name = cookie[:100].lower().replace("_", "-")
    if re.fullmatch(r"utf-8-.+", name):  # as Emacs writes it: utf-8-unix
        return "utf-8"
    if re.fullmatch(r"(latin-1|iso-8859-1|iso-latin-1)-.+", name):
        return "iso8859-1"
    try:
        return codecs.lookup(name).name.replace("ascii", "utf-8")
    except LookupError:
        return ""


def find_line(text: bytes, start: int) -> int:
    """Return the number of the line with the byte at an offset."""
    return len(re.findall(rb"\r\n?|\n", text[:start])) + 1
