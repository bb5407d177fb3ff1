"""learning-rate-range: the model's own rate against the explosion and the suggestion."""

import numpy as np
import pytest

from tests.rules.builder import findings, verdict, with_probe

RULE = "learning-rate-range"


def ranged(own=(1e-3,), **changes):
    start, own_loss = changes.get("start", 2.5), changes.get("own_loss")
    usual = {
        "rates": np.geomspace(1e-7, 10, 20),
        "losses": np.linspace(2.5, 1.2, 20),
        "smoothed": np.linspace(2.5, 1.3, 20),
        "start": 2.5,
        "fall": 1.2,
        "failed": None,
        "own_fall": None if None in (start, own_loss) else start - own_loss,
        "noise": 0.1,
        "explosion": 0.3,
        "suggestion": 0.03,
        "own": list(own),
        "own_loss": None,
        "groups": [],
    }
    return with_probe(RULE, **{**usual, **changes})


LIMITS = {"near": (ranged([0.2], own_loss=2.4), 1.2), "far": (ranged([1e-5]), 1e4)}


def grave(run):
    return [(finding.severity, finding.message) for finding in findings(RULE, run) if finding.severity != "info"]


@pytest.mark.parametrize("run", [ranged(), ranged([0.09]), ranged([4e-5]), ranged([0.5], own_loss=1.5)])
def test_a_rate_at_which_the_model_learns_passes_and_the_suggestion_is_told(run):
    assert verdict(RULE, run).status == "pass" and grave(run) == []
    (told,) = findings(RULE, run)
    assert told.message == "Rates up to about 0.03 can be tried: the loss explodes at 0.3."


def test_the_suggestion_is_told_with_the_size_of_the_batches_it_is_for():
    (told,) = findings(RULE, ranged(batch_size=4))
    assert told.message == "Rates up to about 0.03 can be tried in batches of 4: the loss explodes at 0.3."


@pytest.mark.parametrize(
    "own, own_loss, severity",
    [(0.2, 2.4, "warning"), (0.2, 2.79, "warning"), (0.2, 2.81, "error"), (5.0, 1e30, "error"), (5.0, 2.0, "warning")],
)
def test_a_rate_near_the_explosion_counts_where_it_does_harm(own, own_loss, severity):
    ((found, told),) = grave(ranged([own], own_loss=own_loss))
    assert found == severity and "above the 0.03 that can be tried (the loss explodes at 0.3): with it" in told


@pytest.mark.parametrize(
    "start, loss, told",
    [
        (2.5, 2.4, "falls from 2.5 to 2.4 only."),
        (2.5, 2.4996, "falls from 2.5 to 2.4996 only."),
        (2.5, 2.5, "stays at 2.5."),
        (3.15, 3.76, "rises from 3.15 to 3.76."),
        (3.15, 30.0, "rises from 3.15 to 30."),
        (-1.0, -0.9, "rises from −1 to −0.9."),
    ],
)
def test_it_is_told_whether_the_loss_falls_or_rises(start, loss, told):
    smoothed = np.linspace(start, start - 1.2, 20)
    ((_, message),) = grave(ranged([0.2], own_loss=loss, start=start, smoothed=smoothed, noise=0.5))
    assert message.endswith(f"with it the loss {told}")


def test_examples_that_hold_no_numbers_are_told_with_the_suggestion():
    (told,) = findings(RULE, ranged(nonfinite=2, read=512))
    assert told.message.endswith("explodes at 0.3. Left out for NaN or infinity: 2 of 512 examples.")
    assert "Left out" not in findings(RULE, ranged(nonfinite=0, read=512))[0].message


def test_a_loss_that_is_no_number_is_told_so():
    assert grave(ranged([5.0], own_loss=float(np.finfo(np.float32).max)))[0][1].endswith("from 2.5 to no number.")


def test_a_rate_far_below_the_suggestion_is_a_warning():
    ((severity, told),) = grave(ranged([1e-5]))
    assert severity == "warning" and "1e-5, is 3,000 times below the 0.03" in told
    assert "4.6e7 times below the 0.0464" in grave(ranged([1e-9], suggestion=0.0464))[0][1]
    assert grave(ranged([0.0])) == [
        ("warning", "The learning rate, 0, is far below the 0.03 that can be tried (the loss explodes at 0.3).")
    ]


def test_the_highest_rate_of_a_schedule_counts():
    assert grave(ranged([0.0, 1e-2])) == []
    assert grave(ranged([0.0, 3.0], own_loss=50.0))[0][0] == "error"


