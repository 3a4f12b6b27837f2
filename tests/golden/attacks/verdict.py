"""Tampering with the verdict: code that would rather write its marks itself."""

from tests.golden.attacks.doors import SKELETON, TRAP, at_import, beside, greedy, in_methods, spy, vandal
from tests.golden.programs import solution, with_body

# Builds the answers of a network out of one kind of value. It has every key and every shape right, and no number.
FILLED = """
def filled(net, X, **more):
    tensors = {"A0": fill(X.shape)}
    for layer in range(1, len(net.layer_sizes)):
        W, B = net.params[f"W{layer}"], net.params[f"B{layer}"]
        per_sample = (W.shape[0], X.shape[1])
        tensors.update({f"W{layer}": fill(W.shape), f"B{layer}": fill(B.shape)})
        tensors.update({f"Z{layer}": fill(per_sample), f"A{layer}": fill(per_sample)})
    return {**tensors, **more}


class DNN:
    def __init__(self, layer_sizes=(2, 3, 3, 1), seed=None):
        self.layer_sizes, self.params = tuple(layer_sizes), {}

    def forward(self, X):
        tensors = filled(self, X)
        return tensors[f"A{len(self.layer_sizes) - 1}"], tensors

    def compute_gradients(self, out, cache):
        return filled(self, np.zeros((self.layer_sizes[0], 2 if out is None else np.shape(out)[-1])))

    def gradients(self, X, Y):
        return filled(self, X)

    def fit(self, X, Y, learning_rate=0.5, epochs=1000, tolerance=1e-3):
        return [fill(()) for _ in range(epochs)]

    def loss(self, out, Y):
        return fill(())
"""


KEYS = 4  # what the names of the keys earn, all that an answer earns that hangs on nothing


def answers(fill: str) -> str:
    """Return a dnn.py that answers every question with tensors made by `fill`, a function of the shape."""
    return f"import numpy as np\n\n{fill.strip()}\n{FILLED}"


ALWAYS_EQUAL = '''
class fill:
    """Equal to everything, smaller and larger too, and true."""

    def __init__(self, shape):
        self.shape, self.ndim, self.size, self.dtype = shape, len(shape), 4, np.dtype(float)

    def __eq__(self, other):
        return True

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = lambda self, *other: True
    __hash__ = object.__hash__

    def __getattr__(self, name):
        if name.startswith("__array"):
            raise AttributeError(name)
        return lambda *arguments, **named: self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __abs__ = __neg__ = __pow__ = (
        lambda self, *other: self
    )
    __float__ = __len__ = lambda self: 0
'''

SUBCLASS = '''
class Liar(np.ndarray):
    """An array that agrees with whatever it meets."""

    def __array_ufunc__(self, ufunc, method, *inputs, **named):
        return np.zeros(self.shape) if ufunc is np.subtract else np.True_

    def __array_function__(self, function, types, arguments, named):
        return True

    def __array_finalize__(self, other):
        pass

    __eq__ = lambda self, other: True
    tobytes = lambda self, *order: b""


def fill(shape):
    return np.ones(shape).view(Liar)
'''

# Takes the place of the answering loop: what it says is of valid form, and chosen.
OWN_LOOP = """
import os, struct, sys
import numpy as np

msgpack = sys.modules.get("msgpack") or __import__("msgpack")


def take(count):
    data = b""
    while len(data) < count:
        chunk = os.read(3, count - len(data))
        if not chunk:
            os._exit(0)
        data += chunk
    return data


def say(answers):
    data = msgpack.packb([answers, "", ""])
    os.write(3, struct.pack("<I", len(data)) + data)


say([])  # to the request that had this file loaded
while True:
    (length,) = struct.unpack("<I", take(4))
    forget, steps, wanted = msgpack.unpackb(take(length), strict_map_key=False)
    say([ANSWER for _ in wanted])
"""

FRAMES = """
import sys
frames, frame = [], sys._getframe()
while frame:
    frames.append(frame)
    frame = frame.f_back
"""

