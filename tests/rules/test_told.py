"""How messages tell what a number of theirs is."""

import pytest

from tb_nnhealth.rules._told import taken_over


@pytest.mark.parametrize(
    ("which", "count", "point", "told"),
    [
        ("first", 3, "sample", "median of the first 3 samples"),
        ("last", 1234, "sample", "median of the last 1,234 samples"),
        ("last", 1, "sample", "last sample"),
        ("first", 1, "epoch", "mean of the first epoch"),
        ("last", 4, "epoch", "median of the last 4 epochs' means"),
    ],
)
def test_what_a_loss_is_taken_over(which, count, point, told):
    assert taken_over(which, count, point) == told
