"""Run the tests as in the documentation of gradescope-utils."""

import unittest

from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner

if __name__ == "__main__":
    suite = unittest.defaultTestLoader.discover("tests")
    with open("/tmp/autograder/results/results.json", "w") as file:
        JSONTestRunner(visibility="visible", stream=file).run(suite)
