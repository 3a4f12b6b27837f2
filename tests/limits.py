"""The limits of the judges that the tests start."""

from autograder.sandbox.limits import Limits

QUICK = Limits(call_seconds=1.0, import_seconds=2.0, submission_seconds=20.0)
