"""Escaping limits: time, memory, processes, files, and the ends of other processes."""

from tests.golden.attacks.attack import Attack
from tests.golden.attacks.doors import at_import, greedy, in_methods, spy, vandal
from tests.golden.programs import solution, with_body

# Half a minute, should nobody stop it.
FOR_EVER = """
import time
END = time.monotonic() + 30
"""
MACHINE_CODE = """
import ctypes, mmap, os

def run(code):
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()

native = os.uname().machine == "x86_64"
"""

LIMITS: dict[str, Attack] = {
    # Time
    "endless loop": vandal(
        "never returns from one method",
        (26,),
        at_import(FOR_EVER, with_body("fit", "while time.monotonic() < END:\n    pass").decode()),
        points=56,
    ),
    "endless import": greedy("never finishes loading", (26,), at_import(FOR_EVER + "while time.monotonic() < END:\n    pass")),
    "endless sleep": greedy("sleeps, which costs no processor time", (26,), at_import(FOR_EVER, in_methods("time.sleep(30)"))),
    "deaf loop": greedy(
        "ignores every signal it can and loops",
        (26,),
        at_import(
            "import signal"
            + FOR_EVER
            + """
for number in signal.valid_signals():
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
""",
            in_methods("while time.monotonic() < END:\n    pass"),
        ),
    ),
    "moved alarms": greedy(
        "takes over the alarms that would end it",
        (26,),
        at_import(
            "import signal"
            + FOR_EVER
            + """
signal.signal(signal.SIGALRM, lambda *arguments: None)
signal.signal(signal.SIGXCPU, lambda *arguments: None)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
""",
            in_methods("while time.monotonic() < END:\n    signal.alarm(0)"),
        ),
    ),
    "catching loop": greedy(
        "catches every exception raised to stop it, and continues",
        (26, 32),
        at_import(
            FOR_EVER,
            in_methods(
                "while time.monotonic() < END:\n    try:\n        time.sleep(0.01)\n    except BaseException:\n        pass"
            ),
        ),
    ),
    "frames by a timer": vandal(
        "writes its own reply to the pipe from a timer while it waits for requests",
        (26, 37),
        at_import(
            """
            import os, signal

            def write(*_):
                os.write(3, b"\\x0c\\0\\0\\0\\x93\\x91\\x92\\xa5value\\xc3\\xa0\\xa0")

            signal.signal(signal.SIGALRM, write)
            try:
                signal.alarm(1)
                signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
            except OSError:
                pass
            """,
            solution(),
        ),
    ),
    "clocks of others": spy(
        "reads the processor time of other processes, which could serve as a signal",
        (23, 35),
        """
        import os, time
        own, seen = os.getpid(), []
        for pid in {os.getppid(), *range(2, 400)} - {own, 0}:
            try:
                time.clock_gettime((~pid << 3) | 2)
                if pid > 1 and own:
                    return reached()
            except OSError as error:
                seen.append(type(error).__name__)
        return sorted(set(seen))
        """,
    ),
    "stopped by itself": spy(
        "stops itself so that all others wait for it",
        (26, 31),
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    ),
    "slow patterns": greedy(
        "keeps the processor busy inside one C function",
        (26,),
        at_import("import re", in_methods("re.match('(a|a)*$', 'a' * 26 + 'b')")),
    ),
    "large powers": greedy("computes one very large integer", (26, 28), at_import("", in_methods("return 7 ** 7 ** 9"))),
    "slow answer": vandal(
        "computes its result only while it is read",
        (26, 38),
        at_import(
            FOR_EVER
            + """
class Slow(dict):
    def items(self):
        while time.monotonic() < END:
            pass
        return super().items()
""",
            solution().replace("        return grads\n", "        return Slow(grads)\n", 1),
        ),
        points=22,
    ),
    "slow end": greedy(
        "takes a long time when its objects are collected",
        (26,),
        at_import(
            FOR_EVER
            + """
class Slow(dict):
    def __del__(self):
        while time.monotonic() < END:
            pass
""",
            in_methods("return Slow(), Slow()"),
        ),
    ),
    # Processes
    "fork": spy("starts a process", (27,), "import os\nif os.fork() == 0:\n    os._exit(0)\nos.wait()\nreturn reached()"),
    "fork bomb": spy(
        "starts processes that start processes, up to fifty",
        (27,),
        """
        import os, time
        end = time.monotonic() + 15
        for _ in range(5):
            os.fork()
        while time.monotonic() < end:
            time.sleep(0.1)
        os._exit(0)
        """,
    ),
    "processes of other makes": spy(
        "starts processes with vfork, clone, clone3 and spawn",
        (27, 35),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        seen = []
        for way in (
            lambda: os.posix_spawn("/bin/true", ["true"], {}),
            lambda: libc.syscall(56 if os.uname().machine == "x86_64" else 220, 17, 0, 0, 0, 0),
            lambda: libc.syscall(435, ctypes.create_string_buffer(bytes(32) + b"\\x11" + bytes(55)), 88),
        ):
            try:
                pid = way()
            except OSError as error:
                seen.append(type(error).__name__)
                continue
            if pid == 0:
                os._exit(0)
            seen.append(reached() if pid > 0 else os.strerror(ctypes.get_errno()))
            if pid > 0:
                os.waitpid(pid, 0)
        return seen
        """,
    ),
    "programs": spy(
        "starts programs with every function of the standard library",
        (27,),
        """
        import multiprocessing, os, pty, subprocess
        seen = []
        for way in (
            lambda: subprocess.run(["/bin/sh", "-c", "id"], timeout=5),
            lambda: os.system("touch @OPEN_FOLDER@/system") and 1 / 0,
            lambda: os.popen("touch @OPEN_FOLDER@/popen").read(),
            lambda: pty.fork() or os._exit(0),
            lambda: multiprocessing.get_context("fork").Process(target=print).start(),
        ):
            try:
                way()
                seen.append("returned")
            except Exception as error:
                seen.append(type(error).__name__)
        return seen
        """,
    ),
    "another program": spy(
        "replaces itself with another program",
        (27, 35),
        """
        import ctypes, os
        try:
            os.execv("/bin/sh", ["sh", "-c", "echo x > @OPEN_FOLDER@/exec"])
        except OSError:
            program = os.memfd_create("program")
            os.write(program, b"#!/bin/sh\\necho x > @OPEN_FOLDER@/memory\\n")
            os.execve(program, ["program"], {})
        """,
    ),
    "threads": spy(
        "starts threads that continue after the call",
        (27,),
        """
        import _thread, threading, time
        def go_on():
            time.sleep(5)
        threading.Thread(target=go_on, daemon=True).start()
        _thread.start_new_thread(go_on, ())
        return reached()
        """,
    ),
    "double daemon": spy(
        "leaves a daemon process behind",
        (8, 27),
        """
        import os, signal, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
                time.sleep(4)
            os._exit(0)
        os.wait()
        return reached()
        """,
    ),
    "outliving": spy(
        "asks the kernel to outlive its parent, and leaves the session",
        (8, 27, 34),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        seen = []
        for way in (os.setsid, lambda: os.setpgid(0, 0), lambda: os.setpgid(0, os.getpgid(os.getppid()))):
            try:
                way()
            except OSError as error:
                seen.append(type(error).__name__)
        libc.prctl(1, 0, 0, 0, 0)  # PR_SET_PDEATHSIG
        libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
        libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE
        return seen
        """,
    ),
    # Memory
    "memory by numpy": greedy(
        "repeatedly allocates more memory than there is",
        (28,),
        at_import(
            "import numpy as np\nKEPT = []",
            in_methods("for _ in range(40):\n    KEPT.append(np.ones(4_000_000))"),
        ),
    ),
    "memory by lists": greedy(
        "doubles a list, a string and a dict",
        (28,),
        at_import(
            "",
            in_methods(
                """
                kept, text = [0], "x"
                for _ in range(27):
                    kept += kept
                    text += text
                return dict.fromkeys(range(10**7)), kept
                """
            ),
        ),
    ),
    "memory on loading": greedy("allocates memory while it is loaded", (28,), at_import("KEPT = bytearray(1_400_000_000)")),
    "kept memory": vandal(
        "catches the MemoryError and keeps its memory",
        (28,),
        at_import(
            """
            import numpy as np
            KEPT = []
            try:
                while len(KEPT) < 14:
                    KEPT.append(np.empty(12_500_000))
            except MemoryError:
                KEPT.clear()
            """,
            solution(),
        ),
    ),
    "deep recursion": greedy(
        "raises the recursion limit and calls itself",
        (28, 31),
        at_import(
            "import sys\nsys.setrecursionlimit(10**9)",
            in_methods("def deeper(*arguments):\n    return max([1], key=deeper)\ndeeper()"),
        ),
    ),
    "lifted limits": spy(
        "raises its own resource limits",
        (28,),
        """
        import os, resource
        seen = []
        for name in ("RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_CORE"):
            try:
                resource.setrlimit(getattr(resource, name), (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                if name in ("RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_CPU"):
                    seen.append(reached())
            except (OSError, ValueError) as error:
                seen.append(type(error).__name__)
        return seen
        """,
    ),
    # Files
    "full disk": spy(
        "writes fifty megabytes wherever it can",
        (29,),
        """
        import os, tempfile
        seen = []
        for place in ("@OPEN_FOLDER@/disk", "/dev/shm/backprop-@PORT@", "/var/tmp/backprop-@PORT@"):
            try:
                with open(place, "wb") as file:
                    for _ in range(12):
                        file.write(bytes(1_000_000))
                seen.append(reached())
            except OSError as error:
                seen.append(type(error).__name__)
        try:
            tempfile.TemporaryFile(dir="@OPEN_FOLDER@")
        except OSError as error:
            seen.append(type(error).__name__)
        return seen
        """,
    ),
    "files by other calls": spy(
        "leaves folders, links, pipes, sockets and devices behind",
        (29, 24),
        """
        import os, socket, stat
        seen = []
        for make in (
            lambda: os.mkdir("@OPEN_FOLDER@/folder"),
            lambda: os.mkfifo("@OPEN_FOLDER@/pipe"),
            lambda: os.symlink("/", "@OPEN_FOLDER@/link"),
            lambda: os.mknod("@OPEN_FOLDER@/device", stat.S_IFCHR | 0o666, os.makedev(1, 3)),
            lambda: socket.socket(socket.AF_UNIX).bind("@OPEN_FOLDER@/socket"),
        ):
            try:
                make()
                seen.append(reached())
            except OSError as error:
                seen.append(type(error).__name__)
        return seen
        """,
    ),
    "leaking descriptors": spy(
        "opens an unlimited number of descriptors",
        (29,),
        """
        import os
        kept = []
        try:
            while len(kept) < 2000:
                kept.append(os.dup(3))
        except OSError as error:
            return type(error).__name__
        return reached()
        """,
    ),
    "shared memory": spy(
        "leaves System V shared memory, queues and semaphores behind",
        (24, 29),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        key = 0x0BAC0000 + @PORT@
        libc.shmget(key, 4096, 0o1666)
        libc.msgget(key, 0o1666)
        libc.semget(key, 1, 0o1666)
        error = os.strerror(ctypes.get_errno())
        open("/dev/shm/backprop-@PORT@", "w").close()
        return error
        """,
    ),
    "posix queues": spy(
        "leaves named semaphores and message queues behind",
        (24, 29),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        for name in ("sem_open", "mq_open", "shm_open"):
            call = getattr(libc, name, None)
            if call is not None:
                call(b"/backprop-@PORT@", 0o102, 0o666, None if name == "mq_open" else 1)
        return os.strerror(ctypes.get_errno())
        """,
    ),
    # Floods
    "flooded output": greedy(
        "prints ten megabytes in every call",
        (30,),
        at_import("", in_methods("for _ in range(10):\n    print('x' * 1_000_000)\nraise RuntimeError('printed')")),
    ),
    "flooded errors": greedy(
        "writes ten megabytes to stderr while it is loaded, also without Python's streams",
        (30,),
        at_import(
            """
            import os, sys, warnings
            for number in range(5):
                sys.stderr.write("x" * 1_000_000)
                os.write(2, b"x" * 1_000_000)
                os.write(1, b"x" * 1_000_000)
                warnings.warn("x" * 100_000)
            """
        ),
    ),
    "flooded pipe": greedy(
        "floods the pipe to the judge with invalid data",
        (30, 37),
        at_import("import os", in_methods("for _ in range(40):\n    os.write(3, b'x' * 1_000_000)")),
    ),
    # Ends
    "abort": greedy("aborts", (31,), at_import("import os", in_methods("os.abort()"))),
    "crash": greedy("reads from address 0", (31,), at_import("import ctypes", in_methods("ctypes.string_at(0)"))),
    "crash on loading": greedy("reads from address 0 on loading", (31,), at_import("import ctypes\nctypes.string_at(0)")),
    "wild memory": greedy(
        "overwrites the memory of its own interpreter",
        (31, 36),
        at_import(
            "import ctypes",
            in_methods("ctypes.memset(id(tuple), 0x41, 200)\nctypes.memset(id(int) - 64, 0, 500)\nreturn (1, 2)"),
        ),
    ),
    "death of the parent": spy(
        "sends signals to its parent, to the judge and to its group",
        (31,),
        """
        import os, signal
        seen = []
        nobody = 20_000 <= os.getuid() < 60_000 and os.getgid() == os.getuid() and not os.getgroups()  # no person's processes
        for pid in (os.getppid(), -1 if nobody else os.getppid()):
            try:
                os.kill(pid, signal.SIGKILL if pid == -1 else 0)
                if pid > 1:
                    seen.append(reached())
            except OSError as error:
                seen.append(type(error).__name__)
        return seen
        """,
    ),
    "death of everybody": spy(
        "sends signals in other ways: to threads, with handles, timers and queues",
        (31,),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        parent, winch = os.getppid(), 28
        if parent < 2:
            return "no parent in sight"
        for call in ((200, parent, winch), (234, parent, parent, winch), (62, parent, winch), (129, parent, winch, bytes(128))):
            if os.uname().machine == "x86_64" and libc.syscall(*call) == 0:
                return reached()
        handle = libc.syscall(434, parent, 0)  # pidfd_open
        if handle >= 0 and libc.syscall(424, handle, winch, 0, 0) == 0:
            return reached()
        return os.strerror(ctypes.get_errno())
        """,
    ),
    "exit while leaving": greedy(
        "ends the interpreter from an object that is being collected",
        (31, 32),
        at_import(
            """
            import os

            class Last:
                def __del__(self):
                    os._exit(0)
            """,
            in_methods("Last()\nreturn Last(), {'Y': Last()}"),
        ),
    ),
    "base exceptions": greedy(
        "raises exceptions that `except Exception` does not catch",
        (32,),
        at_import(
            "import itertools\nKINDS = itertools.cycle((SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError))",
            in_methods("raise next(KINDS)(0)"),
        ),
    ),
    "keyboard": greedy("raises KeyboardInterrupt on loading", (32,), at_import("raise KeyboardInterrupt")),
    "leaving on loading": greedy("raises SystemExit with success while it is loaded", (5, 32), at_import("raise SystemExit(0)")),
    # The kernel
    "namespaces": spy(
        "creates namespaces in which it would be root",
        (34,),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        for flags in (0x10000000, 0x10020000, 0x50000000, 0x08000000):
            if libc.unshare(flags) == 0:
                return reached()
        if libc.syscall(435, ctypes.create_string_buffer((0x10000000).to_bytes(8, "little") + bytes(80)), 88) == 0:
            os._exit(0)
        return os.strerror(ctypes.get_errno())
        """,
    ),
    "surface of the kernel": spy(
        "uses bpf, perf, userfaultfd, keys and personalities",
        (34, 35),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        room = ctypes.create_string_buffer(b"\\x01" + bytes(200))
        calls = (
            ("bpf", (321, 280), (0, room, 72)),
            ("perf_event_open", (298, 241), (room, 0, -1, -1, 0)),
            ("userfaultfd", (323, 282), (0,)),
            ("add_key", (248, 217), (b"user", b"backprop", b"x", 1, -2)),
            ("kexec_load", (246, 104), (0, 0, 0, 0)),
            ("init_module", (175, 105), (room, 1, b"")),
            ("setns", (308, 268), (3, 0)),
        )
        native = os.uname().machine == "x86_64"
        seen = []
        for name, numbers, arguments in calls:
            if libc.syscall(numbers[not native], *arguments) >= 0:
                seen.append(name)
        much = {"bpf", "kexec_load", "init_module", "setns"}.intersection(seen)  # the others may be had without rights
        return [reached(), *sorted(much)] if much else os.strerror(ctypes.get_errno())
        """,
    ),
    "other tables of calls": spy(
        "makes 32-bit system calls with its own machine code",
        (35,),
        f"""
        {MACHINE_CODE.replace(chr(10), chr(10) + " " * 8)}
        # open("@OPEN_FOLDER@...") would need an address below 4 GB; fork by the old table needs none
        code = bytes.fromhex("b802000000cd80c3") if native else bytes.fromhex("881b80d2c0035fd6")
        pid = run(code)
        if pid == 0:
            os._exit(0)
        if pid > 0 and native:
            os.waitpid(pid, 0)
            return reached()
        return pid
        """,
    ),
    "x32 calls": spy(
        "makes x32 system calls",
        (35,),
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        bit = 0x40000000
        if libc.syscall(bit + 39) > 0 or libc.syscall(bit + 41, 2, 1, 0) >= 0:
            return reached()
        pid = libc.syscall(bit + 57)
        if pid == 0:
            os._exit(0)
        return reached() if pid > 0 else os.strerror(ctypes.get_errno())
        """,
    ),
    "undone filter": spy(
        "loads its own filter, which would allow more",
        (35,),
        """
        import ctypes, os, struct
        libc = ctypes.CDLL(None, use_errno=True)
        program = ctypes.create_string_buffer(struct.pack("<HBBI", 6, 0, 0, 0x7FFF0000))
        filters = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", 1, ctypes.addressof(program)))
        libc.prctl(38, 1, 0, 0, 0)
        libc.prctl(22, 2, filters, 0, 0)
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return reached()
        """,
    ),
    "becoming somebody": spy(
        "becomes root, or another user",
        (33, 34),
        """
        import os
        seen = []
        for become in (
            lambda: os.setuid(0),
            lambda: os.setresuid(0, 0, 0),
            lambda: os.setgid(0),
            lambda: os.setgroups([0]),
            lambda: os.seteuid(20_001 if os.geteuid() != 20_001 else 20_002),
        ):
            try:
                become()
                seen.append(reached())
            except OSError as error:
                seen.append(type(error).__name__)
        return seen
        """,
    ),
    "programs run by imports": greedy(
        "imports modules with side effects, in case the grader imports them in advance",
        (12, 36),
        at_import(
            """
            if 0:
                import unittest.__main__
                import numpy.f2py.__main__
                import numpy.f2py.tests.util
                import lib2to3.__main__
                import asyncio.__main__
                import antigravity
            """
        ),
    ),
}
