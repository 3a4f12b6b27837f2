"""Encodings: a source is read in its only plausible encoding, and Python and all other readers see the same text."""

import codecs
import contextlib
import time

import pytest

from autograder.intake.entries import MAX_SOURCE, UnreadableFileError
from autograder.intake.sources import read_text

CODE = "import math\n\n\nclass DNN:\n    pass\n"
NOT_UTF_8 = "which is not UTF-8; save it as UTF-8."
CUT = "q.py ends with a zero byte or Ctrl-Z, which was removed; save it again as plain text."


def saved(comment, codec, cookie=""):
    """Return a source with a comment, saved in some encoding."""
    return (f"# -*- coding: {cookie} -*-\n" * bool(cookie) + f"# {comment}\n{CODE}").encode(codec)


def refusal(source):
    with pytest.raises(UnreadableFileError) as refused:
        read_text("q.py", source)
    return str(refused.value)


@pytest.mark.parametrize(
    "source",
    [
        CODE,
        f"# größe = 'ж 你 😀'\n{CODE}",
        f"# a\r\n{CODE}",
        f"# -*- coding: utf-8-unix -*-\n{CODE}",
        f"# coding: ascii\n# é\n{CODE}",
        f"x = 1\n# coding: rot13\n{CODE}",
        f'"""\n# coding: none\n"""\n{CODE}',
    ],
)
def test_utf_8_is_passed_on_unchanged_without_its_mark(source):
    for mark in (b"", codecs.BOM_UTF8):
        assert read_text("q.py", mark + source.encode()) == (source.encode(), [])


@pytest.mark.parametrize("codec", ["utf-16", "utf-32"])
@pytest.mark.parametrize("order", ["-le", "-be"])
def test_a_byte_order_mark_tells_the_encoding(codec, order):
    text = f"# é 梯\n{CODE}"
    data = f"\ufeff{text}".encode(codec + order)
    assert read_text("q.py", data) == (text.encode(), [f"q.py was read as {codec.upper()}; save it as UTF-8."])


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("comment", ["x", "é", "梯度下降", "ж" * 20])
def test_utf_16_without_a_mark_is_known_by_its_zero_bytes(codec, comment):
    source, notes = read_text("q.py", saved(comment, codec))
    assert source.decode() == f"# {comment}\n{CODE}"
    assert notes == ["q.py was read as UTF-16; save it as UTF-8."]


GUESSED = {
    "Windows-1252": (
        "cp1252",
        ["naïve façade", "don’t", "“quoted” – £5", "Größe für müßte", "20 °C ± 1", "¿qué? señal", "x² + µ·y", "Übung"],  # noqa: RUF001
    ),
    "Shift-JIS": ("cp932", ["勾配", "ソフトマックス", "表示", "誤差、逆伝播。", "シグモイド (sigmoid) の微分", "層ごと"]),
    "GBK": ("gbk", ["梯度", "激活函数", "反向传播算法，计算梯度", "权重 W 和偏置 b", "注意：要除以 m", "雅可比矩阵"]),  # noqa: RUF001
}


@pytest.mark.parametrize(("kind", "comment"), [(kind, comment) for kind in GUESSED for comment in GUESSED[kind][1]])
@pytest.mark.parametrize("cookie", ["", "utf-8"])
def test_an_encoding_that_is_plain_is_guessed(kind, comment, cookie):
    source, notes = read_text("q.py", saved(comment, GUESSED[kind][0], cookie))
    assert source.decode().splitlines()[-6] == f"# {comment}"
    assert notes == [f"q.py was read as {kind}; save it as UTF-8."]


@pytest.mark.parametrize(
    ("codec", "comment", "kind"),
    [
        ("latin-1", "café", "iso8859-1"),
        ("iso-8859-15", "5 €", "iso8859-15"),
        ("cp1252", "5 €", "Windows-1252"),
        ("cp1251", "градиент", "cp1251"),
        ("koi8-r", "градиент", "koi8-r"),
        ("gbk", "梯", "GBK"),
        ("gb2312", "梯", "gb2312"),
        ("big5", "梯度下降", "big5"),
        ("shift_jis", "層", "shift_jis"),
        ("cp932", "能", "Shift-JIS"),
        ("euc-jp", "勾配", "euc_jp"),
        ("euc-kr", "기울기", "euc_kr"),
    ],
)
def test_an_encoding_that_is_declared_is_believed(codec, comment, kind):
    source, notes = read_text("q.py", saved(comment, codec, codec))
    assert source.decode().splitlines()[1] == f"# {comment}"
    assert notes == [f"q.py was read as {kind}; save it as UTF-8."]


