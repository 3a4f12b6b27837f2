"""What submissions may import and do once they are locked in: all of the standard library, and the empty root directory."""

import shutil
import sys
import sysconfig

import pytest

from autograder.checking import StudentError
from autograder.library import is_available, why_missing
from autograder.sandbox import host
from autograder.sandbox.first_load import load_statements
from autograder.sandbox.session import Sandbox
from tests.limits import QUICK

# Lines that load something late, or ask where they are, and x after them.
WORKS = {
    "an accent": ("é = 3\nx = é", 3),
    "Greek letters": ("θ_1 = 2\nx = θ_1", 2),
    "Cyrillic letters": ("шаг = 1\nx = шаг", 1),
    "Chinese letters": ("权重 = 5\nx = 权重", 5),
    "letters that are folded": ("\U0001d416 = 4\nx = W", 4),
    "a named character": (r"x = '\N{GREEK SMALL LETTER SIGMA}'", "\u03c3"),
    "cp1252": ("x = 'é'.encode('cp1252')[0]", 0xE9),
    "Shift-JIS": ("x = b'\\x82\\xa0'.decode('shift_jis')", "あ"),
    "idna": ("x = 'bücher.example'.encode('idna').decode()", "xn--bcher-kva.example"),
    "rot13": ("import codecs\nx = codecs.encode('abc', 'rot13')", "nop"),
    "savez": ("import io, numpy as np\nfile = io.BytesIO()\nnp.savez(file, a=1)\nx = file.tell() > 0", True),
    "median": ("import numpy as np\nx = float(np.median([1, 2, 9]))", 2.0),
    "masked arrays": ("import numpy as np\nx = int(np.ma.masked_equal([1, 2], 1).sum())", 2),
    "numpy.testing": ("import numpy as np\nnp.testing.assert_allclose(1, 1)\nx = 1", 1),
    "numpy.fft": ("import numpy as np\nx = float(np.fft.fft([1, 0]).real[0])", 1.0),
    "numpy.polynomial": ("import numpy as np\nx = float(np.polynomial.Polynomial([1, 2])(1))", 3.0),
    "numpy.lib": ("import numpy as np\nx = np.lib.stride_tricks.sliding_window_view(np.ones(3), 2).shape[0]", 2),
    "futures": (
        "from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor\nx = ThreadPoolExecutor.__name__[0]",
        "T",
    ),
    "import_module": ("import importlib\nx = importlib.import_module('statistics').mean([1, 3])", 2),
    "__import__": ("x = str(__import__('fractions').Fraction(1, 2))", "1/2"),
    "a name that is put together": ("import importlib\nx = importlib.import_module('de' + 'cimal').Decimal(1) + 0 == 1", True),
    "profile": ("import cProfile, pstats\nx = pstats.Stats.__name__", "Stats"),
    "asyncio": ("import asyncio\nx = asyncio.Queue.__name__", "Queue"),
    "many": ("import ssl, sqlite3, urllib.request, http.client, email.mime.text, xml.etree.ElementTree\nx = 1", 1),
    "tests": ("import doctest, unittest.mock\nx = unittest.mock.Mock(return_value=3)()", 3),
    "multiprocessing": ("import multiprocessing as mp\nx = mp.cpu_count() > 0", True),
    "logging": ("import logging, logging.handlers, logging.config\nlogging.warning('x')\nx = 1", 1),
    "ctypes": ("import ctypes\nx = ctypes.sizeof(ctypes.c_int32)", 4),
    "compression": ("import bz2, gzip, lzma, zlib\nx = zlib.decompress(zlib.compress(b'a')).decode()", "a"),
    "getcwd": ("import os\nx = os.getcwd()", "/"),
    "abspath": ("import os\nx = os.path.abspath('a')", "/a"),
    "resolve": ("from pathlib import Path\nx = str(Path('a').resolve().parent)", "/"),
    "the own folder": ("import os, sys\nsys.path.append(os.path.dirname(os.path.abspath(__file__)))\nx = 1", 1),
    "change to it": ("import os\nos.chdir(os.path.dirname(os.path.abspath(__file__)))\nx = 1", 1),
    "exists": ("import os\nx = [os.path.exists(path) for path in ('.', '/', 'weights.npy')]", [True, True, False]),
    "is_dir": ("from pathlib import Path\nx = [Path('.').is_dir(), Path('a').is_file()]", [True, False]),
    "listdir": ("import os\nx = os.listdir() + os.listdir('.')", []),
    "iterdir": ("from pathlib import Path\nx = list(map(str, Path('.').iterdir()))", []),
    "glob": ("import glob\nx = glob.glob('*.csv')", []),
    "walk": ("import os\nx = len(list(os.walk('.')))", 1),
    "devnull": ("import os\nwith open(os.devnull, 'w') as file:\n    print('x', file=file)\nx = open(os.devnull).read()", ""),
    "redirect": ("import contextlib, os\nwith open(os.devnull, 'w') as f, contextlib.redirect_stdout(f): print(1)\nx = 1", 1),
    "environment": ("import os\nx = [os.environ['HOME'], 'PATH' in os.environ, os.path.expanduser('~')]", ["/", True, "/"]),
    "home": ("from pathlib import Path\nx = str(Path.home())", "/"),
    "user": ("import getpass\nx = getpass.getuser()", "student"),
    "fileno": ("import sys\nx = [sys.stdout.fileno(), sys.stderr.fileno(), sys.stdout.isatty()]", [1, 2, False]),
    "arguments": ("import argparse\nx = vars(argparse.ArgumentParser().parse_args())", {}),
    "platform": ("import platform\nx = platform.system()", "Linux"),
}
# What is refused, and the sentence.
REFUSED = {
    "open('data.csv')": "FileNotFoundError: [Errno 2] No such file or directory: 'data.csv'",
    "open('log.txt', 'w')": "OSError: [Errno 30] Read-only file system: 'log.txt'",
    "open('log.txt', 'r+')": "OSError: [Errno 30] Read-only file system: 'log.txt'",
    "os.mkdir('plots')": "OSError: [Errno 30] Read-only file system: 'plots'",
    "os.remove('a')": "OSError: [Errno 30] Read-only file system: 'a'",
    "os.listdir('a')": "FileNotFoundError: [Errno 2] No such file or directory: 'a'",
    "os.stat('a')": "FileNotFoundError: [Errno 2] No such file or directory: 'a'",
    "os.chdir('a')": "FileNotFoundError: [Errno 2] No such file or directory: 'a'",
    "open('/etc/passwd')": "FileNotFoundError: [Errno 2] No such file or directory: '/etc/passwd'",
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(QUICK) as sandbox:
        yield sandbox


def value(sandbox, source):
    """Return x of a file, or the sentences on the statements that were skipped."""
    with sandbox.session({"file": source.encode()}) as session:
        try:
            skipped = load_statements(session, "file")
            return list(map(str, skipped)) if skipped else session.fetch(session.module("file").x)
        except StudentError as error:
            return str(error)


@pytest.mark.parametrize("name", WORKS)
def test_what_works(sandbox, name):
    source, wanted = WORKS[name]
    assert value(sandbox, source) == wanted


@pytest.mark.parametrize("call", REFUSED)
def test_what_is_refused_says_why(sandbox, call):
    source = f"import os\ndef f():\n    {call}".encode()
    with sandbox.session({"file": source}) as session, pytest.raises(StudentError) as caught:
        session.fetch(session.module("file").f())
    assert REFUSED[call] in str(caught.value)


def test_a_module_of_the_standard_library_is_never_called_another():
    assert [name for name in sys.stdlib_module_names if why_missing(name).endswith("is not available in the grader")] == []
    assert why_missing("pandas.core") == "`pandas` is not available in the grader"
    assert why_missing("tkinter.ttk") == "`tkinter` needs a screen, which the grader does not have"
    assert [is_available(name) for name in ("numpy.ma", "os.path", "helper", "turtle")] == [True, True, False, False]


def other_build():
    """Return an interpreter of this version that was built and installed apart from the one that runs."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = [shutil.which(name, path=folder) for folder in ("/usr/bin", "/usr/local/bin", "/opt/python/bin")]
    return next((path for path in found if path and not path.startswith(sys.base_prefix + "/")), None)


@pytest.mark.skipif(other_build() is None, reason="this machine has one build of this version of Python only")
def test_another_build_of_python_gives_the_same(sandbox, monkeypatch):
    """A build may have other extension modules built in, or lack some; no file may fare otherwise for it."""
    monkeypatch.setattr(host.sys, "executable", other_build())
    monkeypatch.setitem(host.ENVIRONMENT, "PYTHONPATH", sysconfig.get_path("purelib"))
    with Sandbox(QUICK) as other:
        assert {name: value(other, source) for name, (source, _) in WORKS.items()} == {
            name: value(sandbox, source) for name, (source, _) in WORKS.items()
        }
