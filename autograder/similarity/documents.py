"""The documents of a class: what is kept of each submission to compare it with the others. The sources are read in parallel."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograder.errors import AutograderError
from autograder.gradebook.digest import digest
from autograder.intake.read import Submission
from autograder.intake.submission_ref import SubmissionRef
from autograder.pool import run_in_pool
from autograder.similarity.fingerprints import (
    EMPTY,
    Hashes,
    Marker,
    Source,
    find_markers,
    hash_markers,
    hash_passages,
    is_long_comment,
    starts_function,
    tokenize,
    winnow,
)


class LostWorkerError(AutograderError):
    """A worker process has ended; the text is a sentence for the TA."""


class CommonKnowledge(NamedTuple):
    """What proves nothing because everyone has it: passages, markers, and lines without their indentation."""

    passages: Hashes
    markers: frozenset[Marker]
    lines: frozenset[str]


@dataclass
class Document:
    """The submission of one student, or of several whose texts differ only in comments and whitespace.

    passages (k,) holds the hashes of its fingerprints and long comments that are not common knowledge, and functions (k,) the
    index of the function that each is in. files holds the index of the file for each function; comments count as a function and
    a file of their own. markers holds the hashes of its markers. is_long says that a source is too long to be compared fully.
    """

    submissions: list[SubmissionRef]
    passages: Hashes
    functions: NDArray[np.intp]
    files: NDArray[np.intp]
    markers: Hashes
    is_long: bool

    @property
    def students(self) -> list[str]:
        """The students who submitted it."""
        return [waiting.student for waiting in self.submissions]


def collect_common(texts: Iterable[str]) -> CommonKnowledge:
    """Return the common knowledge in some sources, such as the starter code and the solution."""
    sources = [tokenize(text.encode()) for text in texts]
    return CommonKnowledge(
        np.unique(np.concatenate([EMPTY, *(hash_passages(source.tokens) for source in sources)])),
        frozenset[Marker]().union(*map(find_markers, sources)),
        frozenset(line.strip() for source in sources for line in source.lines),
    )


def collect_documents(
    submissions: Iterable[tuple[SubmissionRef, Submission]], known: CommonKnowledge, jobs: int = 1
) -> tuple[list[Document], list[str]]:
    """Return the documents of a class, and the students whose submissions cannot be read.

    Identical files are tokenized only once, by `jobs` processes, and only hashes are kept.
    """
    held: list[tuple[str, SubmissionRef]] = []  # the digest of the files of each submission
    unread = []

    def select_new() -> Iterator[Files]:
        seen = set()
        for waiting, submission in submissions:
            if not submission.sources:
                unread.append(waiting.student)
                continue
            files = digest(*sorted(submission.sources.items()))
            held.append((files, waiting))
            if files not in seen:
                seen.add(files)
                yield Files(files, submission.sources)

    made = read_files(select_new(), known, jobs)
    documents: dict[str, Document] = {}  # by the digest of their texts without comments and whitespace
    for files in dict.fromkeys(files for files, _ in held):
        texts, new = made[files]
        document = documents.setdefault(texts, new)
        document.markers = np.union1d(document.markers, new.markers)
    for files, waiting in held:
        documents[made[files][0]].submissions.append(waiting)
    return list(documents.values()), unread


class Files(NamedTuple):
    """The files of one or more submissions, and their digest."""

    digest: str
    sources: Mapping[str, bytes]


def read_files(coming: Iterator[Files], known: CommonKnowledge, jobs: int) -> dict[str, tuple[str, Document]]:
    """Return for each digest of files what `read_document` returns; raise LostWorkerError if a worker process ends."""
    if jobs == 1:
        return {files.digest: read_document(files, known) for files in coming}
    try:
        with contextlib.closing(run_in_pool(read_in_worker, coming, jobs, keep_known, (known,), {})) as finished:
            return {files.digest: future.result() for files, future in finished}
    except BrokenProcessPool as error:
        raise LostWorkerError(
            "A process that reads submissions has ended, perhaps because memory ran out. Run the same command with JOBS=1."
        ) from error


_known: CommonKnowledge | None = None


def keep_known(known: CommonKnowledge) -> None:
    """Keep the common knowledge in this worker process."""
    global _known
    _known = known


def read_in_worker(files: Files) -> tuple[str, Document]:
    """Read files with the common knowledge of this worker process."""
    assert _known is not None
    return read_document(files, _known)


def read_document(files: Files, known: CommonKnowledge) -> tuple[str, Document]:
    """Return the digest of the files' texts without comments and whitespace, and their document."""
    sources = {part: tokenize(source) for part, source in files.sources.items()}
    return digest(*sorted((part, plain_text(source)) for part, source in sources.items())), make_document(
        sources.values(), known
    )


def plain_text(source: Source) -> bytes:
    """Return a source without comments and whitespace."""
    return "\0".join([*(token.exact for token in source.tokens), source.rest]).encode(errors="surrogatepass")


def make_document(sources: Iterable[Source], known: CommonKnowledge) -> Document:
    """Return a document made from sources, still without submissions."""
    sources = list(sources)
    markers = frozenset[Marker]().union(*map(find_markers, sources)) - known.markers
    hashes = [hash_markers(filter(is_long_comment, markers))]
    functions, files = [np.zeros(len(hashes[0]), dtype=np.intp)], [0]
    for file, source in enumerate(sources, start=1):
        passages = hash_passages(source.tokens)
        kept = winnow(passages, known.passages)
        function = np.cumsum(starts_function(source.tokens))
        hashes.append(passages[kept])
        functions.append(len(files) + function[kept])
        files += [file] * (int(function.max(initial=0)) + 1)
    own, first = np.unique(np.concatenate(hashes), return_index=True)
    is_long = any(source.rest for source in sources)
    return Document([], own, np.concatenate(functions)[first], np.array(files), hash_markers(markers), is_long)
