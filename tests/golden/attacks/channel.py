"""The data channel: what is received over the pipe, what is sent, and what remains between two calls."""

from tests.golden.attacks.attack import Attack
from tests.golden.attacks.doors import at_import, greedy, in_methods, vandal
from tests.golden.programs import solution

PICKLED = r"""
import pickle, os

class Payload:
    def __reduce__(self):
        return exec, ("open('@OPEN_FOLDER@/unpickled', 'w').write('x')",)
"""


def sent(data: str) -> str:
    """Return a dnn.py that writes bytes to the pipe in every call, on its own account, and waits for what comes of it."""
    return at_import(
        "import os, struct, time\nimport numpy as np\nEND = time.monotonic() + 20",
        in_methods(
            f"""
            def array(code, *shape, data=b""):
                return bytes([1]) + code + struct.pack(f"<B{{len(shape)}}I", len(shape), *shape) + data

            def ext(data):
                return b"\\xc9" + struct.pack(">I", len(data) - 1) + data

            data = {data}
            os.write(3, struct.pack("<I", len(data)) + data)
            raise RuntimeError("sent")
            """
        ),
    )


def answer(content: str) -> str:
    """Return the bytes of a frame of one answer, with nothing printed."""
    return f'b"\\x93\\x91" + {content} + b"\\xa0\\xa0"'


def value(content: str) -> str:
    """Return the bytes of a frame of one answer with a value."""
    return answer(f'b"\\x92\\xa5value" + {content}')


