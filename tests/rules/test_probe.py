"""What rules read of probes, whatever stands in the file."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.rules import NotJudged
from tb_nnhealth.rules._probe import probed, records_of, text_of, value_of, values_of
from tests.rules.builder import healthy, with_probe


def test_a_probe_that_measured_is_read():
    found = probed(with_probe("a", ratio=0.5, losses=[1, None, 2.5], kind="x", rows=[{"loss": 3.0}]), "a")
    assert value_of(found, "ratio") == 0.5 and text_of(found, "kind") == "x"
    np.testing.assert_array_equal(values_of(found, "losses"), [1.0, np.nan, 2.5])
    assert [value_of(row, "loss") for row in records_of(found, "rows")] == [3.0]


@pytest.mark.parametrize("wrong", [None, "text", {"a": 1}, [["deep"]]])
def test_what_has_another_form_was_not_measured(wrong):
    found = probed(with_probe("a", value=wrong), "a")
    assert math.isnan(value_of(found, "value")) and records_of(found, "value") == []
    assert np.isnan(values_of(found, "value")).all()


@pytest.mark.parametrize(
    "run, reason",
    [
        (healthy(), "no preflight was run"),
        (replace(with_probe("b")), "it was not among the preflight's probes"),
        (with_probe("a", reason="no labels"), "no labels"),
    ],
)
def test_a_probe_that_did_not_measure_says_why(run, reason):
    with pytest.raises(NotJudged, match=reason):
        probed(run, "a")
