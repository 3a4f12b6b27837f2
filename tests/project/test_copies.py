"""`make copies` ranks copies first, however they are hidden, and never names independent work; it runs and trusts nothing."""

import csv
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from autograder.cli import main
from autograder.files import ROOT
from autograder.intake.read import Submission
from autograder.intake.submission_ref import SubmissionRef
from autograder.packaging.regions import skeleton
from autograder.similarity import documents as reading
from autograder.similarity import pairs as pairing
from autograder.similarity.compare import compare, load_common
from autograder.similarity.documents import Document
from autograder.similarity.fingerprints import GRAM, WINDOW, Token, hash_passages, tokenize, winnow
from autograder.similarity.pairs import find_clusters, find_pairs, weigh
from autograder.similarity.report import copies_csv, copies_html
from tests.course import ASSIGNMENT, PARTS
from tests.golden.classmates import DISGUISES, PLANTED, alone, disguised, other_comments, other_names
from tests.golden.programs import SIGMOID, solution, solutions
from tests.project.grading import command

HONEST = 40
SKELETON = {part: skeleton((ROOT / f"solution/{part}.py").read_text()).encode() for part in PARTS}
ONE_TOKEN, BLANK_LINES = b"x " * 499_999, b"  \n" * 300_000
NOTHING = np.empty(0, dtype=np.uint64)


def compared(handed_in, jobs=1):
    """Return the comparison of {student: {part: source}}."""
    found = [SubmissionRef(student, Path(student)) for student in handed_in]
    return compare(found, lambda waiting: Submission(waiting.student, dict(handed_in[waiting.student])), ASSIGNMENT, jobs)


def who(finding):
    return {*finding.first, *finding.second}


def listed(handed_in):
    return [who(finding) for finding in compared(handed_in).findings]


def each(change, sources, seed=1):
    """Return a change made to every part."""
    return {part: change(source.decode(), random.Random(seed)).encode() for part, source in sources.items()}


def random_lines(seed, count=60):
    """Statements that nobody else writes."""
    chance = random.Random(seed)
    words = [*"ab[]()+-*/%7{}:", "if", "else", "in", "not", "lambda", "'s'"]
    return "\n".join(" ".join(chance.choices(words, k=10)) for _ in range(count)).encode()


def some_hashes(chance, count):
    """Hashes that nobody else has."""
    return np.unique(chance.integers(1 << 63, size=count, dtype=np.uint64))


def document(own):
    """Return a document that is one function with these hashes."""
    return Document([], own, np.zeros(len(own), dtype=np.intp), np.array([0]), NOTHING, False)


@pytest.fixture(scope="module")
def students():
    """Forty who worked alone."""
    return {f"student{number:02}": alone(number) for number in range(HONEST)}


@pytest.fixture(scope="module")
def few(students):
    """Return the first of them, where no more are needed."""
    return dict(list(students.items())[:24])


@pytest.fixture
def put(tmp_path):
    """put({"ada": {"dnn": source}}) writes a class folder and returns it."""

    def put(handed_in):
        for student, sources in handed_in.items():
            (tmp_path / "class" / student).mkdir(parents=True)
            for part, source in sources.items():
                (tmp_path / "class" / student / f"{part}.py").write_bytes(source)
        return tmp_path / "class"

    return put


def copies(folder, out):
    """Return the page and the rows that the command leaves."""
    assert main(["copies", str(folder), "--out", str(out)]) == 0
    with (out / "copies.csv").open(newline="") as file:
        return (out / "copies.html").read_text(), list(csv.DictReader(file))


# --- who is named


def test_six_increasingly_disguised_copies_rank_above_independent_work(students, monkeypatch):
    """The n-th copy is hidden in n disguises; the last holds half of the functions, hidden in four."""
    copied = {f"copy{n}": disguised(students[f"student{n:02}"], n, n) for n in range(1, len(PLANTED) + 1)}
    planted = [{f"copy{n}", f"student{n:02}"} for n in range(1, len(PLANTED) + 1)]
    assert sorted(map(sorted, listed(students | copied))) == sorted(map(sorted, planted))
    monkeypatch.setattr(pairing, "MIN_SCORE", 2.0)
    findings = compared(students | copied).findings
    assert len(findings) > 50  # those who worked alone have something in common, too
    assert sorted(map(sorted, (who(finding) for finding in findings[:6]))) == sorted(map(sorted, planted))
    assert findings[5].pair.score > 1.5 * findings[6].pair.score


