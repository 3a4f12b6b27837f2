"""Right programs that look unusual: each of them gets all the points of the parts it hands in."""

from tests.golden.programs import solution
from tests.golden.variants import styles
from tests.golden.variants.dnn import DNN
from tests.golden.variants.extension import ALONE, EXTENSION
from tests.golden.variants.warmup import WARMUP

RIGHT_DNN = {"dnn": solution().encode()}
VARIANTS: dict[str, dict[str, bytes]] = {
    **{f"warmup: {name}": {"warmup": source} for name, source in {**WARMUP, **styles.WARMUP}.items()},
    **{f"dnn: {name}": {"dnn": source} for name, source in {**DNN, **styles.DNN}.items()},
    **{f"extension: {name}": {**RIGHT_DNN, "extension": source} for name, source in {**EXTENSION, **styles.EXTENSION}.items()},
    **{f"extension alone: {name}": {"extension": source} for name, source in ALONE.items()},
}
