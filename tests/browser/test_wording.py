"""What the tab and the report say alike is written twice, in two languages: they say the same."""

import itertools

import pytest

from tb_nnhealth.faces import wording
from tb_nnhealth.faces.verdict import headline, state_of, unjudged
from tb_nnhealth.rules import DIAGNOSES, Finding
from tb_nnhealth.scorecard import Scorecard
from tests.browser.test_heatmap import imported

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("tensorboard", ["slow"], indirect=True)]

SIZES = [1.0, 1.125, 1.245, 2.5, 9.995, 99.95, 123.4, 250.5, 999.5, 999.96]
NUMBERS = [sign * size * 10.0**power for sign, size, power in itertools.product((1, -1), SIZES, range(-9, 9))]
RULES = [diagnosis.rule for diagnosis in DIAGNOSES.values()]
TEXTS = [
    *(text for rule in RULES for text in (rule.name, rule.title, rule.passing_title)),
    "", "NaN appears", "relu6 is bounded", "x_y", "nothing was found", "the end!", "a, b", "Non-finite", "I am", "so:",
]  # fmt: skip


def test_numbers(open_tab, tensorboard):
    tab = open_tab()
    units = ["", "ratio", "fraction", "0 or 1", "steps"]
    given = [[value, unit] for value, unit in itertools.product([*NUMBERS, 0.0, None], units)]
    found = imported(tensorboard, tab, "format.js", "all => all.map(([value, unit]) => m.quantity(value, unit))", given)
    assert found == [wording.quantity(value, unit) for value, unit in given]


def test_counts(open_tab, tensorboard):
    given = [0, 1, 2, 999, 1000, 1005, 1234, 50_890, 999_950, 1_500_000, 2_345_000_000]
    body = "all => all.map(n => [m.short(n), m.plural(n, 'check'), m.steps(0, n), m.steps(n, null)])"
    assert imported(tensorboard, open_tab(), "format.js", body, given) == [
        [wording.short(c), wording.plural(c, "check"), wording.steps(0, c), wording.steps(c, None)] for c in given
    ]


def test_sentences(open_tab, tensorboard):
    body = "all => all.map(text => [m.words(text), m.sentence(text), m.inSentence(text)])"
    assert imported(tensorboard, open_tab(), "format.js", body, TEXTS) == [
        [wording.words(text), wording.sentence(text), wording.in_sentence(text)] for text in TEXTS
    ]


def test_places(open_tab, tensorboard):
    names = ("variable", "layer", "tensor")
    given = [dict(zip(names, places, strict=True)) for places in itertools.product((None, "a/b", "c"), repeat=3)]
    found = imported(tensorboard, open_tab(), "format.js", "all => all.map(m.where)", given)
    assert found == [list(Finding("rule", "error", "", **places).where) for places in given]


@pytest.mark.parametrize("run", ["calm", "good", "sick"])
def test_the_verdict(run, open_tab, tensorboard):
    tab = open_tab(f"{run}/health")
    card = Scorecard.from_logdir(tensorboard.log_dir / run)
    state, sentence = headline(card, is_finished=True)
    verdict = tab.frame.locator("section.verdict")
    assert (verdict.get_attribute("data-state"), verdict.locator("h1").inner_text()) == (state, sentence)
    notes = [note.strip() for note in verdict.locator("ul.notes li").all_inner_texts()]
    assert notes[len(notes) - len(unjudged(card)) :] == unjudged(card)
    rules = [{"status": rule.status, "severity": rule.severity} for rule in card.rules]
    states = imported(tensorboard, tab, "views/verdict.js", "all => all.map(m.stateOf)", rules)
    assert states == [state_of(rule) for rule in card.rules]