@pytest.mark.in_turn(2)
@pytest.mark.parametrize("disguise", DISGUISES, ids=lambda disguise: disguise.__name__)
def test_every_disguise_is_seen_through(disguise, few):
    copy = each(disguise, few["student20"])
    assert all(copy[part] != few["student20"][part] for part in PARTS)
    assert listed(few | {"copy": copy}) == [{"copy", "student20"}]


@pytest.mark.parametrize("part", ["dnn", "extension"])
def test_a_single_copied_file_is_seen(part, students):
    """Between two of one's own, with other names."""
    copy = {**alone("another"), part: other_names(students["student20"][part].decode(), random.Random(1)).encode()}
    assert listed(students | {"copy": copy}) == [{"copy", "student20"}]


def test_students_who_worked_alone_are_not_named(students):
    assert listed(students) == []


def test_the_same_text_is_on_top_whatever_else_there_is(few):
    """Even one that is short, above a copy with a higher score."""
    short = {"warmup": few["student03"]["warmup"]}
    findings = compared(
        few | {"short": short, "twin": each(other_comments, short), "long": each(other_names, few["student02"])}
    ).findings
    assert who(findings[0]) == {"short", "twin"}
    assert findings[0].pair.identical
    assert {"long", "student02"} in [who(finding) for finding in findings[1:]]
    assert max(finding.pair.score for finding in findings[1:]) > findings[0].pair.score


def test_the_unchanged_starter_code_is_not_a_copy(few):
    assert listed(few | {"ada": SKELETON, "grace": SKELETON}) == []


def test_the_formulas_of_the_solution_are_no_copy(few):
    """As they stand, and with names and comments of one's own."""
    own = each(other_names, each(other_comments, solutions()))
    assert listed(few | {"ada": solutions(), "grace": solutions(), "emmy": own}) == []


def test_the_formulas_of_the_solution_with_the_same_odd_comments_are(few):
    def odd(source, chance):
        return "".join(
            f"{line}  # my own remark {n} on it\n" if line.endswith(")") else f"{line}\n"
            for n, line in enumerate(source.splitlines())
        )

    commented = each(odd, solutions())
    assert listed(few | {"ada": commented, "grace": commented | {"dnn": commented["dnn"] + b"\nprint(DNN)\n"}}) == [
        {"ada", "grace"}
    ]


def test_what_a_quarter_of_the_class_has_weighs_nothing():
    assert weigh(np.array([1, 2]), 100).tolist() == [1, 1]
    assert weigh(np.array([26, 40, 100]), 100).tolist() == [0, 0, 0]
    assert weigh(np.array([6]), 100)[0] == pytest.approx(0.5)


def test_what_two_of_five_students_write_is_common(students):
    """A file that 16 of 40 students share, each beside two of their own, makes no pair of them."""
    common = students["student00"]["extension"]
    shared = {
        name: {**sources, "extension": common} if int(name[-2:]) % 5 < 2 else sources for name, sources in students.items()
    }
    assert listed(shared) == []


def test_a_cluster_is_named_once(few):
    """Three who copied from each other, in a chain and with the same text, beside a pair."""
    first, other = few["student07"], few["student09"]
    comparison = compared(few | {"ada": first, "grace": each(other_names, first), "emmy": each(other_names, other, 2)})
    assert [sorted(names) for names in comparison.clusters] == [["ada", "grace", "student07"]]
    assert {finding.cluster for finding in comparison.findings if "emmy" not in who(finding)} == {1}
    assert copies_html(comparison).count('id="cluster-') == 1


