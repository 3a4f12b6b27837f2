"""The secret in a package: the course's own or, if the course file has the public example, one drawn for this clone."""

import contextlib
import os
import re
import secrets
from collections.abc import Collection, Iterator

from autograder.files import ROOT, display_path, read_if_there
from autograder.intake.folders import open_file
from autograder.packaging.output import create
from autograder.packaging.regions import BuildError
from autograder.sandbox import layers
from autograder.settings import ACCEPT_PUBLIC, SHORTEST, TO_DO, course_file, is_public, read_secret

DRAWN = ROOT / "package-secret.txt"  # next to the course file, ignored by git
FORM = re.compile(rb"[0-9a-f]{64}\s*")
MAX_BYTES = 1_000
RESTORE = "Restore it, or delete it and rebuild every package: the next build then draws a new secret."


def read_accepted() -> tuple[str, ...]:
    """Return the names in the environment variable ACCEPT; raise BuildError if one is unknown."""
    try:
        return layers.parse_dangers(os.environ.get("ACCEPT", ""), ACCEPT_PUBLIC)
    except ValueError as error:
        raise BuildError(str(error)) from error


def package_course(accepted: Collection[str]) -> bytes:
    """Return the course file for a package, with a drawn secret instead of the public example.

    Raise BuildError if the public example is not accepted and cannot be replaced, and SettingsError if the course file cannot
    be used.
    """
    data, secret = course_file().read_bytes(), read_secret().encode()
    if not is_drawn(accepted):
        return data
    if course_file().absolute().parent != ROOT:
        raise BuildError(
            f"{course_file()} has the public example secret, so no package is built from it: {TO_DO}. "
            f"To build one anyway, pass ACCEPT={ACCEPT_PUBLIC}"
        )
    if secret not in data:
        raise BuildError(f"{course_file()} writes the public example secret with escapes, so it cannot be replaced: {TO_DO}.")
    return data.replace(secret, read_or_draw())


def is_drawn(accepted: Collection[str]) -> bool:
    """Return whether packages use a drawn secret: the course's is the public example, and ACCEPT does not allow it."""
    return is_public(read_secret()) and ACCEPT_PUBLIC not in accepted


def secret_notices() -> list[str]:
    """Return notes for the TA on the secret in the packages, unless it is the course's own."""
    if is_drawn(read_accepted()):
        return [
            f"{course_file()} has the public example secret, so the packages use one that was drawn for this clone. It is in "
            f"{display_path(DRAWN)}, which only you can read.",
            f'To use it in `make grade`, too, copy it into the line `secret = "..."` of {course_file()}.',
        ]
    return (
        [f"The packages use the public example secret, because of ACCEPT={ACCEPT_PUBLIC}."] if is_public(read_secret()) else []
    )


def known_secrets() -> Iterator[bytes]:
    """Yield the secrets that students must not get: the course's, and the drawn one if it exists."""
    yield read_secret().encode()
    drawn = read_if_there(DRAWN).strip()
    if len(drawn) >= SHORTEST:
        yield drawn


def read_or_draw() -> bytes:
    """Return the drawn secret, after drawing it if necessary; raise BuildError if its file cannot be trusted."""
    if not os.path.lexists(DRAWN):
        draw()
    try:
        with open_file(DRAWN) as file:
            mode, data = os.fstat(file.fileno()).st_mode & 0o777, file.read(MAX_BYTES)
    except OSError as error:
        raise unusable(f"cannot be read: {error.strerror}. {RESTORE}") from error
    if os.name == "posix" and mode & 0o077:
        raise unusable(f"can be read by others (mode {mode:o}). Run `chmod 600 {DRAWN}`.")
    if not FORM.fullmatch(data):
        raise unusable(f"{'does not hold 64 hexadecimal digits' if data.strip() else 'is empty'}. {RESTORE}")
    return data.strip()


def unusable(found: str) -> BuildError:
    """Return the error for an unusable file; found is the rest of the sentence. The file's content is never quoted."""
    return BuildError(f"{DRAWN}, the secret of the packages built here, {found}")


def draw() -> None:
    """Draw a secret and save it for this clone, readable only by its owner; raise BuildError if that fails."""
    draft = DRAWN.with_name(f".{DRAWN.name}.{secrets.token_hex(4)}.part")
    try:
        with create(draft, private=True) as file:
            file.write(f"{secrets.token_hex()}\n".encode())
        os.link(draft, DRAWN)  # not a rename: if two builds run at once, the second uses the first one's secret
    except FileExistsError:
        pass
    except OSError as error:
        raise BuildError(
            f"{course_file()} has the public example secret, and a secret for the packages cannot be saved in {DRAWN} "
            f"({error.strerror}): {TO_DO}."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
