"""Every right program we know of gets full marks, however it is written."""

import pytest

from tests.golden.variants import VARIANTS


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_gets_full_marks(name, grade):
    result = grade(VARIANTS[name])
    assert [(check.id, check.got) for check in result.failed] == []
    assert (result.status, result.score) == ("graded", result.max_score)