def test_a_large_cluster_is_connected_though_not_each_pair_is_looked_at():
    """The 50 documents that share everything of theirs, among 1,000 that share nothing."""
    chance = np.random.default_rng(1)
    same = some_hashes(chance, 100)
    documents = [document(same if n % 20 == 0 else some_hashes(chance, 100)) for n in range(1000)]
    pairs = find_pairs(documents)
    assert find_clusters(pairs) == [list(range(0, 1000, 20))]
    assert len(pairs) < 50 * 49 / 2


def test_a_pair_is_found_though_others_stand_between_them():
    """The first and the last of forty documents share a hundred passages, each with another one of those between them."""
    chance = np.random.default_rng(1)
    shared = np.array_split(some_hashes(chance, 100), 38)
    between = [np.unique(np.append(some_hashes(chance, 50), some)) for some in shared]
    pairs = find_pairs([document(np.concatenate(shared)), *map(document, between), document(np.concatenate(shared))])
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 39)]


# --- what is shown


def test_passages_are_shown_next_to_each_other_with_their_lines(few, put, tmp_path):
    mine = b"def odd(a):\n    return [a[i] % 3 if a[i] > 7 else -a[i] // 2 for i in range(len(a)) if not i % 5]\n"
    rest = (
        b"\n" * 40
        + b"def even(z):\n    return {k: z[k] | 4 for k in z if (k, k) not in z or z[k] << 2 > ~k} | {(): len(z) ^ 1}\n"
    )
    theirs = mine.replace(b"a", b"b").replace(b"rbnge", b"range")
    page, rows = copies(
        put({**few, "ada": {"dnn": mine + rest}, "grace": {"warmup": b"\n" * 8 + theirs, "dnn": b"#\n\n\n" + rest}}),
        tmp_path / "out",
    )
    (row,) = rows
    assert {row["first"], row["second"]} == {"ada", "grace"}
    assert (
        '<h3>ada, dnn.py</h3>\n<pre tabindex="0"><span>   1  </span>def odd(a):\n<span>   2  </span>    return [a[i] % 3'
        in page
    )
    assert '<h3>grace, warmup.py</h3>\n<pre tabindex="0"><span>   9  </span>' in page
    assert "<span>  44  </span>    return {k: z[k] | 4" in page
    assert "<span>  45  </span>    return {k: z[k] | 4" in page
    assert row["lines"] == "4"


def test_only_unique_text_is_a_distinctive_marker(few):
    """And a word of the hand-out in another form is not misspelt."""
    mark = b"\n# the gradiant goes here, says the gradiant; the gradients too\nquux_weight = 0.123457\nlearned_rate = 1\n"
    pair = {
        "ada": {"dnn": few["student01"]["dnn"] + mark},
        "grace": {"dnn": few["student01"]["dnn"] + mark + b"\nprint()\n"},
    }
    others = {name: sources for name, sources in few.items() if name != "student01"}
    (finding,) = compared(others | pair).findings
    assert finding.evidence.markers["misspelling"] == ["gradiant (gradient?)"]
    assert finding.evidence.markers["comment"][0].startswith("the gradiant goes here")
    assert "quux_weight" in finding.evidence.markers["name"]
    assert "0.123457" in finding.evidence.markers["value"]
    (finding,) = compared(others | pair | {"emmy": {"dnn": b"quux_weight = 0\n# gradiant\n"}}).findings
    assert "misspelling" not in finding.evidence.markers
    assert "quux_weight" not in finding.evidence.markers["name"]


def test_the_page_says_what_it_is_and_asks_for_nothing(few):
    page = copies_html(compared(few | {"ada": few["student01"]}))
    assert "Nothing here is proof, and nothing here changes a grade." in page
    assert "score(A, B) = max(S(A, B), S(B, A))" in page
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http-equiv", "")
    assert "No two submissions are suspiciously similar." not in page
    assert "No two submissions are suspiciously similar." in copies_html(compared(few))


