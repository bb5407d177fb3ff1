"""Brief trainings: what they see, and that they are made once."""

import keras
import numpy as np
import pytest

from tb_nnhealth.flight.brief import brief_training as module
from tb_nnhealth.flight.brief.brief_training import brief_of
from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject


def subject(targets, n=200, loss="mse", first=(), **arguments):
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(n, 5)).astype("float32")
    hidden = keras.layers.Dense(16, activation="relu")
    model = keras.Sequential([keras.Input((5,)), *first, hidden, keras.layers.Dropout(0.5), keras.layers.Dense(1)])
    model.compile("sgd", loss)
    return Subject(model, Sample(x, targets(x).astype("float32"), **arguments))


def easy(x):
    return x[:, :1] - 2 * x[:, 1:2]


def noise(x):
    return np.random.default_rng(1).normal(size=(len(x), 1))


@pytest.mark.slow
def test_a_relation_is_found_and_the_training_shared():
    given = subject(easy)
    start = [variable.numpy() for variable in given.model.trainable_variables]
    (trial,) = brief_of(given).trials("real", Clock(240))
    assert trial.p < 0.01 and trial.last.relation.z > 6 and trial.last.step >= 15
    assert trial.last.losses.shape == (64,) and trial.last.losses.mean() < trial.looks[0].losses.mean()
    assert brief_of(given).trials("real", Clock(240))[0] is trial
    assert trial.uses[0][1] > 0.1 and trial.last.spread > 0.1
    (again,) = brief_of(subject(easy)).trials("real", Clock(240))
    np.testing.assert_allclose(again.losses, trial.losses, rtol=1e-3)
    moved = [variable.numpy() for variable in given.model.trainable_variables]
    assert any((one != other).any() for one, other in zip(start, moved, strict=True))


@pytest.mark.slow
def test_of_noise_none_is_found_at_any_rate_but_where_it_is_planted():
    brief = brief_of(subject(noise))
    rates = [trial.rate for trial in brief.trials("real", Clock(240))]
    assert rates == [1e-3, 1e-2] and min(trial.p for trial in brief.trials("real", Clock(240))) > 0.01
    assert min(seen.p for seen in brief.apparent.values()) > 0.01
    assert min(trial.p for trial in brief.trials("planted", Clock(240))) < 0.01
    assert len(brief.trials("shuffled", Clock(240))) == 1


@pytest.mark.slow
def test_noise_of_data_that_repeat_is_not_found_again():
    once = subject(noise, n=100)
    again = Subject(once.model, once.training.take(np.random.default_rng(2).permutation(np.arange(512) % 100)))
    brief = brief_of(again)
    assert min(trial.p for trial in brief.trials("real", Clock(240))) > 0.01
    assert brief.sample.examples == 100 and brief.held == 50


def test_a_loss_that_does_not_look_at_the_targets_is_told():
    size = lambda y, answer: keras.ops.square(answer)  # noqa: E731
    with pytest.raises(NotMeasured, match="the loss of an example by itself is the same whatever its target is"):
        brief_of(subject(easy, loss=size))


def test_what_is_there_is_seen_without_the_model():
    seen = brief_of(subject(lambda x: x[:, :1] ** 2)).apparent
    assert seen["linear"].p > 0.01 and seen["curved"].p < 0.001 and seen["any"].p < 0.01


def test_baselines_are_of_the_examples_held_out():
    found = brief_of(subject(easy)).baselines
    assert found.linear.shape == (64,) and found.linear.mean() < 1e-3 < found.constant.mean()


def test_a_training_that_was_cut_short_is_made_again_with_more_time(monkeypatch):
    monkeypatch.setattr(module, "MOST_SECONDS", 0.0)
    monkeypatch.setattr(module, "PART", 1e-9)
    brief = brief_of(subject(noise))
    (short,) = brief.trials("shuffled", Clock(240))
    monkeypatch.setattr(module, "PART", 0.5)
    (long,) = brief.trials("shuffled", Clock(240))
    assert short.is_cut and short.last.step < 15 and not long.is_cut and long.last.step == 480


def test_no_time_at_all():
    with pytest.raises(NotMeasured, match="budget"):
        brief_of(subject(easy)).trials("real", Clock(0.0))


@pytest.mark.parametrize(
    "targets, reason",
    [
        (lambda x: np.full(len(x), 3.0), "all examples are the same"),
        (lambda x: np.where(np.arange(len(x)) < 150, np.nan, x[:, 0]), "not finite"),
    ],
)
def test_targets_that_nothing_can_be_told_of(targets, reason):
    with pytest.raises(NotMeasured, match=reason):
        brief_of(subject(targets)).trials("real", Clock(240))


def test_inputs_that_may_serve_the_loss_only_are_not_asked_for():
    class Penalty(keras.layers.Layer):
        def call(self, inputs):
            self.add_loss(keras.ops.mean(inputs) * 0)
            return inputs

    (trial,) = brief_of(subject(easy, first=(Penalty(),))).trials("real", Clock(240))
    assert trial.uses == ()
