"""Reading secrets: the hidden tests, the answers, other people's files, and whatever is in reach of a memory address."""

import textwrap

from tests.golden.attacks.attack import Attack
from tests.golden.attacks.doors import at_import, greedy, in_methods, spy

# Ways to read a file, whose place is in `path`.
READERS = {
    "open": ("with open", "with open(path) as file:\n    return file.read()"),
    "low open": ("by descriptor", "import os\nreturn os.read(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), 100)"),
    "numpy readers": (
        "with numpy's readers",
        """
        import numpy as np
        seen = []
        for read in (
            lambda: np.fromfile(path, "u1").tobytes(),
            lambda: np.memmap(path, "u1", "r").tobytes(),
            lambda: np.load(path, allow_pickle=True),
            lambda: np.genfromtxt(path, dtype="U50"),
            lambda: np.loadtxt(path, dtype="U50"),
        ):
            try:
                return read()
            except Exception as error:
                seen.append(str(error) if "canary-" in str(error) else type(error).__name__)
        return seen
        """,
    ),
    "library readers": (
        "with many readers of the standard library",
        """
        import codecs, configparser, fileinput, io, linecache, mmap, os, pathlib, runpy, shutil, sqlite3, tokenize, zipfile
        seen = []
        for read in (
            lambda: pathlib.Path(path).read_text(),
            lambda: io.FileIO(path).read(),
            lambda: io.open_code(path).read(),
            lambda: codecs.open(path).read(),
            lambda: linecache.getline(path, 1) or 1 / 0,
            lambda: next(fileinput.input(path)),
            lambda: tokenize.open(path).read(),
            lambda: mmap.mmap(os.open(path, os.O_RDONLY), 0, prot=mmap.PROT_READ)[:],
            lambda: configparser.ConfigParser().read(path)[0] and reached(),
            lambda: runpy.run_path(path),
            lambda: sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute("select * from sqlite_master"),
            lambda: shutil.copy(path, "@OPEN_FOLDER@/copy"),
            lambda: os.symlink(path, "@OPEN_FOLDER@/link"),
            lambda: os.link(path, "@OPEN_FOLDER@/hard"),
        ):
            try:
                return repr(read()) + reached()
            except Exception as error:
                seen.append(str(error) if "canary-" in str(error) else type(error).__name__)
        return sorted(set(seen))
        """,
    ),
    "C library": (
        "with fopen and open of the C library",
        """
        import ctypes
        libc = ctypes.CDLL(None)
        libc.fopen.restype = ctypes.c_void_p
        buffer = ctypes.create_string_buffer(100)
        file = libc.fopen(path.encode(), b"r")
        if file:
            libc.fgets(buffer, 100, ctypes.c_void_p(file))
        else:
            libc.read(libc.open(path.encode(), 0), buffer, 100)
        return buffer.value
        """,
    ),
    "numbered calls": (
        "with open, openat, openat2 and open_by_handle by their numbers",
        """
        import ctypes, os, struct
        libc = ctypes.CDLL(None)
        buffer = ctypes.create_string_buffer(100)
        how = ctypes.create_string_buffer(struct.pack("<QQQ", 0, 0, 0))
        calls = [(2, path.encode(), 0, 0), (257, -100, path.encode(), 0, 0), (437, -100, path.encode(), how, 24)]
        for call in calls if os.uname().machine == "x86_64" else [(56, -100, path.encode(), 0, 0), calls[2]]:
            descriptor = libc.syscall(*call)
            if descriptor >= 0:
                libc.read(descriptor, buffer, 100)
                return buffer.value
        """,
    ),
    "loaded library": (
        "by loading it as a library and reading the error message",
        "import ctypes\nreturn reached() if 'invalid ELF' in str(attempt(ctypes.CDLL, path)) else attempt(ctypes.CDLL, path)",
    ),
    "climbing out": (
        "by climbing out of its root",
        """
        import os
        attempt(os.mkdir, "@OPEN_FOLDER@/below")
        seen = [attempt(os.chroot, "/proc"), attempt(os.chroot, "@OPEN_FOLDER@/below")]
        for _ in range(100):
            attempt(os.chdir, "..")
        seen += [attempt(os.chroot, "."), attempt(open, "../" * 50 + path[1:])]
        with open(path) as file:
            return file.read()
        """,
    ),
    "mounts": (
        "by mounting hidden file systems",
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        for place in (b"@OPEN_FOLDER@",):
            for source, kind, flags in ((b"proc", b"proc", 0), (b"/proc/1/root", b"none", 4096), (b"tmpfs", b"tmpfs", 0)):
                if libc.mount(source, place, kind, flags | 1 if kind == b"none" else flags, None) == 0:
                    libc.umount2(place, 2)
                    return reached()
        error = os.strerror(ctypes.get_errno())
        if libc.syscall(428, -100, b"/", 1) >= 0:  # open_tree with OPEN_TREE_CLONE
            return reached()
        return error
        """,
    ),
    "kernel ring": (
        "with io_uring",
        """
        import ctypes, mmap, os, struct
        libc = ctypes.CDLL(None, use_errno=True)
        settings = ctypes.create_string_buffer(120)
        ring = libc.syscall(425, 8, settings)  # io_uring_setup
        if ring < 0:
            return os.strerror(ctypes.get_errno())
        head, tail, mask, entries, flags, dropped, array = struct.unpack_from("<7I", settings, 40)
        *_, answers = struct.unpack_from("<6I", settings, 80)
        requests = mmap.mmap(ring, array + 32 + 4096, offset=0)
        results = mmap.mmap(ring, answers + 16 * 16, offset=0x8000000)
        slots = mmap.mmap(ring, 8 * 64, offset=0x10000000)
        name = ctypes.create_string_buffer(path.encode())
        slots[:64] = struct.pack("<BBHiQQIIQ24x", 18, 0, 0, -100, 0, ctypes.addressof(name), 0, 0, 1)  # open
        requests[array : array + 4] = bytes(4)
        requests[tail : tail + 4] = struct.pack("<I", 1)
        if libc.syscall(426, ring, 1, 1, 1, None, 0) < 0:
            return os.strerror(ctypes.get_errno())
        _, descriptor, _ = struct.unpack_from("<QiI", results, answers)
        return os.read(descriptor, 100) if descriptor >= 0 else os.strerror(-descriptor)
        """,
    ),
}

ATTEMPT = """
def attempt(call, *arguments):
    try:
        return call(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

path = "@SECRET_FILE@"
"""


def reader(name: str, how: str, body: str) -> Attack:
    """Return an attack that reads the secret file in a certain way."""
    classes = (19, 35) if name in ("numbered calls", "kernel ring") else (19,)
    return spy(f"reads a world-readable file {how}", classes, f"{ATTEMPT.strip()}\n\n{textwrap.dedent(body).strip()}")


SECRETS: dict[str, Attack] = {
    # What it carries in its own image
    "frames": spy(
        "walks up its frames for tests, answers and secrets",
        (16, 17),
        """
        import sys
        found, frame = [], sys._getframe()
        try:
            raise ValueError
        except ValueError as error:
            trace = error.__traceback__
        while frame:
            for space in (frame.f_locals, frame.f_globals):
                for name, value in list(space.items()):
                    if name in ("right", "reference", "want", "case", "secret") or "canary-" in str(value)[:5000]:
                        found.append((name, str(value)[str(value).find("canary-"):][:60]))
            frame = frame.f_back
        return [item for item in found if "reached" not in item[1] and item[0] not in ("sources", "source")][:5] or None
        """,
    ),
    "objects": spy(
        "searches every object that the garbage collector knows",
        (17,),
        """
        import gc, re
        found = set()
        for thing in gc.get_objects():
            for part in (thing.values() if type(thing) is dict else thing if type(thing) in (list, tuple, set) else ()):
                if isinstance(part, (str, bytes)) and len(part) < 10_000:
                    text = part if isinstance(part, str) else part.decode("latin-1")
                    found.update(re.findall("canary-[0-9a-f]{32}", text))
                if getattr(part, "__name__", "") in ("right_cache", "tells_apart", "on_either_cache"):
                    found.add(reached())
        return sorted(found)
        """,
    ),
    "memory by maps": spy(
        "reads its whole memory, using the kernel's memory map",
        (18, 33),
        """
        import re
        found, scanned = set(), 0
        with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
            for line in maps:
                place, rights = line.split()[:2]
                start, end = (int(number, 16) for number in place.split("-"))
                if "r" in rights and scanned < 400_000_000 and end - start < 200_000_000:
                    scanned += end - start
                    try:
                        memory.seek(start)
                        data = memory.read(end - start)
                    except (OSError, ValueError, OverflowError):
                        continue
                    found.update(re.findall(rb"canary-[0-9a-f]{32}", data))
        return sorted(found)
        """,
    ),
    "memory by guess": spy(
        "reads every page of its memory that contains an object, and the pages after it",
        (18,),
        """
        import ctypes, gc, re
        pages = {id(thing) >> 12 for thing in gc.get_objects()}
        for thing in gc.get_objects():
            if type(thing) is dict:
                pages.update(id(part) >> 12 for part in thing.values())
            elif type(thing) in (list, tuple):
                pages.update(id(part) >> 12 for part in thing)
        found = set()
        for page in sorted(pages):
            found.update(re.findall(rb"canary-[0-9a-f]{32}", ctypes.string_at(page << 12, 4096)))
        return sorted(found)
        """,
    ),
    "environment": spy(
        "reads its environment and its arguments, including deleted ones",
        (14,),
        """
        import ctypes, os, sys
        libc = ctypes.CDLL(None)
        libc.getenv.restype = ctypes.c_char_p
        words = [*os.environ.values(), *sys.argv, *getattr(sys, "orig_argv", ())]
        environ = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
        number = 0
        while environ[number]:
            words.append(environ[number].decode("latin-1"))
            number += 1
        return [word for word in words if "canary-" in word]
        """,
    ),
    # What the kernel tells of other processes
    "environment of the parent": spy(
        "reads the environment of its parent and of the judge",
        (14,),
        """
        import os
        found = []
        for name in ("environ", "cmdline", "maps", "mem", "auxv", "cwd/README.md"):
            with open(f"/proc/{os.getppid()}/{name}", "rb") as file:
                found.append(file.read(100_000) if name != "mem" else reached())
        return [found, reached()]
        """,
    ),
    "environment of everybody": spy(
        "reads the environment of every process on the machine",
        (14, 24),
        """
        import os, re
        found = set()
        for pid in sorted(filter(str.isdigit, os.listdir("/proc")), key=int):
            for name in ("environ", "cmdline"):
                try:
                    with open(f"/proc/{pid}/{name}", "rb") as file:
                        found.update(re.findall(rb"canary-[0-9a-f]{32}", file.read(200_000)))
                except OSError:
                    pass
        return sorted(found)
        """,
    ),
    "environment without a listing": spy(
        "reads the environment of processes with numbers near its own",
        (14,),
        """
        import os, re
        found, seen = set(), set()
        for pid in [1, *range(max(2, os.getpid() - 300), os.getpid() + 20)]:
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    found.update(re.findall(rb"canary-[0-9a-f]{32}", file.read(200_000)))
            except OSError as error:
                seen.add(type(error).__name__)
        return sorted(found), sorted(seen)
        """,
    ),
    "other roots": spy(
        "enters the file system through the roots and descriptors of other processes",
        (19, 33),
        """
        import os
        seen = set()
        for pid in ("1", "self", "thread-self", str(os.getppid())):
            for way in ("root", "cwd", "fd/0/../..", "fd/3/..", "task/1/root"):
                try:
                    with open(f"/proc/{pid}/{way}@SECRET_FILE@") as file:
                        return file.read()
                except OSError as error:
                    seen.add(type(error).__name__)
        return sorted(seen)
        """,
    ),
    "open descriptors": spy(
        "searches its descriptors for files, folders and other processes",
        (17, 19),
        """
        import os, socket, stat
        found = []
        for number in range(3, 300):
            try:
                status = os.fstat(number)
            except OSError as error:
                found.append(type(error).__name__)
                continue
            try:
                if stat.S_ISDIR(status.st_mode):
                    with open(os.open("@SECRET_FILE@"[1:], os.O_RDONLY, dir_fd=number)) as file:
                        return file.read()
                if stat.S_ISREG(status.st_mode):
                    text = os.pread(number, 1000, 0)
                    if len(text) > 4:  # its mark has four bytes
                        return reached(), text
            except OSError as error:
                found.append(type(error).__name__)
        return sorted(set(found))
        """,
    ),
    "memory of the parent": spy(
        "reads and writes the memory of its parent with one call",
        (33,),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)

        class Piece(ctypes.Structure):
            _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

        here = ctypes.create_string_buffer(64)
        mine, theirs = Piece(ctypes.addressof(here), 64), Piece(id(None) & ~4095, 64)
        for call in (libc.process_vm_readv, libc.process_vm_readv):
            for pid in [os.getppid(), *range(max(2, os.getppid() - 30), os.getppid())]:
                if pid != os.getpid() and call(pid, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) >= 0:
                    return reached()
        return os.strerror(ctypes.get_errno())
        """,
    ),
    "debugged parent": spy(
        "attaches to its parent as a debugger",
        (33,),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        seize, detach = 0x4206, 17
        for pid in [os.getppid(), *range(max(2, os.getppid() - 30), os.getppid())]:
            if pid != os.getpid() and libc.ptrace(seize, pid, None, None) == 0:
                libc.ptrace(detach, pid, None, None)
                return reached()
        return os.strerror(ctypes.get_errno())
        """,
    ),
    "descriptors of the parent": spy(
        "copies descriptors from its parent",
        (33,),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        handle = libc.syscall(434, os.getppid() or -1, 0)  # pidfd_open
        if handle < 0:
            return os.strerror(ctypes.get_errno())
        for number in range(10):
            if libc.syscall(438, handle, number, 0) >= 0:  # pidfd_getfd
                return reached()
        return os.strerror(ctypes.get_errno())
        """,
    ),
    # The file that everybody may read
    **{f"secret file by {name}": reader(name, *words) for name, words in READERS.items()},
    "hidden tests on disk": spy(
        "looks for the hidden tests and the reference as source and compiled files",
        (19, 25),
        """
        import glob, importlib.util, inspect, linecache, os, pkgutil, sys
        found = []
        for root in [*sys.path, *("." + "/.." * up for up in range(4)), "/autograder/source", "@RESULTS@/.."]:
            found += glob.glob(os.path.join(root, "tests", "hidden", "*"))
            found += glob.glob(os.path.join(root, "autograder", "judge", "**"))
        for name in ("tests.hidden.cases", "autograder.backprop.oracle"):
            try:
                found += [importlib.util.find_spec(name)]
            except ImportError:
                pass
        names = [module.name for module in pkgutil.iter_modules() if module.name in ("autograder", "tests", "solution")]
        return reached() if [*filter(None, found), *names] else "nothing"
        """,
    ),
    "listings": spy(
        "lists the folders of the machine",
        (19, 24),
        """
        import os
        seen = []
        for place in ("/home", "/root", "/tmp", "/etc", "/proc", "/dev/shm", "/var/spool", "@OPEN_FOLDER@/..", "@RESULTS@/.."):
            try:
                seen.append(len(os.listdir(place)))
            except OSError as error:
                seen.append(type(error).__name__)
        return seen if all(isinstance(one, str) for one in seen) else reached()
        """,
    ),
    "what neighbours left": spy(
        "looks for data that other submissions left in shared memory and temporary folders",
        (24,),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        libc.shmat.restype = ctypes.c_void_p
        segment = libc.shmget(0x0BAD0000 + @PORT@, 1, 0)
        if segment >= 0:
            place = libc.shmat(segment, None, 0o10000)
            if place not in (None, 2**64 - 1):
                return ctypes.string_at(place, 39)
        for place in ("/dev/shm", "/tmp", "/var/tmp", "/run/lock"):
            os.listdir(place)
        return reached()
        """,
    ),
    # Ways out
    "printed secrets": greedy(
        "prints what it has read to every possible descriptor",
        (20, 30),
        at_import(
            """
            import os, sys, warnings, logging
            try:
                with open("@SECRET_FILE@") as file:
                    text = file.read()
            except OSError:
                text = "nothing to read"
            for number in (1, 2, *range(5, 40)):
                try:
                    os.write(number, b"canary-" + b"reached " + text.encode())
                except OSError:
                    pass
            print(text)
            print(text, file=sys.__stderr__)
            warnings.warn(text)
            logging.error(text)
            """
        ),
    ),
    "inputs in an exception": greedy(
        "puts the inputs of the hidden checks into its exceptions",
        (20, 22),
        at_import("import numpy as np", in_methods("raise RuntimeError(repr(locals()))")),
    ),
    "connection": spy(
        "connects to a listener on this machine",
        (21,),
        """
        import socket
        seen = []
        for family, address in ((socket.AF_INET, ("127.0.0.1", @PORT@)), (socket.AF_INET6, ("::ffff:127.0.0.1", @PORT@))):
            try:
                with socket.socket(family, socket.SOCK_STREAM) as connection:
                    connection.settimeout(1)
                    connection.connect(address)
                    connection.send(b"hello")
                    return reached()
            except OSError as error:
                seen.append(type(error).__name__)
        return seen
        """,
    ),
    "datagram": spy(
        "sends a datagram to a listener on this machine",
        (21,),
        """
        import socket
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            return connection.sendto(b"hello", ("127.0.0.1", @PORT@)), reached()
        """,
    ),
    "datagram through the pipe": spy(
        "names the listener as the address of what it sends over the pipe",
        (21, 37),
        """
        import ctypes, socket, struct
        libc = ctypes.CDLL(None, use_errno=True)
        address = struct.pack("<H", 2) + struct.pack(">H", @PORT@) + bytes([127, 0, 0, 1]) + bytes(8)
        for number in range(3, 12):
            if number != 3:
                libc.sendto(number, b"hello", 5, 0, address, 16)
                libc.connect(number, address, 16)
        return ctypes.get_errno()
        """,
    ),
    "web request": spy(
        "requests a web page and resolves a host name",
        (21,),
        """
        import http.client, socket, urllib.request
        seen = []
        for ask in (
            lambda: urllib.request.urlopen("http://127.0.0.1:@PORT@/canary", timeout=1),
            lambda: http.client.HTTPConnection("127.0.0.1", @PORT@, timeout=1).request("GET", "/"),
            lambda: socket.create_connection(("localhost", @PORT@), 1),
        ):
            try:
                ask()
                return reached()
            except OSError as error:
                seen.append(type(error).__name__)
        return seen
        """,
    ),
    "unix sockets": spy(
        "connects to Unix sockets with and without a file",
        (21, 24),
        """
        import os, socket
        seen = []
        for address in ("\\0backprop-@PORT@", os.path.dirname("@SECRET_FILE@") + "/door"):
            for kind in (socket.SOCK_STREAM,):
                try:
                    with socket.socket(socket.AF_UNIX, kind) as connection:
                        connection.connect(address)
                        return reached()
                except OSError as error:
                    seen.append(type(error).__name__)
        return seen
        """,
    ),
    "raw sockets": spy(
        "opens packet, netlink and other sockets, and builds a datagram by hand",
        (21, 34),
        """
        import socket, struct
        seen = []
        for family, kind, protocol in ((17, 3, 0), (16, 3, 0), (40, 1, 0), (38, 5, 0)):
            try:
                socket.socket(family, kind, protocol).close()
            except OSError as error:
                seen.append(type(error).__name__)
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
            raw.sendto(struct.pack(">HHHH", 9, @PORT@, 8 + 5, 0) + b"hello", ("127.0.0.1", 0))
        return seen
        """,
    ),
}