def test_marks_are_not_touched(put, tmp_path, few):
    out = tmp_path / "out"
    out.mkdir()
    (out / "grades.csv").write_text("student,score\nada,100\n")
    copies(put({"ada": few["student01"], "grace": few["student01"]}), out)
    assert (out / "grades.csv").read_text() == "student,score\nada,100\n"
    assert sorted(path.name for path in out.iterdir()) == ["copies.csv", "copies.html", "gradebook.db", "grades.csv"]


def test_two_runs_are_the_same_bytes(put, tmp_path, few):
    """Whatever Python's own hashes are."""
    folder = put({name: few[name] for name in list(few)[:5]} | {"ada": each(other_names, few["student01"])})
    runs = []
    for seed in ("1", "2"):
        run = [sys.executable, "-m", "autograder", "copies", folder, "--out", tmp_path / seed]
        subprocess.run(run, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True)
        runs.append([(tmp_path / seed / name).read_bytes() for name in ("copies.csv", "copies.html")])
    assert runs[0] == runs[1]
    assert b"ada" in runs[0][0]


def test_the_number_of_processes_changes_nothing(few):
    """Among students who submitted the same text, with other comments in between, too."""
    handed_in = {**few, "ada": few["student01"], "emmy": each(other_names, few["student02"])}
    handed_in |= {"grace": {"dnn": few["student01"]["dnn"] + b"# more"}, "lin": {}, "mary": {"dnn": few["student01"]["dnn"]}}
    handed_in |= {"noether": handed_in["grace"]}
    assert compared(handed_in, jobs=2) == compared(handed_in)


def end_process(files):
    os._exit(1)


def test_a_lost_worker_is_reported_in_a_sentence(few, monkeypatch):
    monkeypatch.setattr(reading, "read_in_worker", end_process)
    with pytest.raises(reading.LostWorkerError, match="Run the same command with JOBS=1"):
        compared(few, jobs=2)


def test_called_wrongly(tmp_path):
    finished = command("copies", tmp_path / "nothing", "--out", tmp_path / "out")
    assert finished.returncode == 2
    assert "SUBMISSIONS must name a folder or a zip of submissions" in finished.stderr
    assert not (tmp_path / "out").exists()


# --- hostile


@pytest.mark.parametrize(
    "source",
    [
        ONE_TOKEN,
        BLANK_LINES,
        b"(" * 100_000,
        b"}])" * 1000 + random_lines(3),
        b'"""' + b"x\n" * 1000,
        b"'''\n" * 5001,
        b"f'{" * 20_000,
        b"def f(:\n\treturn\n  x = = 3\n" * 500,
        b"\\\n" * 10_000 + "ü𝔘\u2028\u202e ".encode() * 1000,
        b"# -*- coding: latin-1 -*-\n" + b"\xe9 = 1\n" * 100,
        b"raise SystemExit\n" * 10,
    ],
    ids=lambda source: repr(source[:12]),
)
def test_any_text_is_compared_and_never_run(source, put, tmp_path, few):
    handed_in = {"ada": {"dnn": source}, "grace": {"dnn": source, "warmup": source}, "emmy": few["student01"]}
    _, rows = copies(put({**handed_in, "lin": {"dnn": source + b"\nprint(1)\n"}, "twin": few["student01"]}), tmp_path / "out")
    assert {"emmy", "twin"} in [{row["first"], row["second"]} for row in rows]


def in_wide_letters(source, _):
    """Return the names of functions of Python and numpy in full-width letters, which Python reads as the usual ones."""
    wide = str.maketrans({chr(letter): chr(letter + 0xFEE0) for letter in range(ord("a"), ord("z") + 1)})
    return re.sub(r"(?<=\bnp\.)\w+|\b(range|len|enumerate|sum|zip)(?=\()", lambda name: name[0].translate(wide), source)


def test_names_in_letters_that_look_alike_hide_nothing(few):
    copied = each(in_wide_letters, few["student01"])
    assert copied["dnn"] != few["student01"]["dnn"]
    compile(copied["dnn"], "dnn.py", "exec")
    plain, disguised = (
        compared({**few, "mallory": {part: source + b"\nq = 1\n" for part, source in sources.items()}}).findings[0]
        for sources in (few["student01"], copied)
    )
    assert who(plain) == who(disguised) == {"student01", "mallory"}
    assert plain.pair.score == disguised.pair.score


