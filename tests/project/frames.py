"""Frames of the pipe between judge and child, put together by hand."""

import struct

import msgpack


def packed(message):
    """A message in its frame."""
    body = msgpack.packb(message)
    return struct.pack("<I", len(body)) + body


def array(code, shape, data):
    """The payload of an array."""
    return struct.pack(f"<cB{len(shape)}I", code, len(shape), *shape) + data
