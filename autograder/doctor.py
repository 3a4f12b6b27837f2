"""`make doctor`: which isolation layers work on this machine."""

from autograder.errors import CALLED_WRONGLY
from autograder.report.doctor import assess_layers, build_layers_table
from autograder.report.terminal import console
from autograder.sandbox import layers
from autograder.sandbox.host import Zygote
from autograder.sandbox.limits import Limits


def run_doctor() -> int:
    """Print which isolation layers work on this machine; return CALLED_WRONGLY if they are too few to grade with."""
    zygote = Zygote(Limits(accept=tuple(layers.MINIMUM)))
    zygote.close()
    console().print(build_layers_table(zygote.missing))
    print(f"\n{assess_layers(zygote.missing)}")
    return CALLED_WRONGLY if layers.lacking(zygote.layers, ()) else 0
