"""Every known correct program gets all points, however it is written."""

import pytest

from tests.golden.variants import VARIANTS


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_gets_full_marks(name, grade):
    result = grade(VARIANTS[name])
    assert result.status == "graded"
    assert [(check.id, check.got) for check in result.failed if check.part in VARIANTS[name]] == []
    assert result.score == sum(result.part_max(part) for part in VARIANTS[name])
    assert result.remarks == ()
