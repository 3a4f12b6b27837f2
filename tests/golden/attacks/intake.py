"""Intake: submissions that are not what they look like before a line of them is run."""

import io
import os
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.golden.attacks.attack import Attack, World, filled
from tests.golden.attacks.doors import DNN_POINTS, SKELETON, TRAP, at_import, beside, greedy, vandal
from tests.golden.programs import solution

RIGHT = solution().encode()
Member = tuple[str, bytes, int]  # a name, its content, its mode
REGULAR, LINK = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777


def zipped(members: Sequence[Member]) -> bytes:
    """Return the bytes of a zip; names may come twice."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        warnings.simplefilter("ignore")
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return file.getvalue()


def as_zip(make: Callable[[World], bytes]) -> Callable[[Path, World], None]:
    """Lays a zip down."""
    return lambda place, world: place.with_name(f"{place.name}.zip").write_bytes(make(world)) and None


def zip_of(
    tries: str, classes: tuple[int, ...], *members: Member, points: int = 0, warmup: int = 0, status: str = "graded"
) -> Attack:
    """Return an attack that is a zip; where its names hold places of the world, these are put in."""

    def make(world: World) -> bytes:
        return zipped(
            [
                (filled(name, world).decode(), filled(content.decode("latin-1"), world) if mode == LINK else content, mode)
                for name, content, mode in members
            ]
        )

    return Attack(tries, {}, (warmup, points, 0), status, as_zip(make), classes)


def right(name: str) -> Member:
    """Return a member that is the solution."""
    return name, RIGHT, REGULAR


def link(name: str, target: str) -> Member:
    """Return a member that is a symbolic link."""
    return name, target.encode(), LINK


WARMUP = ("warmup.py", solution("warmup").encode(), REGULAR)


def lying(change: Callable[[bytearray], None], *members: Member) -> Callable[[Path, World], None]:
    """Lays a zip down whose heads were changed."""

    def make(world: World) -> bytes:
        data = bytearray(zipped(members or (right("dnn.py"),)))
        change(data)
        return bytes(data)

    return as_zip(make)


def other_local_name(data: bytearray) -> None:
    """Name the member differently in its own head."""
    start = data.index(b"PK\x03\x04") + 30
    data[start : start + 6] = b"xxx.py"


def smaller_size(data: bytearray) -> None:
    """Say of the member, in both of its heads, that it has 100 bytes."""
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.index(mark) + offset
        data[start : start + 4] = struct.pack("<I", 100)


def many_members(data: bytearray) -> None:
    """Say that there are 65,535 members, all of them here."""
    start = data.rindex(b"PK\x05\x06")
    data[start + 8 : start + 12] = struct.pack("<HH", 0xFFFF, 0xFFFF)


def overlapping(world: World) -> bytes:
    """Return a zip of which a thousand members are the same bytes."""
    del world
    data = bytearray(zipped([right("dnn.py")]))
    start, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry = bytes(data[start:end])
    entries = entry + b"".join(entry.replace(b"dnn.py", f"n{number:03d}.p".encode()[:6]) for number in range(1000))
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1001, 1001, len(entries), start, 0)
    return bytes(data[:start]) + entries + tail


def laid(make: Callable[[Path, World], None], **files: str) -> Callable[[Path, World], None]:
    """Makes the folder of the submission, then what `make` puts in it."""

    def lay(place: Path, world: World) -> None:
        place.mkdir()
        for name, content in files.items():
            (place / f"{name}.py").write_text(content)
        make(place, world)

    return lay


def device(place: Path, world: World) -> None:
    """An endless device as dnn.py, where one may be made, and a pipe where not."""
    try:
        os.mknod(place / "dnn.py", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except OSError:
        os.mkfifo(place / "dnn.py")


def sealed(place: Path, world: World) -> None:
    """A file of four gigabytes without a byte in it."""
    with open(place / "dnn.py", "wb") as file:
        file.truncate(4 * 1024**3)


def deep(place: Path, world: World) -> None:
    """Folders in folders, and the file too deep to be found."""
    inner = place.joinpath(*["d"] * 100)
    inner.mkdir(parents=True)
    (inner / "dnn.py").write_text(SKELETON)


def crowd(place: Path, world: World) -> None:
    """More files than anybody hands in."""
    for number in range(10_001):
        os.close(os.open(place / f"{number}.txt", os.O_CREAT | os.O_WRONLY))


INTAKE: dict[str, Attack] = {
    # Zips
    "zip slip": zip_of(
        "writes outside the folder where it would be unpacked",
        (41,),
        right("dnn.py"),
        ("../aaa/dnn.py", TRAP.encode(), REGULAR),
        ("../../results/aaa.json", b"{}", REGULAR),
        status="invalid",
    ),
    "zip slip by backslashes": zip_of(
        "the same with backslashes", (41,), right("dnn.py"), ("..\\..\\planted", b"x", REGULAR), status="invalid"
    ),
    "absolute zip": zip_of(
        "writes to an absolute path", (41,), right("dnn.py"), ("@OPEN_FOLDER@/planted", b"x", REGULAR), status="invalid"
    ),
    "zip with a drive": zip_of(
        "writes to a drive",
        (41,),
        right("dnn.py"),
        ("C:\\planted.txt", b"x", REGULAR),
        ("C:/dnn.py", b"x", REGULAR),
        status="invalid",
    ),
    "link in a zip": zip_of(
        "submits a link to a secret as its dnn.py", (41, 19), link("dnn.py", "@SECRET_FILE@"), WARMUP, warmup=15
    ),
    "link to a folder in a zip": zip_of(
        "writes through a link that it contains",
        (41,),
        link("way", "@OPEN_FOLDER@"),
        ("way/planted", b"x", REGULAR),
        right("dnn.py"),
        points=DNN_POINTS,
    ),
    "two of one name": zip_of(
        "submits two files with the same name, of which each program may choose another",
        (41, 44),
        right("dnn.py"),
        ("dnn.py", SKELETON.encode(), REGULAR),
        WARMUP,
        warmup=15,
    ),
    "names of one case": zip_of(
        "submits two files whose names differ only in case",
        (41, 44),
        right("dnn.py"),
        ("DNN.PY", TRAP.encode(), REGULAR),
        status="invalid",
    ),
    "names with a zero": zip_of(
        "submits a file with a zero byte in its name",
        (41, 42),
        WARMUP,
        ("dnn.py\0.txt", RIGHT, REGULAR),
        ("x\u202eyp.nnd", RIGHT, REGULAR),
        warmup=15,
        points=DNN_POINTS,
    ),
    "zip bomb": Attack(
        "submits a zip that unpacks to 60 megabytes per file",
        lay=as_zip(lambda world: zipped([("dnn.py", bytes(60_000_000), REGULAR), ("data.txt", bytes(60_000_000), REGULAR)])),
        status="invalid",
        classes=(41,),
    ),
    "zip in a zip": zip_of(
        "submits a zip in a zip in a zip",
        (41, 44),
        ("dnn.zip", zipped([("dnn.zip", zipped([right("dnn.py")]), REGULAR)]), REGULAR),
        status="invalid",
    ),
    "zip with a false name": Attack(
        "names a file differently in its two heads", lay=lying(other_local_name), status="invalid", classes=(41,)
    ),
    "zip with a false size": Attack(
        "gives a small size for a large file",
        lay=lying(smaller_size, ("dnn.py", b"#" * 3_000_000, REGULAR)),
        status="invalid",
        classes=(41,),
    ),
    "zip with a false count": Attack(
        "claims to contain 65,535 files, and contains one", {}, (0, DNN_POINTS, 0), lay=lying(many_members), classes=(41,)
    ),
    "overlapping zip": Attack(
        "unpacks the same bytes a thousand times", lay=as_zip(overlapping), status="invalid", classes=(41,)
    ),
    "zip of too many files": Attack(
        "contains twenty thousand files",
        lay=as_zip(lambda world: zipped([right("dnn.py"), *((f"{number}.txt", b"", REGULAR) for number in range(20_000))])),
        status="invalid",
        classes=(41,),
    ),
    "zip that is none": Attack(
        "submits an invalid file named .zip", lay=as_zip(lambda world: b"PK\x03\x04" + bytes(500)), status="invalid", classes=(41, 44)
    ),
    # Folders
    "link to the secret": Attack(
        "submits a link to a secret as its dnn.py",
        lay=laid(lambda place, world: (place / "dnn.py").symlink_to(world.secret_file), warmup=solution("warmup")),
        marks=(15, 0, 0),
        classes=(41, 19),
    ),
    "link to a neighbour": Attack(
        "submits a link to another submission's files",
        lay=laid(
            lambda place, world: [(place / f"{part}.py").symlink_to(f"../aaa/{part}.py") for part in ("dnn", "warmup")] and None
        ),
        status="invalid",
        classes=(41, 24),
    ),
    "linked folder": Attack(
        "submits a link to another submission's folder",
        lay=lambda place, world: place.symlink_to(place.with_name("aaa")),
        status="invalid",
        classes=(41, 24),
    ),
    "linked folder inside": Attack(
        "submits a folder with a link to another submission's folder",
        lay=laid(lambda place, world: (place / "hw4").symlink_to(place.with_name("aaa"))),
        status="invalid",
        classes=(41, 24),
    ),
    "linked file": Attack(
        "submits a link to another submission's file",
        lay=lambda place, world: place.with_name("mallory.py").symlink_to("aaa/dnn.py"),
        status="invalid",
        classes=(41, 24),
    ),
    "pipe": Attack(
        "submits a pipe that no process writes to",
        lay=laid(lambda place, world: os.mkfifo(place / "dnn.py"), warmup=solution("warmup")),
        marks=(15, 0, 0),
        classes=(41, 26),
    ),
    "device": Attack("submits an endless device", lay=laid(device), status="invalid", classes=(41, 29)),
    "endless file": Attack("submits four gigabytes of zeros", lay=laid(sealed), status="invalid", classes=(41, 43)),
    "deep folders": Attack("hides its file a hundred folders down", lay=laid(deep), status="invalid", classes=(41, 44)),
    "crowded folder": Attack("submits ten thousand files", lay=laid(crowd, dnn=SKELETON), status="invalid", classes=(41,)),
    "folder as a file": Attack(
        "submits a folder called dnn.py",
        {"dnn.py/__init__.py": TRAP, "warmup.py": solution("warmup")},
        (15, 0, 0),
        classes=(44,),
    ),
    "two copies": Attack(
        "submits a correct and an empty copy",
        {"one/dnn.py": SKELETON, "two/dnn.py": RIGHT, "warmup.py": solution("warmup")},
        (15, 0, 0),
        classes=(44,),
    ),
    "wrong name": Attack(
        "submits files with other names",
        {"dnn (1).py": RIGHT, "DNN.py": SKELETON, "dnn.py.txt": TRAP, "test_dnn.py": RIGHT},
        status="invalid",
        classes=(44,),
    ),
    "rubbish": beside(
        "includes files left by systems and editors, with the names of graded files",
        (44,),
        {
            "__MACOSX/._dnn.py": b"\0",
            ".ipynb_checkpoints/dnn.py": TRAP,
            "__pycache__/dnn.py": TRAP,
            ".git/hooks/post-checkout": TRAP,
        },
    ),
    # Encodings
    "other encoding": greedy(
        "hides code in another encoding, rot13, that an editor does not show",
        (42,),
        "# -*- coding: rot13 -*-\nenvfr EhagvzrReebe('k')\n",
    )._replace(status="invalid"),
    "utf-7": greedy(
        "ends a comment with a UTF-7 character",
        (42,),
        "# -*- coding: utf-7 -*-\n# harmless +AAo-open('@OPEN_FOLDER@/utf7', 'w')\n" + SKELETON,
    )._replace(status="invalid"),
    "zero bytes": Attack(
        "hides code behind a zero byte",
        {"dnn.py": RIGHT.replace(b"import numpy", b"#\0\nimport numpy", 1)},
        status="invalid",
        classes=(42,),
    ),
    "no text": Attack(
        "submits bytes that are not text",
        {"dnn.py": b"\xff\xfe" + RIGHT.decode().encode("utf-16-le") + b"\0\xd8"},
        status="invalid",
        classes=(42,),
    ),
    "mark of the byte order": Attack(
        "begins with a byte order mark and has other line endings",
        {"dnn.py": b"\xef\xbb\xbf" + RIGHT.replace(b"\n", b"\r\n")},
        (0, DNN_POINTS, 0),
        classes=(42,),
    ),
    "surrogates in the source": Attack(
        "writes half a character into its source",
        {"dnn.py": b"x = '\xed\xa0\x80'\n" + RIGHT},
        status="invalid",
        classes=(42,),
    ),
    "turned source": vandal(
        "makes comments look like code with bidirectional characters", (42, 48), at_import("# \u202e } \u2066if admin\u2069 \u2066 begin", solution())
    ),
    # Sources that take long to read
    "twenty megabytes": Attack(
        "submits a source of twenty megabytes",
        {"dnn.py": b"x = '" + b"a" * 20_000_000 + b"'\n"},
        status="invalid",
        classes=(43,),
    ),
    "deep nesting": greedy("nests brackets fifty thousand deep", (43,), "x = " + "(" * 50_000 + ")" * 50_000 + "\n" + SKELETON),
    "deep terms": greedy("contains a term with 200,000 minus signs", (43,), "x = " + "-" * 200_000 + "1\n" + SKELETON),
    "long sum": greedy("adds up 200,000 names", (43,), "x = " + "+".join(["a"] * 200_000) + "\n" + SKELETON),
    "compiled bomb": greedy(
        "makes the compiler compute a constant that fills the memory",
        (43, 28),
        "x = (1 << 60_000_000_000, 'x' * 4096 * 4096, (1,) * 256 * 256)\n" + SKELETON,
    ),
    "large source": greedy(
        "submits 900 kilobytes of short lines",
        (43,),
        "\n".join(f"a{number} = [{number}]" for number in range(45_000)) + "\n" + SKELETON,
    ),
    "pattern of imports": greedy(
        "submits 900 kilobytes in which a search for imports would take forever",
        (43, 26),
        "from " * 100_000 + "\n" + " " * 200_000 + "x\n" + "import " + "a," * 100_000 + "\n",
    ),
}
