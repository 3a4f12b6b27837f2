"""Guess the encoding of a source that is not UTF-8. A guess is accepted only if no other encoding is plausible.

Code is ASCII in every encoding here, so a guess affects only comments and strings.
"""

import codecs
import re

WIDE = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, because it begins with UTF-16's mark
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
LABELS = {"cp1252": "Windows-1252", "cp932": "Shift-JIS", "gbk": "GBK"}
# A two-byte character may end in the byte of a backslash. Before a quote, the meaning of the code depends on the encoding.
TWO_WAYS = re.compile(rb"[\x81-\xfe]\\(?=[\"'\\])")

# Windows-1252: one or two accented letters in a row, or the punctuation that word processors insert.
WESTERN = re.compile(rb"[\x80\x84\x85\x91-\x97\x99\x9a\x9c\x9e\x9f\xa1\xa3\xa7\xa9\xab\xae\xb0-\xb3\xb5\xb7\xb9\xbb-\xff]{1,2}")
CAPITALS = re.compile(rb"[\xc0-\xde]{2}")  # rare in Western text, common in Chinese
# Two-byte characters, with the common ones in a group. Shift-JIS: kana, punctuation and the 2,965 common kanji. GBK:
# punctuation and the 3,755 common characters of GB 2312, some of which never occur in Korean text.
JAPANESE = re.compile(rb"([\x81-\x84\x89-\x97][\x40-\xfc]|\x88[\x9f-\xfc]|\x98[\x40-\x72])|[\x80-\xff][\x40-\xff]?")
CHINESE = re.compile(rb"([\xa1-\xa3\xa6-\xa9\xb0-\xd7][\xa1-\xfe])|[\x80-\xff][\x40-\xff]?")


def guess(data: bytes) -> str:
    """Return the encoding of bytes that are not UTF-8 and use one or two bytes per character; "" if it is ambiguous."""
    tests = {"cp1252": is_western, "cp932": is_japanese, "gbk": is_chinese}
    found = [codec for codec, is_plausible in tests.items() if is_plausible(data)]
    return found[0] if len(found) == 1 else ""


def guess_wide(data: bytes) -> str:
    """Return the encoding given by a byte order mark, or by a zero in every second byte; "" if there is neither."""
    for mark, codec in WIDE.items():
        if data.startswith(mark):
            return codec
    even, odd = data[::2], data[1::2]
    if len(even) == len(odd):
        for zeros, others, codec in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
            if 2 * zeros.count(0) > len(zeros) and 0 not in others:
                return codec
    return ""


def is_western(data: bytes) -> bool:
    """Return whether bytes look like Windows-1252."""
    return all(WESTERN.fullmatch(run) and not CAPITALS.fullmatch(run) for run in re.findall(rb"[\x80-\xff]+", data))


def is_japanese(data: bytes) -> bool:
    """Return whether bytes look like Shift-JIS."""
    return is_double(data, "cp932", JAPANESE)


def is_chinese(data: bytes) -> bool:
    """Return whether bytes look like GBK."""
    return is_double(data, "gbk", CHINESE) and any(b"\xc9" <= found[:1] <= b"\xd7" for found in CHINESE.findall(data))


def is_double(data: bytes, codec: str, character: re.Pattern[bytes]) -> bool:
    """Return whether bytes are valid in an encoding, with 90 % common characters beyond ASCII, most of them in words."""
    try:
        words = re.findall(r"[^\x00-\x7f]+", data.decode(codec))
    except UnicodeDecodeError:
        return False
    usual = character.findall(data)
    return 10 * usual.count(b"") <= len(usual) and 2 * sum(len(word) > 1 for word in words) >= len(words)