@pytest.mark.parametrize(
    "made",
    [
        lambda n: "\n".join(
            f"# gradeint{n} wiegth{line:x} lettter{line}" for line in range(n)
        ),  # words to look up in the vocabulary
        lambda n: "x = '" + "e\u0327\u0301\u0323" * n + "'",
        lambda n: "\u0301\u0323" * n,  # combining marks, which are put in order
        lambda n: "a = b + c * d\n" * n,  # the same passage again and again
        lambda n: "x = 0x" + "f" * n,
        lambda n: "def f(x):\n    return x\n" * n,
    ],
    ids=["words", "accents", "marks", "passages", "digits", "functions"],
)
def test_the_time_grows_with_the_text_and_not_with_its_square(made, few):
    """Twice as much text, shared by two students, takes less than three times as long."""

    def seconds(n):
        text = (random_lines(3).decode() + "\n" + made(n)).encode()
        start = time.process_time()
        found = compared({"ada": {"dnn": text}, "grace": {"dnn": text + b"\nq = 1\n"}, "emmy": few["student01"]})
        assert len(found.findings) == 1
        return time.process_time() - start

    seconds(10)
    assert min(seconds(40_000) for _ in range(2)) < 3 * max(seconds(20_000) for _ in range(2))


def test_what_cannot_be_read_is_skipped_and_counted(put, tmp_path, capsys, few):
    page, rows = copies(
        put({"ada": {"dnn": b"\xff\xfe\x80"}, "grace": {}, "emmy": few["student01"], "lin": few["student01"]}),
        tmp_path / "out",
    )
    assert "Compared 4 submissions (2 of them skipped); similar pairs: 1." in capsys.readouterr().out
    assert "Skipped because nothing in them could be read: 2 (ada, grace)." in page
    assert [{row["first"], row["second"]} for row in rows] == [{"emmy", "lin"}]


def test_a_class_of_which_nothing_can_be_read_is_compared(put, tmp_path):
    page, rows = copies(put({"ada": {"dnn": b"\0"}, "grace": {}}), tmp_path / "out")
    assert rows == []
    assert "No two submissions are suspiciously similar." in page


def test_a_file_that_is_too_long_is_compared_in_part_and_said_so(few):
    long = {"dnn": few["student01"]["dnn"] + random_lines(1, 5000)}
    comparison = compared({"ada": long, "grace": {"dnn": long["dnn"] + b"\nx = 1\n"}, "emmy": few["student02"]})
    assert comparison.long == ["ada", "grace"]
    (finding,) = comparison.findings
    assert not finding.pair.identical
    assert "Compared only in part because a file is very long: ada, grace." in copies_html(comparison)


def test_nothing_of_a_student_is_markup_or_a_formula(put, tmp_path):
    evil = (
        b"# <script>alert(1)</script> is my comment\n"
        + random_lines(1, 10)
        + b"\n</pre><img src=x onerror=alert(1)> + '\xe2\x80\xae'\n"
        + random_lines(2)
    )
    page, rows = copies(
        put({"=cmd()": {"dnn": evil}, "<b>lin": {"dnn": evil + b"\npass\n"}, "@same": {"dnn": evil + b"# more"}}),
        tmp_path / "out",
    )
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>" not in page
    assert "&lt;b&gt;lin" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; is my comment" in page
    assert "\u202e" not in page
    assert "&lt;img src=x onerror=alert(1)&gt; + &#39;\\u202e&#39;" in page
    assert {"'=cmd()", "'@same"} == {rows[0]["first"], rows[0]["second"]}
    assert all(not cell.startswith(("=", "@")) for row in rows for cell in row.values())


