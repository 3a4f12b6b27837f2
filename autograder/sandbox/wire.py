"""The frames on the pipe: four bytes of length, then msgpack. Data only: nothing that is read here can run anything.

An array is an extension of its own: one byte that names its dtype, the number of dimensions, each dimension, then the raw
bytes. Whoever reads believes none of it: the frame, the dtype, the dimensions and the number of bytes are all bounded and must
agree with each other.
"""

import math
import socket
import struct
import time
from typing import Any

import msgpack  # type: ignore[import-untyped]
import numpy as np

MAX_FRAME = 4 * 1024 * 1024
MAX_ITEMS = 10_000  # of one container
MAX_ALL_ITEMS = 200_000  # of all containers of a frame: an empty one takes one byte there and a hundred here
MAX_STRING = 20_000  # bytes
MAX_DIMENSIONS = 8
MAX_DEPTH = 6  # containers inside containers
MAX_PRINTED = 2_000  # bytes of what a student's code prints, to each of the two streams, between two answers
DTYPES: dict[bytes, np.dtype] = {
    b"d": np.dtype("<f8"),
    b"f": np.dtype("<f4"),
    b"q": np.dtype("<i8"),
    b"?": np.dtype("?"),
    b"D": np.dtype("<c16"),
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
ARRAY, REFERENCE = 1, 2  # msgpack extension types
LOCKED_IN = "locked in"  # the first frame of a child
TOO_LARGE = "the result is too large to be sent"
RUNS_STUDENT_CODE = ("call", "counted", "module")  # the operations before which a child notes the number of the step
MARK = struct.Struct("<I")  # the number of the step that a child is about to run, in memory it shares with the judge


class WireError(Exception):
    """What came over the pipe is not a frame, or the pipe has ended."""


class FrameTooLong(WireError):
    """A message that is too long to be sent."""


class Reference(int):
    """The number of a result that stays on the other side."""


def pack_array(array: np.ndarray) -> msgpack.ExtType:
    """An array of one of the DTYPES, in row order."""
    head = struct.pack(f"<cB{array.ndim}I", CODES[array.dtype], array.ndim, *array.shape)
    return msgpack.ExtType(ARRAY, head + array.tobytes())


def unpack_array(data: bytes) -> np.ndarray:
    """The array in the bytes; WireError unless dtype, shape and length fit together."""
    try:
        code, dimensions = struct.unpack_from("<cB", data)
        if dimensions > MAX_DIMENSIONS:
            raise WireError(f"an array of {dimensions} dimensions")
        shape = struct.unpack_from(f"<{dimensions}I", data, 2)
        dtype = DTYPES[code]
    except (struct.error, KeyError) as error:
        raise WireError("an array with a bad head") from error
    start = 2 + 4 * dimensions
    if len(data) - start != math.prod(shape) * dtype.itemsize:
        raise WireError("an array whose bytes do not fill its shape")
    if math.prod(max(length, 1) for length in shape) * dtype.itemsize > MAX_FRAME:  # its sum over an axis may be a giant
        raise WireError("an empty array of a giant shape")
    if code == b"?" and data[start:].strip(b"\0\1"):
        raise WireError("a boolean that is neither true nor false")
    return np.frombuffer(data, dtype, offset=start).reshape(shape)


def encode(value: Any) -> Any:
    """What msgpack cannot pack by itself: arrays and references."""
    if isinstance(value, np.ndarray):
        return pack_array(value)
    raise TypeError(f"{type(value).__name__} cannot cross the pipe")


def extension(kind: int, data: bytes) -> Any:
    """What an extension stands for; WireError for one that nobody sends."""
    if kind == ARRAY:
        return unpack_array(data)
    if kind == REFERENCE and len(data) == 4:
        return Reference(struct.unpack("<I", data)[0])
    raise WireError(f"an extension of type {kind}")


class Budget:
    """What is left of MAX_ALL_ITEMS while a frame is unpacked; it sees each container as soon as that is complete."""

    def __init__(self) -> None:
        self.left = MAX_ALL_ITEMS

    def of_list(self, items: tuple) -> tuple:
        """The items of a list."""
        self.left -= 1 + len(items)
        if self.left < 0:
            raise WireError("a frame of too many items")
        return self.plain(items)

    def of_map(self, pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
        """The items of a map, whose keys are strings and differ."""
        self.of_list(tuple(value for _, value in pairs))
        items = dict(pairs)
        if len(items) < len(pairs) or not all(isinstance(key, str) for key in items):
            raise WireError("a map with a key twice, or one that is no string")
        return items

    @staticmethod
    def plain(items: tuple) -> tuple:
        """The items, if there is no date among them, which msgpack knows by itself."""
        if any(isinstance(item, msgpack.Timestamp) for item in items):
            raise WireError("a date")
        return items


def reference(number: int) -> msgpack.ExtType:
    """A reference as it travels."""
    return msgpack.ExtType(REFERENCE, struct.pack("<I", number))


def send(pipe: socket.socket, message: Any) -> None:
    """Send one frame; WireError if it is too long or nobody reads."""
    data = msgpack.packb(message, default=encode, unicode_errors="backslashreplace")  # half of a character can be in a string
    if len(data) > MAX_FRAME:
        raise FrameTooLong(f"a frame of {len(data)} bytes")
    try:
        pipe.sendall(struct.pack("<I", len(data)) + data)
    except TimeoutError:
        raise
    except OSError as error:
        raise WireError("the pipe has ended") from error


def receive(pipe: socket.socket, deadline: float | None = None) -> Any:
    """The next frame; TimeoutError after the deadline (of time.monotonic), WireError if it is malformed or the pipe ends."""
    (length,) = struct.unpack("<I", receive_bytes(pipe, 4, deadline))
    if length > MAX_FRAME:
        raise WireError(f"a frame of {length} bytes")
    data = receive_bytes(pipe, length, deadline)
    budget = Budget()
    try:
        message = msgpack.unpackb(
            data,
            ext_hook=extension,
            list_hook=budget.of_list,
            object_pairs_hook=budget.of_map,
            use_list=False,
            strict_map_key=True,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
            max_str_len=MAX_STRING,
            max_bin_len=MAX_FRAME,
            max_ext_len=MAX_FRAME,
        )
        return budget.plain((message,))[0]
    except WireError:
        raise
    except (ValueError, TypeError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise WireError("a frame that is not msgpack") from error


def receive_bytes(pipe: socket.socket, count: int, deadline: float | None) -> bytes:
    """Exactly count bytes."""
    chunks, missing = [], count
    while missing:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            pipe.settimeout(left)
        try:
            chunk = pipe.recv(min(missing, 1 << 20))
        except TimeoutError:
            raise
        except OSError as error:
            raise WireError("the pipe has ended") from error
        if not chunk:
            raise WireError("the pipe has ended")
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)
