"""Distinguish the folder of a class, which is searched for submissions, from a student's folder, which is graded."""

import re

from autograder.intake.names import ASIDE, NOISE, OTHER, WORD, split_words

# Words in the names of folders that students create or that hold a whole class, in addition to NOISE, OTHER and ASIDE.
ORDINARY = frozenset(
    WORD.findall(
        "src source sources code python py project projects program programs files file folder solution solutions answer "
        "answers work task tasks part parts section problem question exercise exercises assignments week lab labs unit module "
        "attempt try first second third one two three option alternative extra bonus basic deep learning machine neural net "
        "nets network nn ml model models app core package all class course courses students export exports zip unzipped "
        "download downloads submissions submitted results output figures images docs doc tmp temp"
    )
)
PEOPLE = frozenset(WORD.findall("student students group groups team user participant member pair id uni"))
MIN_ID, MIN_COUNT = 3, 2  # digits of a student's number, alone and after a word; shorter numbers are versions
DATE = re.compile(r"(19|20)\d\d((0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))?")


def name_person(name: str, parts: tuple[str, ...]) -> frozenset[str]:
    """Return the words of a name that may identify a person; none if it could be a folder that a student created.

    "Lovelace, Ada", "student012" and "20461234" identify people; "src", "v2", "old", "hw4 final" and "part1" do not.
    """
    words = split_words(name)
    ordinary = NOISE | OTHER | ASIDE | ORDINARY | {part.casefold() for part in parts}
    numbers = [word for word in words if word.isdigit()]
    if numbers and not PEOPLE.isdisjoint(words):
        return frozenset(words)
    if not ASIDE.isdisjoint(words):
        return frozenset()
    own = {word for word in words if word not in ordinary and not word.isdigit() and (len(word) > 1 or not word.isascii())}
    if not ordinary.isdisjoint(words):
        return frozenset(own)
    digits = MIN_COUNT if own else MIN_ID
    return frozenset(own.union(word for word in numbers if len(word) >= digits and not DATE.fullmatch(word)))
