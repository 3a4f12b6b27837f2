"""Frames of the pipe between judge and child, put together by hand."""

import struct

import msgpack


def packed(message):
    """Return a message in its frame."""
    body = msgpack.packb(message)
    return struct.pack("<I", len(body)) + body


def array(code, shape, data):
    """Return the payload of an array."""
    return struct.pack(f"<cB{len(shape)}I", code, len(shape), *shape) + data