@pytest.mark.parametrize(
    ("codec", "comment"),
    [
        *[("cp1251", "градиент"), ("big5", "梯度下降"), ("euc-kr", "기울기"), ("euc-jp", "勾配"), ("cp1253", "κλίση")],
        *[("gbk", "是"), ("cp932", "ﾊﾞｯﾁ"), ("mac-roman", "café"), ("cp437", "naïve")],
    ],
)
def test_what_may_be_two_encodings_names_the_line_and_the_byte(codec, comment):
    byte = saved(comment, codec)[2:].lstrip(bytes(range(128)))[0]
    assert refusal(b"x = 1\n" + saved(comment, codec)) == f"Line 2 of q.py has the byte 0x{byte:02X}, {NOT_UTF_8}"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"", "q.py is empty."),
        (b'{"cells": [], "nbformat": 4}', "q.py is a Jupyter notebook; export it as a Python file and submit that."),
        (b" \n\n", "q.py is empty."),
        (codecs.BOM_UTF8 + b"\n", "q.py is empty."),
        (codecs.BOM_UTF16_LE, "q.py is empty."),
        (b"\0\0\x1a", "q.py is empty."),
        (b"#\0\nimport math\n", "Line 1 of q.py has a zero byte in it; save it as UTF-8."),
        (b"x = '\xed\xa0\x80'\n", f"Line 1 of q.py has the byte 0xED, {NOT_UTF_8}"),
        (codecs.BOM_UTF8 + b"# \xe9\n", f"Line 1 of q.py has the byte 0xE9, {NOT_UTF_8}"),
        (b"\n# coding: big5\n# \xff\n", "Line 3 of q.py has the byte 0xFF, which is not big5; save it as UTF-8."),
        ("x\n".encode("utf-16") + b"\0\xd8", "Line 2 of q.py has the byte 0x00, which is not UTF-16; save it as UTF-8."),
        (b"# caf\xe9\n" + b"\xe9\n" * 400_000, "q.py has 1,200,008 bytes in UTF-8; at most 1,000,000 are read."),
        *(
            (f"# coding: {codec}\n".encode(), f"q.py declares the encoding {codec}; save it as UTF-8 and remove that line.")
            for codec in (
                "utf-7",
                "UTF_7",
                "rot13",
                "idna",
                "punycode",
                "unicode_escape",
                "utf-16",
                "hex",
                "hz",
                "iso2022_jp",
                "none",
            )
        ),
    ],
)
def test_what_is_not_read(source, words):
    assert refusal(source) == words


@pytest.mark.parametrize("cookie", ["", "cp932", "shift_jis"])
@pytest.mark.parametrize("code", ['x = "\u8868"; evil = 1 #"', "x = '\u80fd'", "'''\u30bd'''"])
def test_no_character_swallows_a_backslash_that_an_editor_may_show(code, cookie):
    """In Shift-JIS the last byte of these characters is that of a backslash, which elsewhere would keep the string open."""
    source = f"# coding: {cookie}\n" * bool(cookie) + f"# 勾配\n{code}\n"
    line = 2 + bool(cookie)
    reason = f"Line {line} of q.py has a \\ that may belong to a letter or a quote; save it as UTF-8."
    assert refusal(source.encode("cp932")) == reason


@pytest.mark.parametrize("end", [b"\0", b"\0\0\0", b"\x1a", b"\x1a\r\n", b"\n\0 \0\n", b"\x1a" + bytes(500)])
def test_what_programs_of_old_put_at_the_end_is_cut_off(end):
    assert read_text("q.py", CODE.encode() + end) == (CODE.encode(), [CUT])


def test_a_long_name_of_an_encoding_is_cut():
    assert len(refusal(b"# coding: " + b"x" * 10_000)) < 200


@pytest.mark.parametrize(
    "piece", [b"\0", b"\x1a \n", b"\xe9", b"\x82\xa0", b"\xb0\xa1", b"\xe9\\", b"# coding", b"\xff\xfe", b"a\0"]
)
@pytest.mark.parametrize("end", [b"", b"x", b"\xe9\xe9\xe9"])
def test_no_source_takes_long(piece, end):
    """As long as it takes to look at each byte a few times: an ordinary source of the same length is the measure."""
    plain = (CODE * MAX_SOURCE).encode()[:MAX_SOURCE]

    def cost(source):
        start = time.process_time()
        with contextlib.suppress(UnreadableFileError):
            read_text("q.py", source)
        return time.process_time() - start

    assert cost(piece * (MAX_SOURCE // len(piece) - 3) + end) < 200 * max(cost(plain), 0.005)
