"""The bands in which statistics are healthy."""

import pytest

from tb_nnhealth.faces.bands import LIMITS, Band, bands
from tb_nnhealth.rules import DIAGNOSES
from tb_nnhealth.scorecard import Scorecard
from tests.rules.builder import healthy

NAMED = [(statistic, *limit) for statistic, limits in LIMITS.items() for limit in limits if limit]


def test_the_limits_are_those_in_force():
    card = Scorecard.from_run(healthy(), {"high-update-ratio": {"warning": 0.02}})
    low, worst = (
        DIAGNOSES["low-update-ratio"].rule.limits["warning"],
        DIAGNOSES["high-update-ratio"].rule.limits["error"],
    )
    assert bands(card)["update_ratio"] == Band(low, 0.02, worst, 1e-4)
    limits = DIAGNOSES["dead-units"].rule.limits
    assert bands(card)["dead_unit_fraction"] == Band(None, limits["warning"], limits["error"])
    assert "gradient_rms" not in bands(card)


def test_rules_that_are_off_set_no_limit():
    card = Scorecard.from_run(healthy(), {"dead-units": {"enabled": False}, "low-update-ratio": {"enabled": False}})
    assert "dead_unit_fraction" not in bands(card) and bands(card)["update_ratio"].low is None


def test_what_is_usual_is_within_the_limits():
    card = Scorecard.from_run(healthy(), {"low-update-ratio": {"warning": 1e-3}})
    assert bands(card)["update_ratio"].usual == 1e-3


def test_limits_that_cross_are_no_band():
    card = Scorecard.from_run(healthy(), {"high-update-ratio": {"warning": 1e-6}})
    assert "update_ratio" not in bands(card)


@pytest.mark.parametrize(("statistic", "rule", "limit"), NAMED)
def test_each_is_a_limit_of_a_rule_on_the_statistic(statistic, rule, limit):
    assert statistic in DIAGNOSES[rule].rule.needs
    assert limit in DIAGNOSES[rule].rule.limits