def test_a_loss_that_never_explodes():
    (told,) = findings(RULE, ranged(explosion=None, suggestion=1.0))
    assert told.severity == "info"
    assert told.message == (
        "Rates up to about 1 can be tried: the loss does not explode up to 10, the highest that was tried."
    )


def test_why_the_suggestion_is_no_tenth_of_the_explosion():
    (told,) = findings(RULE, ranged(explosion=4.79, suggestion=0.151, failed=0.479))
    assert told.message == (
        "Rates up to about 0.151 can be tried: at 0.479 it learns too little from the start, and the loss explodes at "
        "4.79."
    )
    (told,) = findings(RULE, ranged(explosion=None, suggestion=0.316, failed=1.0))
    assert told.message == "Rates up to about 0.316 can be tried: at 1 it learns too little from the start."


@pytest.mark.parametrize(("own_loss", "severity"), [(2.3, "error"), (1.38, "warning"), (0.5, None)])
def test_a_rate_that_kills_the_model_counts_where_nothing_explodes(own_loss, severity):
    run = ranged([10.0], start=1.4, noise=0.02, own_loss=own_loss, explosion=None, suggestion=0.316, failed=1.0)
    (told,) = findings(RULE, run)
    assert told.severity == (severity or "info")
    assert severity is None or told.message.startswith(
        "The learning rate, 10, is above the 0.316 that can be tried (at 1 it learns too little from the start): with "
    )


def test_a_rate_above_the_explosion_counts_where_none_is_recommended():
    run = ranged([5.0], own_loss=30.0, suggestion=None, fall=None)
    assert grave(run) == [
        (
            "error",
            "The learning rate, 5, is above the 0.3 at which the loss explodes: with it the loss rises from 2.5 to 30.",
        )
    ]


def test_the_same_is_told_once():
    for run in (ranged([5.0], own_loss=30.0), ranged([1e-5]), ranged([0.0]), ranged()):
        (told,) = findings(RULE, run)
        assert told.message.count("explodes") == 1 and told.message.count("can be tried") == 1


GROUPS = [
    {"optimizer": "Adam", "own": 1e-3, "explosion": 2.6e-5, "suggestion": 2.6e-6},
    {"optimizer": "SGD", "own": 50.0, "explosion": 1.3, "suggestion": 0.13},
]


def test_each_part_of_an_optimizer_gets_its_rates():
    run = ranged([1e-3], explosion=2.6e-5, suggestion=2.6e-6, own_loss=16.3, groups=GROUPS)
    (told,) = findings(RULE, run)
    assert told.message == (
        "The learning rates, Adam 0.001 with SGD 50, are above the Adam 2.6e-6 with SGD 0.13 that can be tried (the "
        "loss explodes at Adam 2.6e-5 with SGD 1.3; all rates were raised in proportion, the chart shows that of Adam)"
        ": with them the loss rises from 2.5 to 16.3."
    )
    (told,) = findings(RULE, ranged([1e-6], explosion=2.6e-5, suggestion=2.6e-6, groups=GROUPS))
    assert told.message == (
        "Rates up to about Adam 2.6e-6 with SGD 0.13 can be tried: the loss explodes at Adam 2.6e-5 with SGD 1.3; all "
        "rates were raised in proportion, the chart shows that of Adam."
    )


@pytest.mark.parametrize("own", [0.2, 5.0])
def test_a_rate_near_the_explosion_that_was_not_tried_is_not_judged(own):
    told = verdict(RULE, ranged([own], own_loss=None))
    assert told.status == "no_data" and told.reason == "no time was left to try the model's own rate"


def test_what_tells_nothing_is_no_data():
    assert "none of the learning rates" in verdict(RULE, ranged(suggestion=None)).reason
    for run in (with_probe(RULE), ranged(own="x"), ranged(start=None), ranged([np.nan])):
        assert verdict(RULE, run).status == "no_data"
    assert verdict(RULE, with_probe(RULE, reason="it is not compiled")).reason == "it is not compiled"


def test_where_it_learns_at_no_rate_only_one_at_which_the_loss_hardly_falls_is_told():
    nothing = {"suggestion": None, "fall": None}
    ((severity, message),) = grave(ranged([1e-7], falling=2.3e-3, **nothing))
    assert severity == "warning"
    assert message == (
        "The learning rate, 1e-7, is 23,000 times below the 0.0023 from which on the loss falls half as far as at any."
    )
    for borderline in (ranged([2.4e-6], falling=2.3e-3, **nothing), ranged([1e-7], falling=None, **nothing)):
        assert verdict(RULE, borderline).status == "no_data"