CHANNEL: dict[str, Attack] = {
    "pickles": greedy(
        "returns objects that run code when they are unpickled",
        (36,),
        at_import(PICKLED, in_methods("return Payload(), {'A0': Payload(), 'W1': pickle.dumps(Payload())}")),
    ),
    "sent pickle": greedy(
        "sends a pickle instead of a frame",
        (36, 37),
        at_import(
            PICKLED,
            in_methods(
                "data = pickle.dumps(Payload())\nos.write(3, len(data).to_bytes(4, 'little') + data)\nraise RuntimeError"
            ),
        ),
    ),
    "huge shape": greedy(
        "sends an array of 2^32 x 2^32 numbers", (37,), sent(value('ext(array(b"d", 2**32 - 1, 2**32 - 1, data=bytes(8)))'))
    ),
    "shape that wraps": greedy(
        "sends an array whose number of elements overflows to 0 in 64 bits",
        (37,),
        sent(value('ext(array(b"d", 2**31, 2**31, 4, data=b""))')),
    ),
    "empty huge shape": greedy(
        "sends an array of 0 x 2^32 x 2^32 numbers, for which no bytes are missing",
        (37,),
        sent(value('ext(array(b"d", 0, 2**32 - 1, 2**32 - 1))')),
    ),
    "many dimensions": greedy(
        "sends an array of 255 dimensions", (37,), sent(value('ext(array(b"d", *[1] * 255, data=bytes(8)))'))
    ),
    "unknown dtype": greedy(
        "sends arrays of objects and of pointers", (37, 38), sent(value('ext(array(b"O", 1, data=bytes(8)))'))
    ),
    "giant frame": greedy(
        "announces a frame of four gigabytes",
        (37,),
        at_import("import os", in_methods("os.write(3, b'\\xff\\xff\\xff\\xff' + bytes(1000))\nraise RuntimeError")),
    ),
    "giant containers": greedy(
        "sends the head of a list of 2^32 items, in a list of 2^32 items", (37,), sent('b"\\xdd\\xff\\xff\\xff\\xff" * 1000')
    ),
    "deep frame": greedy("sends lists nested a million deep", (37,), sent('b"\\x91" * 1_000_000 + b"\\xc0"')),
    "duplicate keys": greedy(
        "sends a dict with duplicate keys",
        (37,),
        sent(value('b"\\x92\\xa4dict\\x82\\xa1W" + ext(array(b"d", 1, 1, data=bytes(8))) + b"\\xa1W\\xc3"')),
    ),
    "unhashable keys": greedy(
        "sends dicts whose keys are arrays, lists and dicts",
        (37,),
        sent(value('b"\\x92\\xa4dict\\x81" + ext(array(b"d", 1, data=bytes(8))) + b"\\xc3"')),
    ),
    "strange extensions": greedy(
        "sends invalid references, dates and extensions",
        (36, 37),
        sent(answer('b"\\x92\\xa5value\\x93\\xd6\\x02\\x01\\0\\0\\0\\xd6\\xff\\0\\0\\0\\0\\xd4\\x63\\0"')),
    ),
    "broken text": greedy(
        "sends invalid text",
        (37, 42),
        sent(answer('b"\\x96\\xa6failed\\x01\\xa3\\xff\\xfe\\xfd\\xa1\\xed\\xa1\\x80\\xa1\\xc0"')),
    ),
    "forged failure": greedy(
        "sends failures of other steps, whose names it chooses",
        (16, 37),
        sent(answer('b"\\x96\\xa6failed\\xce\\xff\\xff\\xff\\xff\\xb3NotImplementedError\\xadAll is right.\\xa0\\xa0"')),
    ),
    "early answer": greedy(
        "replies to several requests in advance",
        (37, 39),
        at_import(
            """
            import os, struct, sys
            msgpack = sys.modules.get("msgpack")
            import numpy as np
            pack = lambda answer: msgpack.packb([[["value", answer]], "", ""]) if msgpack else b"\\x93\\x91\\x92\\xa5value\\xc3\\xa0\\xa0"
            for answer in (True, ["tuple", [True, ["dict", {"A0": True}]]], ["dict", {"W1": True}]) * 20:
                data = pack(answer)
                os.write(3, struct.pack("<I", len(data)) + data)
            """
        ),
    ),
    "half an answer": greedy(
        "begins a reply and never finishes it",
        (37, 26),
        at_import("import os, time", in_methods("os.write(3, b'\\x40\\0\\0\\0\\x91')\ntime.sleep(20)")),
    ),
    "one byte at a time": greedy(
        "sends a reply slowly, with each byte in time",
        (26, 37),
        at_import(
            "import os, time",
            in_methods(
                "os.write(3, b'\\x00\\x10\\0\\0')\nfor _ in range(200):\n    os.write(3, b'\\x91')\n    time.sleep(0.1)"
            ),
        ),
    ),
    "closed pipe": greedy(
        "closes the pipe and continues", (37, 31), at_import("import os, time", in_methods("os.close(3)\ntime.sleep(20)"))
    ),
    "deaf pipe": greedy(
        "replies without reading until the pipe is full on both sides",
        (37, 30),
        at_import(
            "import os, time\nEND = time.monotonic() + 20",
            in_methods("while time.monotonic() < END:\n    os.write(3, bytes(60_000))"),
        ),
    ),
    "sent descriptors": greedy(
        "sends descriptors with its reply",
        (33, 37),
        at_import(
            "import array, os, socket",
            in_methods(
                "pipe = socket.socket(fileno=3)\n"
                "pipe.sendmsg([b'\\1\\0\\0\\0\\xc0'], [(1, 1, array.array('i', [3, 1]))])\n"
                "pipe.detach()\nraise RuntimeError"
            ),
        ),
    ),
    "object arrays": greedy(
        "returns arrays of objects, records, text and dates",
        (38,),
        at_import(
            "import numpy as np",
            in_methods(
                """
                strange = [np.array([print], object), np.zeros(2, "f8,O"), np.array("x"), np.void(b"x" * 64)]
                strange.append(np.array("2026", "M8[Y]"))
                return strange[0], {str(number): thing for number, thing in enumerate(strange)}
                """
            ),
        ),
    ),
    "strange memory": vandal(
        "returns correct values as views, in Fortran order, with other byte orders, read-only and with stride 0",
        (38,),
        at_import(
            """
            import numpy as np

            def strange(number, array):
                array = np.asarray(array)
                return (
                    np.asfortranarray(array),
                    array.astype(">f8"),
                    np.repeat(array, 2, axis=1)[:, ::2],
                    np.ma.masked_array(array),
                )[number % 4]
            """,
            solution().replace(
                "        return grads\n",
                "        return {key: strange(number, value) for number, (key, value) in enumerate(grads.items())}\n",
                1,
            ),
        ),
    ),
    "too much of it": greedy(
        "returns too much data: a million keys, arrays of a gigabyte, very long text",
        (37, 38),
        at_import(
            "import numpy as np",
            in_methods(
                "return np.broadcast_to(np.zeros(1), (2**20, 2**20)), {f'{number}': 'x' * 10_000 for number in range(50_000)}"
            ),
        ),
    ),
    "circles": greedy(
        "returns containers that contain themselves",
        (37, 38),
        at_import("", in_methods("inner = {}\ninner['A0'] = inner['W1'] = [inner, (inner,)]\nreturn inner, inner")),
    ),
    "keys that act": greedy(
        "returns a dict whose keys and items run code when they are read",
        (9, 38),
        at_import(
            """
            import os

            class Key(str):
                def __str__(self):
                    raise SystemExit(0)
                __hash__ = str.__hash__
                __eq__ = lambda self, other: True

            class Acting(dict):
                def items(self):
                    return [(Key(name), self) for name in ("A0", "W1")] * 100
                def __getattribute__(self, name):
                    return object.__getattribute__(self, name) if name in ("items", "__class__") else os._exit(0)
                __class__ = property(lambda self: dict)
            """,
            in_methods("return Acting(), Acting()"),
        ),
    ),
    "meta classes": greedy(
        "returns objects whose class misrepresents itself",
        (9, 38),
        at_import(
            """
            class Meta(type):
                __name__ = property(lambda self: 1 / 0)
                def __instancecheck__(self, other):
                    return True
                def mro(self):
                    return [self, dict, object]

            class Liar(dict, metaclass=Meta):
                pass

            class Float(float):
                __float__ = __abs__ = lambda self: 1 / 0
            """,
            in_methods("return Float(0.5), Liar(A0=Float(1))"),
        ),
    ),
    "changed inputs": vandal(
        "changes its inputs after computing",
        (39,),
        solution().replace("        return grads\n", "        out += 1\n        return grads\n", 1),
        points=59,
    ),
    "counted calls": vandal(
        "is correct in every other call",
        (40,),
        at_import(
            "CALLS = []",
            solution().replace(
                "        return grads\n",
                "        CALLS.append(1)\n"
                "        return grads if len(CALLS) % 2 else {key: value * 2 for key, value in grads.items()}\n",
                1,
            ),
        ),
        points=54,
    ),
    "one shared answer": vandal(
        "returns the same dict every time and empties it later",
        (39, 40),
        at_import(
            "SHARED = {}",
            solution().replace(
                "        grads = {}\n",
                "        grads = SHARED\n        for value in grads.values():\n            value *= 0\n        grads.clear()\n",
                1,
            ),
        ),
        points=59,
    ),
    "shared with the other half": vandal(
        "computes the backward pass in forward and hides it in the cache",
        (39, 40),
        solution().replace(
            "        cache = {}\n",
            "        cache = {}\n        cache['later'] = lambda: self\n        cache[7] = object()\n",
            1,
        ),
    ),
    "lost input": vandal(
        "saves its results in files that it cannot write",
        (24, 40),
        at_import(
            """
            def keep(value):
                try:
                    with open("@OPEN_FOLDER@/state", "a") as file:
                        file.write(repr(value))
                except OSError:
                    pass
            """,
            solution().replace("        grads = {}\n", "        grads = {}\n        keep(out)\n", 1),
        ),
    ),
    "slow when watched": vandal(
        "computes correctly, but looks at the clock and the names of its callers first",
        (23, 40),
        at_import(
            "import sys, time",
            solution().replace(
                "        grads = {}\n",
                "        grads = {}\n"
                "        if sys._getframe(1).f_code.co_name == 'gradients':\n            time.sleep(0.001)\n",
                1,
            ),
        ),
    ),
    "wrong on loading": greedy(
        "replaces itself in sys.modules with something other than a module", (37, 44), at_import("import sys\nsys.modules[__name__] = 7")
    ),
}
