"""Whether bytes are a Python source that says what it seems to say. Whether it is Python, the child finds out."""

import codecs
import re

from autograder.intake.entries import UnreadableFileError, make_printable

WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
COOKIE = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263
BLANK = re.compile(rb"[ \t\f]*(#.*)?")
PLAIN = re.compile(r"utf-8(-sig)?|ascii|iso8859-\d+|cp125\d")  # in these, what looks like Python is what Python reads


def check_source(name: str, source: bytes) -> None:
    """Raise UnreadableFileError unless the bytes are text in an encoding that hides nothing."""
    for mark, encoding in WIDE.items():
        if source.startswith(mark):
            raise UnreadableFileError(f"{name} is {encoding}; save it as UTF-8.")
    text = source.removeprefix(codecs.BOM_UTF8)
    if not text.strip():
        raise UnreadableFileError(f"{name} is empty.")
    if b"\0" in text:
        raise UnreadableFileError(f"Line {find_line(text, text.index(0))} of {name} has a zero byte in it; save it as UTF-8.")
    cookie = find_cookie(text)
    codec = find_codec(cookie)
    if not PLAIN.fullmatch(codec):
        raise UnreadableFileError(
            f"{name} asks to be read as {make_printable(cookie)}; save it as UTF-8 and take that line out."
        )
    try:
        text.decode(codec)
    except UnicodeDecodeError as error:
        kind = codec.upper() if codec == "utf-8" else codec
        raise UnreadableFileError(f"Line {find_line(text, error.start)} of {name} is not {kind}; save it as UTF-8.") from error


def find_cookie(text: bytes) -> str:
    """Return the encoding that the first line names, or the second if the first is a comment or blank; UTF-8 by default."""
    for line in re.split(rb"\r\n?|\n", text, maxsplit=2)[:2]:
        if cookie := COOKIE.match(line):
            return cookie[1].decode("ascii")
        if not BLANK.fullmatch(line):
            break
    return "utf-8"


def find_codec(cookie: str) -> str:
    """Return Python's name for an encoding; empty if there is none."""
    name = cookie[:100].lower().replace("_", "-")
    if re.fullmatch(r"utf-8-.+", name):  # as Emacs writes it: utf-8-unix
        return "utf-8"
    if re.fullmatch(r"(latin-1|iso-8859-1|iso-latin-1)-.+", name):
        return "iso8859-1"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""


def find_line(text: bytes, start: int) -> int:
    """Return the number of the line of a byte."""
    return len(re.findall(rb"\r\n?|\n", text[:start])) + 1


def decode_source(source: bytes) -> str:
    """Return the text of a source that has passed check_source, without a byte order mark."""
    text = source.removeprefix(codecs.BOM_UTF8)
    return text.decode(find_codec(find_cookie(text)))
