"""Reports: text of the student's that the TA, the student or their programs would take for something else."""

from pathlib import Path

from tests.golden.attacks.attack import Attack, World
from tests.golden.attacks.doors import SKELETON, at_import, greedy, in_methods, vandal
from tests.golden.programs import solution


def raising(text: str) -> str:
    """Return a dnn.py whose calls raise this text, a Python expression."""
    return at_import("", in_methods(f"raise RuntimeError({text})"))


def named(name: str):
    """Lays the empty skeleton down as a folder of this name, beside the place."""

    def lay(place: Path, world: World) -> None:
        folder = place.with_name(name)
        folder.mkdir()
        (folder / "dnn.py").write_text(SKELETON)

    return lay


def with_name(tries: str, classes: tuple[int, ...], name: str) -> Attack:
    """Return an empty submission whose name is the attack."""
    return Attack(tries, lay=named(name), classes=classes)


REPORTS: dict[str, Attack] = {
    "markup in an exception": greedy(
        "puts scripts, images and frames into its exceptions",
        (45,),
        raising('"<script>alert(1)</script><img src=x onerror=alert(1)></p></div>\'\\"`<b>`<iframe src=//evil.example>"'),
    ),
    "templates in an exception": greedy(
        "puts expressions of template languages into its exceptions",
        (45,),
        raising("\"{{ 7 * 7 }}{% include '/etc/passwd' %}${7*7}#{7*7}<%= 7 %>{0.__class__}%s%n\""),
    ),
    "markup in a class": greedy(
        "uses markup as the names of its exceptions and types",
        (45,),
        at_import("", in_methods('raise type("<svg onload=alert(1)>", (Exception,), {})("x")')),
    ),
    "markup in keys": vandal(
        "uses markup and control characters as the names of its gradients",
        (45, 46),
        solution().replace(
            "        return grads\n",
            "        return {f'<script>{key}\\x1b[31m\\u202e</script>': value for key, value in grads.items()}\n",
            1,
        ),
        points=18,
    ),
    "markup in the name": with_name("submits under a name made of markup", (45,), "<img src=x onerror=alert(1)>"),
    "terminal in an exception": greedy(
        "puts colors, cursor movements, titles, links and bells into its exceptions",
        (46,),
        raising(
            r'"\x1b[2J\x1b[31mgraded 100\x1b[0m\x1b]0;title\x07"'
            r'"\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\\r100\b\b\x9b31m\x00"'
        ),
    ),
    "terminal in the name": with_name("submits under a name that moves the cursor", (46,), "eve\x1b[2K\x1b[1A\x07\r100"),
    "markdown in an exception": greedy(
        "puts links, images, tables and the table's own colors into its exceptions",
        (45, 48),
        raising(
            r'"[click](javascript:alert(1)) ![x](http://evil.example) | a | b |\n|---|---|\n# 100\n"'
            r'"[bold red]graded[/bold red][link=http://evil.example]x[/link]"'
        ),
    ),
    "formula in an exception": greedy(
        "puts formulas for the TA's spreadsheet into its exceptions", (47,), raising('"=cmd|\' /C calc\'!A0\\n=1+1,\\"=2\\""')
    ),
    "formula as a task": greedy(
        "raises NotImplementedError with a formula as its message",
        (47,),
        at_import("", in_methods('raise NotImplementedError("=HYPERLINK(\\"http://evil.example\\",\\"marks\\")")')),
    ),
    "formula in the name": with_name("submits under a name that is a formula", (47,), '=HYPERLINK("http:evil","x")'),
    "lines in the name": with_name(
        "submits under a name that contains two rows of grades.csv", (47,), 'mallory",100,100\n"aaa,100,100,graded'
    ),
    "more of the name": with_name("submits under a name of 250 characters", (44,), "m" * 250),
    "name of a neighbour": Attack(
        "submits a file with the name of another submission's folder",
        lay=lambda place, world: place.with_name("aaa.py").write_text(SKELETON) and None,
        classes=(44, 13),
    ),
    "name of the marks": with_name("submits under the name of a results file", (44, 13), "grades.csv"),
    "turned text": greedy(
        "reverses the direction of text, and uses zero-width characters",
        (48, 42),
        raising(r'"\u202e001 :erocs\u202c \u2066x\u2069 \u200b\u200d\ufeff\u00ad \U000e0041 \ue000"'),
    ),
    "turned name": with_name("submits under a name that reads backwards", (48,), "mal\u202eyrol\u200b"),
    "broken characters": greedy(
        "puts lone surrogates and non-characters into its exceptions",
        (42, 48),
        raising(r'"\ud800\udfff \uffff \U0010ffff" + chr(0)'),
    ),
    "long message": greedy("raises a message of a megabyte, full of lines", (30,), raising('"long\\n" * 250_000')),
    "long source line": greedy(
        "fails in a line of 800 kilobytes, which the report would show",
        (30, 43),
        at_import("", in_methods("raise RuntimeError('a'); " + "x = '" + "<b>" * 130_000 + "'")),
    ),
    "exception that fights back": greedy(
        "raises exceptions that raise when they are read",
        (32, 45),
        at_import(
            """
            class Meta(type):
                def __getattribute__(self, name):
                    if name in ("__name__", "__qualname__", "__module__"):
                        raise SystemExit(0)
                    return type.__getattribute__(self, name)

            class Fighting(Exception, metaclass=Meta):
                def __str__(self):
                    raise SystemExit(0)
                __repr__ = __str__
                __traceback__ = property(lambda self: 1 / 0)
            """,
            in_methods("raise Fighting()"),
        ),
    ),
    "exception that talks": greedy(
        "raises exceptions whose text changes every time, or is not text",
        (32, 45),
        at_import(
            """
            class Text(str):
                def __getitem__(self, place):
                    return "<script>" + "x" * 2_000_000
                def encode(self, *arguments):
                    return b""

            class Talking(Exception):
                def __str__(self):
                    return Text("x" * 10_000)
            """,
            in_methods("raise Talking()"),
        ),
    ),
    "forged traceback": greedy(
        "puts lines into linecache, so that the report would quote code that was never written",
        (45, 16),
        at_import(
            """
            import linecache
            for name in ("dnn.py", "<score>", "autograder/judge/judge.py"):
                linecache.cache[name] = (1, None, ["All checks passed: 100 points <script>\\x1b[2J\\n"] * 500, name)
            code = compile("\\n" * 40 + "raise RuntimeError('x')", "dnn.py", "exec")
            """,
            in_methods("exec(code)"),
        ),
    ),
    "endless chain": greedy(
        "raises an exception with circular causes, through two thousand frames",
        (32, 30),
        at_import(
            """
            import sys
            sys.setrecursionlimit(20_000)

            def down(depth):
                if depth:
                    return down(depth - 1)
                error = RuntimeError("bottom")
                error.__cause__ = other = ValueError("other")
                other.__context__ = error
                raise error
            """,
            in_methods("down(2_000)"),
        ),
    ),
    "syntax errors of its own": greedy(
        "raises syntax errors about other files and lines",
        (45, 20),
        at_import("", in_methods("raise SyntaxError('<b>', ('/etc/passwd<script>', 10**30, -5, '\\x1b[2J' * 100_000))")),
    ),
    "words of the grader": greedy(
        "raises the grader's own messages",
        (16, 45),
        raising("'Every check passed. graded 100/100'"),
    ),
    "docstring": vandal(
        "hides markup in docstrings, names and annotations",
        (45,),
        at_import(
            "",
            solution().replace(
                "    def forward(self, X):", '    def forward(self, X: "<script>alert(1)</script>") -> "\\x1b[2J":', 1
            ),
        ),
    ),
}
