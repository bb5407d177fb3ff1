"""Targets and predictions, paired by name or by place."""

import pytest

from tb_nnhealth.pairing import paired


@pytest.mark.parametrize(
    ("targets", "predictions", "expected"),
    [
        (["b", "a"], ["a", "b"], {"a": "a", "b": "b"}),
        (["b"], ["a", "b"], {"b": "b"}),
        (["0", "1"], ["a", "b"], {"0": "a", "1": "b"}),
        (["b", "other"], ["a", "b"], {"b": "a", "other": "b"}),
        (["0"], ["a", "b"], {}),
        ([], ["a"], {}),
        (["0"], [], {}),
    ],
)
def test_paired(targets: list[str], predictions: list[str], expected: dict[str, str]) -> None:
    assert paired(targets, predictions) == expected