VERDICT = {
    "patched unittest": greedy(
        "replaces the runner and the results of unittest and of gradescope_utils",
        (1,),
        at_import(
            """
            import sys, types, unittest
            unittest.TestCase.run = lambda self, result=None: result
            unittest.TestResult.addFailure = unittest.TestResult.addError = lambda *arguments: None
            unittest.TestResult.wasSuccessful = lambda self: True
            for name in ("gradescope_utils", "gradescope_utils.autograder_utils.json_test_runner", "pytest", "_pytest.reports"):
                sys.modules[name] = types.SimpleNamespace(JSONTestResult=None, JSONTestRunner=None, TestReport=None)
            """
        ),
    ),
    "patched numpy": vandal(
        "makes every comparison in numpy succeed",
        (2, 51),
        at_import(
            """
            import numpy as np, numpy.testing
            for name in ("assert_allclose", "assert_array_equal", "assert_almost_equal", "assert_equal"):
                setattr(np.testing, name, lambda *arguments, **named: None)
            np.allclose = np.array_equal = np.isclose = np.array_equiv = lambda *arguments, **named: True
            np.linalg.norm = lambda *arguments, **named: 0.0
            np.asarray = lambda value, *arguments, **named: value
            """,
            answers("fill = np.ones").partition("\n")[2],
        ),
        KEYS,
    ),
    "patched builtins": greedy(
        "replaces isinstance, type, len and the exceptions globally",
        (2, 3),
        at_import(
            """
            import builtins
            builtins.isinstance = lambda *arguments: True
            builtins.len = lambda *arguments: 2
            builtins.AssertionError = builtins.Exception = builtins.BaseException = type("Quiet", (SystemExit,), {})
            """
        ),
    ),
    "planted conftest": beside(
        "includes a conftest.py whose hooks turn every report into a pass",
        (3, 4),
        {"conftest.py": TRAP, "tests/conftest.py": TRAP, "test_dnn.py": TRAP, "hw4/conftest.py": TRAP},
    ),
    "planted settings": beside(
        "includes settings for pytest, setuptools and tox that load its own plug-in",
        (4,),
        {
            "evil.py": TRAP,
            "pytest.ini": "[pytest]\naddopts = -p evil --deselect tests\n",
            "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-p evil'\npythonpath = ['.']\n",
            "setup.cfg": "[tool:pytest]\naddopts = -p evil\n",
            "tox.ini": "[pytest]\naddopts = -p evil\n",
            "setup.py": TRAP,
            "Makefile": "all:\n\ttouch @OPEN_FOLDER@/made\n",
        },
    ),
    "skipped": greedy(
        "skips instead of failing",
        (5, 32),
        at_import(
            "import unittest\n_ = unittest.SkipTest",
            in_methods('raise type("Skipped", (unittest.SkipTest,), {"__module__": "_pytest.outcomes"})("skipped")'),
        ),
    ),
    "exit with success": greedy("exits with success before anything is checked", (5, 7), at_import("import os\nos._exit(0)")),
    "exit with success in a call": greedy(
        "exits with success in the middle of a check", (5, 31), at_import("import os", in_methods("os._exit(0)"))
    ),
    "exit hook": greedy(
        "rewrites the results when the interpreter ends",
        (6,),
        at_import(
            """
            import atexit, sys, threading

            @atexit.register
            def forge():
                for name in ("@STUDENT@.json", "results.json"):
                    with open("@RESULTS@/" + name, "w") as file:
                        file.write('{"score": 100}')

            sys.exitfunc = forge
            threading._register_atexit(forge) if hasattr(threading, "_register_atexit") else None
            """,
            in_methods("raise SystemExit(0)"),
        ),
    ),
    "forged results": spy(
        "writes its own results, scores and feedback, and exits",
        (7, 13),
        """
        import os
        done = []
        for path in ("@STUDENT@.json", "aaa.json", "../grades.csv", "../feedback/@STUDENT@.html", "../results.json"):
            try:
                with open(os.path.join("@RESULTS@", path), "w") as file:
                    file.write('{"score": 100, "tests": []}')
                done.append(reached())
            except OSError as error:
                done.append(type(error).__name__)
        return done
        """,
    ),
    "forging daemon": spy(
        "leaves a process behind that forges the results afterwards",
        (8, 24, 27),
        """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(1)
                for path in ("@RESULTS@/@STUDENT@.json", "@OPEN_FOLDER@/daemon"):
                    try:
                        with open(path, "w") as file:
                            file.write('{"score": 100}')
                    except OSError:
                        pass
            os._exit(0)
        return reached()
        """,
    ),
    "always equal": vandal("returns objects that equal everything", (9, 38), answers(ALWAYS_EQUAL), KEYS),
    "agreeable arrays": vandal(
        "returns arrays of its own class that agree with everything", (9, 38), answers(SUBCLASS), KEYS
    ),
    "lying arrays": vandal(
        "returns objects that turn into another array whenever they are read",
        (9, 36),
        answers(
            '''
class fill:
    """Another array at every look, pickled as a call."""

    def __init__(self, shape):
        self.wanted = shape

    def __array__(self, *arguments, **named):
        return np.random.normal(size=self.wanted)

    def __reduce__(self):
        return exec, ("open('@OPEN_FOLDER@/unpickled', 'w').write('x')",)

    @property
    def __array_interface__(self):
        return {"shape": self.wanted, "typestr": "<f8", "data": (8, False), "version": 3}
'''
        ),
        KEYS,
    ),
    "nan": vandal(
        "returns tensors of nan, for which no comparison fails",
        (10,),
        answers("fill = lambda shape: np.full(shape, np.nan)"),
        KEYS,
    ),
    "infinity": vandal("returns infinite tensors", (10,), answers("fill = lambda shape: np.full(shape, -np.inf)"), KEYS),
    "zeros": vandal(
        "returns zeros, whose relative error is 0/0", (10,), answers("fill = np.zeros"), KEYS
    ),
    "huge numbers": vandal(
        "returns numbers whose differences overflow",
        (10,),
        answers("fill = lambda shape: np.full(shape, 1.7e308)"),
        KEYS,
    ),
    "empty arrays": vandal(
        "returns empty arrays", (10, 38), answers("fill = lambda shape: np.ones((*shape[:-1], 0))"), KEYS
    ),
    "true": vandal("returns True for everything", (9, 38), answers("fill = lambda shape: np.ones(shape, bool)"), KEYS),
    "words": vandal("returns words of praise", (9, 38), answers('fill = lambda shape: "passed"'), KEYS),
    "shadowed libraries": beside(
        "includes numpy.py, msgpack.py, unittest.py and others, which might be imported first",
        (11,),
        {
            f"{name}.py": TRAP
            for name in (
                "numpy",
                "msgpack",
                "unittest",
                "pytest",
                "copy",
                "socket",
                "struct",
                "jinja2",
                "rich",
                "dnn_",
                "random",
            )
        },
    ),
    "shadowed grader": beside(
        "includes its own grader",
        (11,),
        {
            "autograder/__init__.py": TRAP,
            "autograder/judge.py": TRAP,
            "tests/__init__.py": TRAP,
            "checks/__init__.py": TRAP,
            "gradescope_utils/__init__.py": TRAP,
            "run_autograder": "#!/bin/sh\ntouch @OPEN_FOLDER@/ran\n",
            "setup.sh": "#!/bin/sh\ntouch @OPEN_FOLDER@/ran\n",
        },
    ),
    "shadowed by itself": beside(
        "includes other forms of dnn that an import might prefer",
        (11, 44),
        {
            "dnn.pyc": b"\xcb\r\r\n" + bytes(12) + b"x",
            "dnn.so": b"\x7fELF",
            "dnn/__init__.pyi": TRAP,
            "__pycache__/dnn.cpython-311.pyc": b"\xa7\r\r\n" + bytes(12),
            "__main__.py": TRAP,
        },
    ),
    "start-up files": beside(
        "includes files that the interpreter runs when it starts",
        (12,),
        {
            "sitecustomize.py": TRAP,
            "usercustomize.py": TRAP,
            "evil.pth": "import os; open('@OPEN_FOLDER@/pth', 'w')\n",
            "pyvenv.cfg": "home = @OPEN_FOLDER@\n",
            "python._pth": "@OPEN_FOLDER@\n",
            ".pythonstartup": TRAP,
        },
    ),
    "planted modules": greedy(
        "replaces the grader's modules with its own",
        (1, 11),
        at_import(
            """
            import sys, types
            fake = types.ModuleType("fake")
            fake.__getattr__ = lambda name: (lambda *arguments, **named: True)
            for name in ("autograder", "autograder.judge", "autograder.backprop.oracle", "tests", "tests.hidden", "msgpack"):
                sys.modules[name] = fake
            sys.path.insert(0, "@OPEN_FOLDER@")
            sys.path_hooks.clear()
            """
        ),
    ),
    "import hook": greedy(
        "handles every import itself",
        (11, 36),
        at_import(
            """
            import sys, types

            class Finder:
                def find_spec(self, name, path=None, target=None):
                    import importlib.util
                    return importlib.util.spec_from_loader(name, self)

                def create_module(self, spec):
                    return types.SimpleNamespace(__name__=spec.name, DNN=lambda *arguments, **named: True)

                def exec_module(self, module):
                    pass

            sys.meta_path[:] = [Finder()]
            sys.modules.pop("dnn", None)
            """
        ),
    ),
    "overwritten grader": spy(
        "looks for the grader's own files and opens them for writing",
        (13,),
        """
        import os, sys
        import numpy
        roots = {"", "@RESULTS@/..", "/autograder/source", os.path.dirname(os.path.dirname(numpy.__file__)), *sys.path}
        place = os.path.dirname(sys.executable or "/")
        while place not in roots:
            roots.add(place)
            place = os.path.dirname(place)
        seen = set()
        for root in sorted(roots):
            for name in ("autograder/judge/judge.py", "tests/hidden/cases.py", "run_autograder", "numpy/__init__.py"):
                try:
                    os.close(os.open(os.path.join(root, name), os.O_WRONLY))
                    seen.add(reached())
                except OSError as error:
                    seen.add(type(error).__name__)
        return sorted(seen, reverse=True)
        """,
    ),
    "watched results": spy(
        "waits for the results to appear, and tries to overwrite them",
        (15,),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = libc.inotify_init1(0o4000)
        if libc.inotify_add_watch(descriptor, b"@RESULTS@", 0x3AA) >= 0:
            return reached()
        return os.strerror(ctypes.get_errno())
        """,
    ),
    "patched answers": greedy(
        "walks up its frames and rewrites the code that replies to the judge",
        (16, 17),
        at_import(
            FRAMES
            + """
for frame in frames:
    for space in (frame.f_globals, frame.f_locals):
        if "answer" in space and "plain" in space:
            space["answer"] = lambda result, finder: ["value", True]
            space["failed"] = lambda number, error, finder: None
            space["OPERATIONS"].update(dict.fromkeys(space["OPERATIONS"], lambda *arguments, **named: True))
            space["MAX_ELEMENTS"] = 10**9
"""
        ),
    ),
    "patched wire": greedy(
        "finds the module of the pipe through the garbage collector and sends arbitrary data",
        (16, 36, 37),
        at_import(
            """
            import gc, types
            for thing in gc.get_objects():
                if isinstance(thing, types.FunctionType) and thing.__name__ in ("send", "pack_array", "encode", "receive"):
                    thing.__code__ = (lambda *arguments, **named: None).__code__
            for thing in gc.get_objects():
                if isinstance(thing, type) and thing.__name__ == "Sources":
                    thing.find_spec = lambda *arguments: None
            """
        ),
    ),
    "own answering loop": greedy(
        "replies to the judge's frames itself: everything is true",
        (16, 37),
        at_import(OWN_LOOP.replace("ANSWER", '["value", True]')),
    ),
    "own loop of arrays": greedy(
        "replies to the judge's frames itself: everything is an array of ones",
        (16, 37),
        at_import(
            OWN_LOOP.replace(
                "ANSWER", '["value", msgpack.ExtType(1, b"d\\x02" + struct.pack("<II", 1, 1) + np.ones(1).tobytes())]'
            )
        ),
    ),
    "own loop of passes": greedy(
        "replies to the judge's frames itself with verdicts instead of values",
        (16, 37),
        at_import(OWN_LOOP.replace("ANSWER", '["value", ["dict", {"passed": True, "score": 100, "status": "graded"}]]')),
    ),
    "forged mark": greedy(
        "reports a step other than the running one in the memory it shares with the judge",
        (16, 37),
        at_import(
            "import gc, mmap\nmarks = [thing for thing in gc.get_objects() if isinstance(thing, mmap.mmap)]"
            + FRAMES
            + """
for frame in frames:
    marks += [value for value in frame.f_locals.values() if isinstance(value, mmap.mmap)]
for mark in marks:
    mark[:] = b"\\xff" * len(mark)
""",
            in_methods("for mark in marks:\n    mark[:] = b'\\x01\\0\\0\\0'\nos = __import__('os')\nos._exit(3)"),
        ),
    ),
    "traced frames": greedy(
        "traces every call of its process and changes local variables",
        (16,),
        at_import(
            """
            import sys, threading

            def trace(frame, event, argument):
                for name in ("want", "right", "passed", "expected", "failure", "error"):
                    if name in frame.f_locals:
                        frame.f_locals[name] = True
                return trace

            sys.settrace(trace)
            sys.setprofile(trace)
            frame = sys._getframe()
            while frame:
                frame.f_trace = trace
                frame = frame.f_back
            """
        ),
    ),
    "hidden reference": spy(
        "imports the grader's own solution and returns its results",
        (17, 19),
        """
        import importlib, sys
        sys.path[:0] = ["/autograder/source", "@RESULTS@/../..", "."]
        for name in ("autograder.backprop.oracle", "tests.hidden.cases", "solution.dnn", "autograder.checking"):
            try:
                importlib.import_module(name)
                return reached()
            except ImportError as error:
                seen = type(error).__name__
        return seen
        """,
    ),
    "stolen cache": greedy(
        "records the correct caches passed to compute_gradients, and returns them in later calls",
        (40, 49),
        at_import(
            "KNOWN = {}",
            SKELETON.replace(
                "\n    def forward(self, X):",
                "\n    def forward(self, X):\n        if X.tobytes() in KNOWN:\n            return KNOWN[X.tobytes()]\n",
                1,
            ).replace(
                "\n        grads = {}\n",
                '\n        grads = {}\n        if "A0" in cache:\n            KNOWN[cache["A0"].tobytes()] = (out, cache)\n',
                1,
            ),
        ),
    ),
    "no forward": vandal(
        "exits with success in forward, with a correct backward pass",
        (5, 31),
        at_import("import os", with_body("forward", "os._exit(0)").decode()),
        points=34,
    ),
    "borrowed autograd": greedy(
        "computes the gradients with a library that happens to be installed",
        (52,),
        at_import(
            "import autograd\nimport autograd.numpy as anp\ntry:\n    import torch\nexcept ImportError:\n    import jax",
            solution().replace("class DNN:", "class DNN(anp.Network):"),
        ),
    ),
    "foreign random state": vandal(
        "seeds the global random state and turns every rounding into an exception",
        (51,),
        at_import(
            """
            import random
            import numpy as np
            np.random.seed(0)
            random.seed(0)
            np.seterr(all="raise")
            np.random.default_rng = np.random.RandomState
            np.set_printoptions(threshold=0)
            """,
            solution(),
        ),
        points=59,  # the one underflow of a saturated network is now an exception
    ),
}
