"""Every error that a user can cause ends a command with its sentence and its exit code."""

import pytest

from autograder import cli, doctor
from autograder.cluster import ClusterError
from autograder.errors import AutograderError
from autograder.files import OutputError
from autograder.gradebook import GradebookError
from autograder.intake.find import IntakeError
from autograder.lock import LockedError
from autograder.packaging.regions import BuildError
from autograder.sandbox.layers import WeakSandboxError
from autograder.settings import SettingsError


class OtherError(AutograderError):
    exit_code = 7


ERRORS = {
    **dict.fromkeys(
        (
            *(BuildError, ClusterError, GradebookError, IntakeError, LockedError, OutputError, SettingsError),
            WeakSandboxError,
        ),
        2,
    ),
    OtherError: 7,
}


@pytest.mark.parametrize(("error", "exit_code"), ERRORS.items())
def test_an_error_ends_a_command_with_its_sentence(error, exit_code, monkeypatch, capsys):
    def fail():
        raise error("This cannot be done.")

    monkeypatch.setattr(doctor, "run_doctor", fail)
    assert cli.main(["doctor"]) == exit_code
    assert capsys.readouterr() == ("", "This cannot be done.\n")
