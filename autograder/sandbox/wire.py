"""The frames on the pipe: four bytes of length, then msgpack. They contain only data; reading them cannot run any code.

An array is sent as bytes: one for its dtype, one for the number of dimensions, each dimension, and then the raw numbers. The
reader trusts none of this: the frame, the dtype, the dimensions and the number of bytes are all bounded and must be consistent.
"""

import math
import socket
import struct
import time
from functools import cache, lru_cache
from typing import Any

import msgpack  # type: ignore[import-untyped]
import numpy as np

MAX_FRAME = 4 * 1024 * 1024
AT_ONCE = 1 << 18  # bytes
MAX_ITEMS = 10_000  # items of one container
# Of everything that one submission sends, because checks and diagnosis keep it until the submission is graded. The solution
# sends 0.8 MB with 11,000 items. An item can take one byte in a frame and a hundred in memory.
MAX_RECEIVED = 8 * 1024 * 1024
MAX_ALL_ITEMS = 500_000
MAX_STRING = 20_000  # bytes
MAX_DIMENSIONS = 8
MAX_ELEMENTS = 100_000  # of one array
KNOWN_HEADS = 1_000
KNOWN_ARRAYS, LONG_ARRAY = 5_000, 2_000  # number of cached arrays, and the size in bytes above which an array is not cached
MAX_DEPTH = 6  # containers inside containers
MAX_PRINTED = 2_000  # bytes that a student's code prints to each of the two streams between two replies
DTYPES: dict[bytes, np.dtype] = {
    b"d": np.dtype("<f8"),
    b"f": np.dtype("<f4"),
    b"q": np.dtype("<i8"),
    b"?": np.dtype("?"),
    b"D": np.dtype("<c16"),
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
HEADS = tuple(struct.Struct(f"<cB{dimensions}I") for dimensions in range(MAX_DIMENSIONS + 1))  # of an array
REFERENCE = 1  # msgpack extension type
LOCKED_IN = "locked in"  # the first frame of a child
TOO_LARGE = "the result is too large to be sent"
RUNS_STUDENT_CODE = ("call", "counted", "module", "load")  # the operations before which a child records the number of the step
LENGTH = struct.Struct("<I")  # before a frame
# What a child is about to run, in memory shared with the judge: the index of the request in its message, and the number of the
# step; then, during loading, the file (its index in the sorted names, from 1) and the statement in it.
MARK = struct.Struct("<II")
STATEMENT = struct.Struct("<II")
MARK_SIZE = MARK.size + STATEMENT.size


class WireError(Exception):
    """The data from the pipe is not a valid frame, or the pipe has ended."""


class FrameTooLong(WireError):
    """The message is too long to be sent."""


class BudgetSpentError(WireError):
    """A submission has sent more data than the judge accepts from one."""


class Reference(int):
    """The number of a result that stays on the other side."""


@lru_cache(maxsize=KNOWN_HEADS)
def pack_head(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    """Return the bytes before the numbers of an array."""
    return HEADS[len(shape)].pack(CODES[dtype], len(shape), *shape)


def pack_array(array: np.ndarray) -> bytes:
    """Return the bytes of an array of one of the DTYPES, in row order."""
    return pack_head(array.dtype, array.shape) + array.tobytes()


def unpack_array(data: bytes) -> np.ndarray:
    """Return the array in the bytes, read-only; raise WireError unless dtype, shape and length are consistent."""
    try:
        head = HEADS[data[1]]
        code, _, *shape = head.unpack_from(data)
        dtype = DTYPES[code]
    except (struct.error, LookupError) as error:
        raise WireError("an array with a bad head") from error
    start, size = head.size, math.prod(shape)
    if len(data) - start != size * dtype.itemsize:
        raise WireError("an array whose bytes do not fill its shape")
    # The sum of an empty array over an axis may be huge.
    if math.prod(max(length, 1) for length in shape) > MAX_ELEMENTS:
        raise WireError("an array of too many elements")
    if code == b"?" and data[start:].strip(b"\0\1"):
        raise WireError("a boolean that is neither true nor false")
    array: np.ndarray = np.ndarray(shape, dtype, data, start)
    return array


# Most arrays occur repeatedly, within a submission and in later ones. They are read-only.
known_array = lru_cache(maxsize=KNOWN_ARRAYS)(unpack_array)


def read_array(data: bytes) -> np.ndarray:
    """Return the array in the bytes, as `unpack_array` does, which reads a short one only once."""
    return known_array(data) if len(data) < LONG_ARRAY else unpack_array(data)


def extension(kind: int, data: bytes) -> Any:
    """Return the object that an extension type encodes; raise WireError for an unknown one."""
    if kind != REFERENCE or len(data) != LENGTH.size:
        raise WireError(f"an extension of type {kind}")
    return Reference(*LENGTH.unpack(data))


class Budget:
    """The bytes and the items that one submission may still send; each container is counted as soon as it is complete."""

    def __init__(self) -> None:
        self.bytes, self.items = MAX_RECEIVED, MAX_ALL_ITEMS

    @property
    def is_spent(self) -> bool:
        """Return whether the budget is used up."""
        return self.bytes < 0 or self.items < 0

    def of_frame(self, size: int) -> None:
        """Count the bytes of a frame; raise BudgetSpentError if they are too many."""
        self.bytes -= size
        self.require_rest()

    def of_list(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        """Count and return the items of a list; raise BudgetSpentError if they are too many."""
        self.items -= 1 + len(items)
        if self.items < 0:
            self.require_rest()
        return items

    def require_rest(self) -> None:
        """Raise BudgetSpentError if too much data was sent."""
        if self.is_spent:
            raise BudgetSpentError("more data than the judge accepts from one submission")

    def of_map(self, pairs: tuple[tuple[Any, Any], ...]) -> dict[str, Any]:
        """Count and return the items of a map."""
        self.of_list(pairs)
        return items_of_map(pairs)


def items_of_map(pairs: tuple[tuple[Any, Any], ...]) -> dict[str, Any]:
    """Return the items of a map; raise WireError unless its keys are strings and differ."""
    items = dict(pairs)
    if len(items) < len(pairs) or not set(map(type, items)) <= {str}:
        raise WireError("a map with a duplicate key, or one that is not a string")
    return items


@cache
def reference(number: int) -> msgpack.ExtType:
    """Return a reference to the result of a step, in the form in which it is sent."""
    return msgpack.ExtType(REFERENCE, LENGTH.pack(number))


def frame(message: Any) -> bytes:
    """Return a message as a frame; raise FrameTooLong if it is too long."""
    # A string can contain half of a surrogate pair.
    data: bytes = msgpack.packb(message, default=pack_array, unicode_errors="backslashreplace")
    if len(data) > MAX_FRAME:
        raise FrameTooLong(f"a frame of {len(data)} bytes")
    return LENGTH.pack(len(data)) + data


def send(pipe: socket.socket, *frames: bytes) -> None:
    """Send frames; raise WireError if the other end has closed the pipe."""
    try:
        pipe.sendall(b"".join(frames))
    except TimeoutError:
        raise
    except OSError as error:
        raise WireError("the pipe has ended") from error


def receive(
    pipe: socket.socket, deadline: float | None = None, unread: bytearray | None = None, budget: Budget | None = None
) -> Any:
    """Return the next message; raise TimeoutError after the deadline (time.monotonic), WireError if there is no valid one.

    unread is a buffer of the pipe: all available bytes are read at once, and the rest is kept there. budget is the budget of
    the submission, by default that of a single message; BudgetSpentError is raised if it is used up.
    """
    budget = budget or Budget()
    data = receive_frame(pipe, deadline, unread)
    budget.of_frame(len(data))
    return unpack(data, list_hook=budget.of_list, object_pairs_hook=budget.of_map)


def receive_trusted(pipe: socket.socket) -> Any:
    """Return the next message from a trusted sender, a child's judge; raise WireError if the pipe ends."""
    return unpack(receive_frame(pipe, None))


def unpack(data: bytes, **hooks: Any) -> Any:
    """Return the message in a frame; raise WireError if it is invalid."""
    try:
        return msgpack.unpackb(
            data,
            ext_hook=extension,
            timestamp=1,  # a date, which msgpack decodes itself, counts as a number
            use_list=False,
            strict_map_key=True,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
            max_str_len=MAX_STRING,
            max_bin_len=MAX_FRAME,
            max_ext_len=MAX_FRAME,
            **hooks,
        )
    except WireError:
        raise
    except (ValueError, TypeError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise WireError("a frame that is not msgpack") from error
    except MemoryError:  # it was about to become a value of the submission
        raise BudgetSpentError("more than fits into memory") from None


def receive_frame(pipe: socket.socket, deadline: float | None, unread: bytearray | None = None) -> bytes:
    """Return the bytes of the next frame; if the time is up before all of it is there, the beginning stays in `unread`."""
    (length,) = LENGTH.unpack(receive_bytes(pipe, LENGTH.size, deadline, unread))
    if length > MAX_FRAME:
        raise WireError(f"a frame of {length} bytes")
    try:
        return receive_bytes(pipe, length, deadline, unread)
    except TimeoutError:
        if unread is not None:
            unread[:0] = LENGTH.pack(length)
        raise


def receive_bytes(pipe: socket.socket, count: int, deadline: float | None, unread: bytearray | None = None) -> bytes:
    """Return exactly count bytes; raise TimeoutError after the deadline, WireError if the pipe ends."""
    here = bytearray() if unread is None else unread
    while len(here) < count:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            pipe.settimeout(left)
        try:
            chunk = pipe.recv(min(count - len(here), AT_ONCE) if unread is None else AT_ONCE)
        except TimeoutError:
            raise
        except OSError as error:
            raise WireError("the pipe has ended") from error
        if not chunk:
            raise WireError("the pipe has ended")
        here += chunk
    taken = bytes(here[:count])
    del here[:count]
    return taken
