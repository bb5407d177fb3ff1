"""Arrays by name, and windows of a series."""

import numpy as np
import pytest

from tb_nnhealth.flight.examples.rows import are_windows, named_arrays, rows_of

ONE, OTHER = np.zeros(3), np.ones(3)


@pytest.mark.parametrize(
    ("structure", "names", "expected"),
    [
        (ONE, None, ["0"]),
        (ONE, ["kind"], ["kind"]),
        ([ONE, OTHER], ["kind", "size"], ["kind", "size"]),
        ([ONE, OTHER], ["kind"], ["0", "1"]),
        ({"b": ONE, "a": [ONE, OTHER]}, None, ["b", "a/0", "a/1"]),
        ([ONE, None], None, ["0"]),
        (None, None, []),
    ],
)
def test_names(structure, names, expected):
    assert [name for name, _ in named_arrays(structure, names)] == expected


def test_rows_are_finite_numbers():
    assert rows_of(np.array([[[np.nan, 1]], [[1e200, 2]]])).tolist() == [[0, 1], [0, 2]]


def test_windows_of_a_series():
    walk = np.cumsum(np.random.default_rng(0).normal(size=100))
    windows = np.stack([walk[i : i + 10] for i in range(80)])
    assert are_windows(windows) and are_windows(windows[..., None])
    assert not are_windows(np.random.default_rng(0).permutation(windows))
    assert not are_windows(np.zeros((80, 10))) and not are_windows(windows[:5])
