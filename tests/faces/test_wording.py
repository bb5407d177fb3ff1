"""Numbers and names as people read them."""

import math

import numpy as np
import pytest

from tb_nnhealth.faces.wording import LONGEST, in_sentence, listed, number, plain, quantity, sentence, short, steps
from tb_nnhealth.numbers import apart, percent, plural, rounded, whole


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "–"), (math.nan, "–"), (math.inf, "∞"), (-math.inf, "−∞"), (0.0, "0"), (-0.0, "0"), (7.0, "7"),
        (-7.0, "−7"), (0.12345, "0.123"), (1234.5, "1,235"), (1e-4, "1e-4"), (2.5e-8, "2.5e-8"), (3e6, "3e6"),
        (999999.0, "999,999"), (1.7976931348623157e308, "1.8e308"), (-5e-324, "−4.9e-324"),
    ],
)  # fmt: skip
def test_number(value, told):
    assert number(value) == told


def test_quantity_has_its_unit():
    assert [quantity(0.5, "fraction"), quantity(2.0, "ratio"), quantity(3.0, "elements")] == ["50 %", "2", "3 elements"]
    assert [quantity(1.0, "of the batches"), quantity(0.5, "of the columns")] == [
        "100 % of the batches",
        "50 % of the columns",
    ]
    assert [quantity(1.0, "elements"), quantity(1.0, "examples/s")] == ["1 element", "1 examples/s"]


def test_a_name_is_not_told_as_a_unit():
    assert [quantity(0.5, "learning rate"), quantity(12.0, "label"), quantity(0.64, "accuracy")] == [
        "0.5",
        "12",
        "0.64",
    ]


def test_counts_and_steps():
    assert [short(50_890), short(999), short(1_500_000)] == ["50.9 k", "999", "1.5 M"]
    assert [steps(None, None), steps(3, 3), steps(3, 1000)] == ["", "step 3", "steps 3–1,000"]
    assert [listed(["a"]), listed(["a", "b", "c"])] == ["a", "a, b and c"]


def test_sentences():
    assert sentence("nothing was found") == "Nothing was found."
    assert sentence("NaN!") == "NaN!"
    assert in_sentence("Gradients vanish") == "gradients vanish"
    assert in_sentence("NaN appears") == "NaN appears"


def test_plain_text_is_short_and_printable():
    assert len(plain("x" * 10_000)) <= LONGEST + 1
    assert plain("a\x00b\x9f\ud800\ufffe\nc") == "a\ufffdb\ufffd\ufffd\ufffd\nc"
    assert plain("🧠 \u202e") == "🧠 \u202e"


def test_numbers_that_are_told_side_by_side_are_told_apart():
    assert apart(2.3031, 2.3008) == ("2.303", "2.301")
    assert apart(2.3, 0.1) == ("2.3", "0.1")
    assert apart(2.3, 2.3) == ("2.3", "2.3")
    assert [percent(0.0), percent(1e-6), percent(0.5)] == ["0 %", "1e-4 %", "50 %"]


def test_counts_have_their_thousands_apart_whatever_they_are_counted_in():
    assert [whole(14410), whole(np.int64(352_737)), whole(2.5), whole(12_345_678.0), whole(0)] == [
        "14,410", "352,737", "3", "12,345,678", "0",
    ]  # fmt: skip
    assert [whole(math.inf), whole(math.nan), whole(1e300)] == ["∞", "–", "1e300"]
    assert [plural(n, "step") for n in (0, 1.0, 2, 4800)] == ["0 steps", "1 step", "2 steps", "4,800 steps"]
    assert rounded(np.float32(0.001), 6) == 0.001
