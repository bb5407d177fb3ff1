"""What a record says of its values."""

import numpy as np

from tb_nnhealth.compare.record import Record


def test_over_how_many_positions_a_gradient_is_summed():
    shapes = {"conv": (4, 8, 8, 6), "conv#2": (4, 3, 3, 6), "head": (4, 5)}
    values = {("output", name): np.zeros(shape) for name, shape in shapes.items()}
    record = Record(values, {"conv/kernel": "conv", "head/bias": "head", "free": ""})
    assert record.positions("conv/kernel") == 4 * (8 * 8 + 3 * 3)
    assert record.positions("head/bias") == 4
    assert record.positions("free") == 4 * (8 * 8 + 3 * 3)  # What a weight of the model itself is for is not known.


def test_whose_gradients_are_plain_sums():
    axes = {"dense/kernel": 2, "dense/bias": 1, "norm/gamma": 1, "query/kernel": 3, "query/bias": 2, "scale": 0}
    values = {("weights", name): np.zeros([2] * rank) for name, rank in axes.items()}
    record = Record(values, {name: name.rpartition("/")[0] for name in axes})
    assert [name for name in axes if record.is_plain_sum(name)] == ["dense/bias", "norm/gamma", "query/bias", "scale"]
