"""Text that a student wrote or caused, made safe to show anywhere: what it says can be read, and it does nothing."""

import unicodedata

# Controls, bidirectional marks and zero widths, surrogates, private, unassigned, separators of lines and of paragraphs.
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text: str, most: int = 500) -> str:
    """The text with every invisible character written out as an escape, and cut after `most` characters."""
    shown = text[: most + 1].replace("\r\n", "\n")
    if not (shown.isascii() and shown.isprintable()):
        shown = "".join(map(visible, shown))
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def visible(character: str) -> str:
    """The character, or an escape for one that is invisible."""
    invisible = unicodedata.category(character) in INVISIBLE and character not in "\n\t"
    return f"\\u{ord(character):04x}" if invisible else character
