"""The frames on the pipe: any data is either accepted or rejected."""

import socket
import struct
import time

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox import wire
from tests.project.frames import array, packed


def frame(data):
    """Return the frame in a pipe whose other end is closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(data)
    with ours:
        return wire.receive(ours, time.monotonic() + 5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x05\x00\x00",
        struct.pack("<I", 10) + b"short",
        struct.pack("<I", 1) + b"\xc1",
        packed(msgpack.ExtType(7, b"")),
        packed(msgpack.ExtType(wire.REFERENCE, b"1")),
        packed({1: 2}),
        packed([None] * (wire.MAX_ITEMS + 1)),
        struct.pack("<I", 4) + b"\xa3\xff\xff\xff",
        struct.pack("<I", 3000) + b"\x91" * 3000,
    ],
)
def test_malformed_frames_are_refused(data):
    with pytest.raises(wire.WireError):
        frame(data)


@pytest.mark.parametrize(
    "data",
    [
        array(b"O", (1,), b"12345678"),
        array(b"d", (2,), b"12345678"),
        array(b"d", (2**32 - 1, 2**32 - 1), b"12345678"),
        array(b"d", (2**32 - 1, 0), b""),
        array(b"d", (1,) * 9, b"12345678"),
        array(b"?", (1,), b"\2"),
        b"d\x02\x01",
        b"d",
        b"",
    ],
)
def test_malformed_arrays_are_refused(data):
    with pytest.raises(wire.WireError):
        wire.unpack_array(data)


def test_a_frame_that_is_too_long_is_rejected_before_it_is_read():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack("<I", wire.MAX_FRAME + 1))
        with pytest.raises(wire.WireError, match="a frame of 4194305 bytes"):
            wire.receive(ours, time.monotonic() + 1)


def test_a_frame_that_never_ends_is_waited_for_until_the_deadline():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack("<I", 10) + b"1234")
        with pytest.raises(TimeoutError):
            wire.receive(ours, time.monotonic() + 0.05)


def test_a_frame_that_is_waited_for_several_times_arrives_whole():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        frame, unread = wire.frame("a message"), bytearray()
        for part in (frame[:2], frame[2:6]):
            theirs.sendall(part)
            with pytest.raises(TimeoutError):
                wire.receive(ours, time.monotonic() + 0.05, unread)
        theirs.sendall(frame[6:])
        assert wire.receive(ours, None, unread) == "a message"


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    )
)
def test_values_survive_the_wire(value):
    assert frame(packed(value)) == value