def test_ten_thousand_identical_files_are_one_document(few, monkeypatch):
    """Tokenised once, a row for each but the first, and what little is shown of them on the page."""
    read = []
    monkeypatch.setattr(reading, "tokenize", lambda source: read.append(source) or tokenize(source))
    comparison = compared({f"s{n}": few["student01"] for n in range(10_000)} | {"ada": few["student02"]})
    assert len(read) == len(given_sources()) + 2 * len(PARTS)
    assert [len(who(finding)) for finding in comparison.findings] == [10_000]
    assert len(list(copies_csv(comparison))) == 10_000
    assert len(copies_html(comparison)) < 200_000


def given_sources():
    """Return what is read besides the submissions."""
    return [*(ROOT / "assignment").glob("*.py"), *PARTS]


def test_a_class_that_shares_what_is_common_is_not_compared_pair_by_pair(monkeypatch):
    """2,000 documents with the same 50 passages and 50 of their own: no two are looked at in full."""
    looked = []
    monkeypatch.setattr(pairing, "score_pair", lambda *_: looked.append(1) or (0.0, 0.0))
    chance = np.random.default_rng(1)
    same = some_hashes(chance, 50)
    documents = [document(np.unique(np.append(same, some_hashes(chance, 50)))) for _ in range(2000)]
    assert find_pairs(documents) == []
    assert looked == []


# --- fingerprints


def test_two_texts_that_share_enough_tokens_share_a_fingerprint():
    """Winnowing's guarantee, for GRAM + WINDOW - 1 tokens, wherever these stand."""
    chance = random.Random(1)
    for _ in range(300):
        shared = [chance.choice("abcd") for _ in range(GRAM + WINDOW - 1)]
        kept = []
        for _ in range(2):
            around = [[chance.choice("efgh") for _ in range(chance.randrange(30))] for _ in range(2)]
            hashes = hash_passages([Token(text, text, 1) for text in [*around[0], *shared, *around[1]]])
            kept.append(set(hashes[winnow(hashes, NOTHING)].tolist()))
        assert kept[0] & kept[1]


def test_winnowing_keeps_a_part_of_the_passages_and_no_common_one():
    hashes = np.random.default_rng(1).integers(1 << 63, size=10_000, dtype=np.uint64)
    common = hashes[::2]
    kept = hashes[winnow(hashes, np.sort(common))]
    assert 0.2 < len(kept) / len(hashes) < 0.5
    assert not set(kept.tolist()) & set(common.tolist())


def test_the_order_of_functions_makes_no_difference():
    first, second = (solution("warmup").split("\n\n\n")[n] + "\n\n\n" for n in (1, 2))
    one, other = (set(hash_passages(tokenize(text.encode()).tokens).tolist()) for text in (first + second, second + first))
    assert one == other


def test_names_values_and_comments_are_no_part_of_a_passage_and_what_cannot_be_renamed_is():
    shapes = [
        token.shape
        for token in tokenize(b'def f(x):\n    """Says."""\n    y = np.dot(x, 2.5) # what\n    return f"{y}"\n').tokens
    ]
    assert shapes == [
        "def",
        "N",
        "(",
        "N",
        ")",
        ":",
        "N",
        "=",
        "N",
        ".",
        "dot",
        "(",
        "N",
        ",",
        "0",
        ")",
        "return",
        "S",
        "N",
        "S",
    ]


def test_the_solution_and_the_starter_code_leave_nothing_behind():
    known = load_common(ASSIGNMENT)
    for source in [*solutions().values(), *SKELETON.values()]:
        hashes = hash_passages(tokenize(source).tokens)
        assert len(winnow(hashes, known.passages)) == 0
    changed = solution().replace(SIGMOID, "return 0.5 * (1 + np.tanh(0.5 * Z))").encode()
    hashes = hash_passages(tokenize(changed).tokens)
    assert 0 < len(winnow(hashes, known.passages)) < 10


# --- the class that the tests are made with


def test_every_classmate_hands_in_python_and_no_two_the_same(students):
    for sources in students.values():
        for source in sources.values():
            compile(source, "source", "exec")
    assert len({source for sources in students.values() for source in sources.values()}) == HONEST * len(PARTS)
    for disguise in DISGUISES:
        for part, source in each(disguise, students["student20"]).items():
            compile(source, part, "exec")
