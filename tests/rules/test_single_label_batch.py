"""single-label-batch: sorted data."""

import numpy as np
import pytest

from tb_nnhealth.numbers import number
from tests.rules.builder import STEPS, findings, healthy, stuck, verdict, with_classes

RULE = "single-label-batch"
SORTED = 32 * np.eye(10)[(STEPS * 10 // 1000) % 10]
HALF_SORTED = 16 * (np.eye(10)[(STEPS * 10 // 1000) % 10] + np.eye(10)[(STEPS * 10 // 1000 + 1) % 10])
RARE = np.where(np.arange(len(STEPS))[:, None] % 9, [32, 0], [31, 1])
LIMITS = {
    "share": (with_classes(healthy(), SORTED), 1.0),
    "differ": (with_classes(healthy(), HALF_SORTED), 30),
    "examples": (with_classes(healthy(), SORTED), 33),
    "chance": (with_classes(healthy(), RARE), 1.0),
    "batches": (with_classes(healthy(), SORTED), 29),
}


def test_mixed_batches_pass():
    assert findings(RULE, with_classes(stuck(healthy()), np.full(10, 3))) == ()


def test_sorted_batches_are_an_error():
    (finding,) = findings(RULE, with_classes(stuck(healthy()), SORTED))
    assert (finding.severity, finding.observed) == ("error", 1.0)
    assert finding.statistic == "feature_std_max"  # of the target: 0 where the examples have one label
    assert findings(RULE, with_classes(healthy(), SORTED))[0].severity == "warning"


def test_batches_that_differ_far_more_than_by_chance_are_an_error():
    (finding,) = findings(RULE, with_classes(stuck(healthy()), HALF_SORTED))
    assert (finding.severity, finding.unit) == ("error", "ratio") and 10 < finding.observed < 20
    told = f"The classes of y differ from batch to batch {number(finding.observed)} times as much as in shuffled ones."
    assert finding.message == told
    assert findings(RULE, with_classes(healthy(), HALF_SORTED))[0].severity == "warning"


def test_shuffled_batches_of_uneven_classes_pass():
    drawn = np.random.default_rng(0).multinomial(32, [0.7, 0.2, 0.05, 0.05], len(STEPS))
    assert findings(RULE, with_classes(stuck(healthy()), drawn)) == ()


def test_the_labels_of_a_sequence_go_together():
    assert findings(RULE, with_classes(stuck(healthy()), 4 * HALF_SORTED)) == ()


def test_rare_positives_are_chance():
    assert findings(RULE, with_classes(stuck(healthy()), RARE)) == ()


@pytest.mark.parametrize("counts", [SORTED / 32, np.eye(10)[np.zeros(len(STEPS), int)] * 32])
def test_small_batches_and_a_single_class_tell_nothing(counts):
    assert verdict(RULE, with_classes(stuck(healthy()), counts)).status == "no_data"


def test_uncounted_is_no_data():
    assert verdict(RULE, healthy()).status == "no_data"
