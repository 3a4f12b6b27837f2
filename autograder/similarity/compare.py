"""Compare the submissions of a class: rank the similar pairs, collect evidence for the first ones, and find clusters."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from autograder.assignment import Assignment
from autograder.intake.read import Submission
from autograder.intake.submission_ref import SubmissionRef
from autograder.packaging.regions import solved
from autograder.similarity.documents import CommonKnowledge, collect_common, collect_documents
from autograder.similarity.evidence import Evidence, Explainer
from autograder.similarity.fingerprints import Marker, split_words
from autograder.similarity.pairs import Pair, count_original, find_clusters, find_pairs

MAX_EXPLAINED = 50  # pairs whose passages are shown


class Finding(NamedTuple):
    """A reported pair: the students of both documents, its scores, the number of its cluster, and the evidence to show."""

    first: list[str]
    second: list[str]
    pair: Pair
    cluster: int | None
    evidence: Evidence | None


class Comparison(NamedTuple):
    """The findings by rank, and the clusters of more than two students.

    compared is the number of submissions, and documents the number of distinct ones with more than common knowledge. unread are
    the students whose submissions could not be compared; long those whose submissions were compared only in part.
    """

    findings: list[Finding]
    clusters: list[list[str]]
    compared: int
    documents: int
    unread: list[str]
    long: list[str]


def load_common(assignment: Assignment) -> CommonKnowledge:
    """Return the common knowledge: the starter files, the words of the hand-out, and the solution of each part."""
    sources = [path.read_text() for path in sorted(assignment.starter.glob("*.py"))]
    solutions = [solved((assignment.solution / f"{part}.py").read_text()) for part in assignment.part_names]
    known = collect_common([*sources, *solutions])
    handout = (assignment.starter / "README.md").read_text().splitlines()
    return known._replace(markers=known.markers | {Marker("word", word) for word in split_words(handout)})


def compare(
    found: Iterable[SubmissionRef], read: Callable[[SubmissionRef], Submission], assignment: Assignment, jobs: int = 1
) -> Comparison:
    """Compare submissions to an assignment, reading them in `jobs` processes.

    Each is read once, and those of the first pairs again for the evidence.
    """
    known = load_common(assignment)
    documents, unread = collect_documents(((waiting, read(waiting)) for waiting in found), known, jobs)
    pairs = find_pairs(documents)
    clusters = find_clusters(pairs)
    cluster_of = {document: members for members in clusters for document in members}
    named = [members for members in clusters if sum(len(documents[document].submissions) for document in members) > 2]
    numbers = {document: number for number, members in enumerate(named, start=1) for document in members}
    explainer = Explainer(documents, known, read)
    findings = []
    for rank, pair in enumerate(pairs):
        first, second = documents[pair.first].students, documents[pair.second].students
        sides = (first[:1], first[1:]) if pair.identical else (first, second)
        evidence = explainer.explain(pair, cluster_of[pair.first]) if rank < MAX_EXPLAINED else None
        findings.append(Finding(*sides, pair, numbers.get(pair.first), evidence))
    return Comparison(
        findings,
        [[student for document in members for student in documents[document].students] for members in named],
        sum(len(document.submissions) for document in documents),
        count_original(documents),
        unread,
        [student for document in documents if document.is_long for student in document.students],
    )
