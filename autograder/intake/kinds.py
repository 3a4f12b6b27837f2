"""Classify files by their extension: submissions, files that cannot be graded and why, and files of the course."""

import re

ARCHIVE = r"tar|(?:tar\.)?(?:gz|bz2|xz|zst|lzma|z)|tgz|tbz2?|txz|rar|r\d\d|7z|zipx|cab|iso|dmg|jar|egg|whl"
DOCUMENT = r"pdf|docx?|docm|odt|rtf|pages|tex|html?|epub|pptx?|odp|key"
PICTURE = r"png|jpe?g|gif|heic|tiff?|bmp|webp|svg"
KINDS = {
    ARCHIVE: "is an archive of an unsupported kind; submit a .zip, or the files themselves.",
    "ipynb": "is a Jupyter notebook; export it as a Python file and submit that.",
    DOCUMENT: "is a document; submit the Python files themselves.",
    PICTURE: "is a picture; submit the Python files themselves.",
}
# Lists, settings and notes next to the submissions of a class. A source named .py.txt is not one of them.
COURSE = re.compile(
    r"(?:readme|license|index|makefile)(?:\..*)?|(?!.*\.pyw?\.txt$).*\.(?:txt|md|csv|tsv|xls[xm]?|ods|ya?ml|json|toml|ini|cfg|log|db)",
    re.IGNORECASE | re.DOTALL,
)
ENDING = re.compile(rf"\.(?:zip|pyw?(?:\.txt)?|{'|'.join(KINDS)}|[a-z0-9]{{1,4}})$", re.IGNORECASE | re.ASCII)


def describe_kind(name: str) -> str:
    """Return what a file is and what to submit instead, as the rest of a sentence; "" if its extension is not in KINDS."""
    return next((said for endings, said in KINDS.items() if re.search(rf"\.(?:{endings})$", name, re.IGNORECASE)), "")


def is_archive(name: str) -> bool:
    """Return whether a file is an archive of an unsupported kind."""
    return describe_kind(name) == KINDS[ARCHIVE]


def is_of_course(name: str) -> bool:
    """Return whether a file next to the submissions of a class belongs to the course and not to a student."""
    return bool(COURSE.fullmatch(name))


def strip_ending(name: str) -> str:
    """Return the name of a file without its extension, if that is a known one, or at most four letters or digits."""
    return ENDING.sub("", name) or name
