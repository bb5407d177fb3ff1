"""learning-rate-range: any optimizer's rate against where the loss explodes."""

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.probes.learning_rate_range import LEAST_BATCH, LEAST_STEPS, _fitting, measure
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.copied import own_rates
from tb_nnhealth.flight.training.trainer import Trainer
from tests.flight.flying import each, judged, measured, subject_of
from tests.flight.zoo.learning_rate_range import FLIGHTS, HEALTHY, _convolutional, _dense, _quarters, _recurrent
from tests.flight.zoo.overfit_tiny_batch import HEALTHY as OVERFIT
from tests.flight.zoo.random_input import FLIGHTS as RANDOM

NAME = "learning-rate-range"
SIX_SIGMOIDS = next(flight for flight in RANDOM if flight.name == "random-input: six layers of sigmoids")
QUICK = ("Adam", "SGD of rate 30", "SGD of rate 1e-7")


@each(FLIGHTS, QUICK)
def test_flights_are_told_as_expected(flight):
    values = measured(NAME, flight.build())
    told = judged(NAME, values)
    assert told.status == ("fail" if NAME in flight.expected else "pass")


def test_what_was_measured_is_told():
    values = measured(NAME, HEALTHY["two parts"]())
    assert len(values["rates"]) == len(values["losses"]) == len(values["smoothed"]) <= 100
    assert values["rates"][0] == pytest.approx(1e-8) and np.all(np.diff(values["rates"]) > 0)
    assert values["suggestion"] <= values["explosion"] / 10
    assert [group["optimizer"] for group in values["groups"]] == ["Adam", "SGD"]
    assert values["groups"][1]["explosion"] == pytest.approx(values["explosion"] * 10)
    assert values["explosion"] / 10 > 1e-3 and np.isfinite(values["own_loss"]), "whatever the limit `near` is"
    assert values["own"] == pytest.approx([1e-3]) and values["groups"][0]["suggestion"] == values["suggestion"]


def model_with(optimizer):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile(optimizer, "mse")
    return model


def sample():
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    return Sample(x, x[:, :1], batch_size=16)


def test_examples_that_hold_no_numbers_are_no_explosion():
    data = sample()
    data.x[::9, 0] = np.nan
    values = measure(Subject(model_with(optimizers.Adam(1e-2)), data), Clock(60))
    assert np.isfinite(values["losses"][:30]).all() and not values["explosion"] < 1e-2
    assert (values["nonfinite"], values["read"]) == (8, 64)
    data.x[1:] = np.nan
    with pytest.raises(NotMeasured, match="NaN or infinity"):
        measure(Subject(model_with("adam"), data), Clock(60))


def test_rates_of_a_schedule_are_its_first_and_its_highest():
    warmed = optimizers.schedules.CosineDecay(1e-4, 1000, warmup_target=0.05, warmup_steps=100)
    assert own_rates(optimizers.SGD(warmed)) == pytest.approx([1e-4, 0.05], rel=0.1)
    assert own_rates(optimizers.LossScaleOptimizer(optimizers.Adam(3e-3))) == pytest.approx([3e-3])


def hard(optimizer, dropout=0.0):
    """A regression of which a hundred steps learn less than what batches differ by."""
    keras.utils.set_random_seed(2)
    random = np.random.default_rng(1)
    x = random.normal(size=(600, 8)).astype("float32")
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.3 * random.normal(size=600)
    hidden = [layers.Dense(64, "tanh"), layers.Dropout(dropout), layers.Dense(64, "gelu")]
    model = keras.Sequential([keras.Input((8,)), *hidden, layers.Dense(1)])
    model.compile(optimizer, "mse")
    return Subject(model, Sample(x, y.astype("float32"), batch_size=32))


@pytest.mark.parametrize(
    "optimizer, dropout",
    [(optimizers.AdamW(1e-3), 0.0), (optimizers.SGD(0.01), 0.0), (optimizers.SGD(0.01), 0.3)],
)
def test_a_loss_that_differs_from_batch_to_batch_is_seen_to_fall(optimizer, dropout):
    keras.utils.set_random_seed(1)
    values = measure(hard(optimizer, dropout), Clock(60))
    assert values["explosion"] / 12 < values["suggestion"] <= values["explosion"] / 9


def quarters(optimizer, scale=1.0, shift=0.0):
    return subject_of(_quarters(lambda: optimizer, scale, shift)())


def accuracy_at(rate, subject, epochs=8):
    """That of `fit` from the initial weights."""
    model = subject.model
    model.compile(model.optimizer, model.loss, metrics=["accuracy"])
    model.optimizer.learning_rate.assign(rate)
    fitted = model.fit(subject.training.x, subject.training.y, epochs=epochs, verbose=0)
    return fitted.history["accuracy"][-1]


def test_the_rate_to_try_does_not_depend_on_the_models_own():
    own = (1e-9, 0.01, optimizers.schedules.PiecewiseConstantDecay([100], [1.0, 0.1]))
    told = [measure(quarters(optimizers.SGD(rate)), Clock(60)) for rate in own]
    for name in ("suggestion", "explosion", "rates"):
        np.testing.assert_allclose(told[0][name], told[1][name])
        np.testing.assert_allclose(told[0][name], told[2][name])
    assert accuracy_at(told[0]["suggestion"], quarters(optimizers.SGD(0.01))) > 0.9


def test_a_rate_at_which_the_units_die_is_not_to_be_tried():
    values = measure(quarters(optimizers.SGD(10.0)), Clock(60))
    assert values["own_fall"] < 0.1 * values["fall"] and values["suggestion"] < 1
    assert judged(NAME, values).status == "fail"
    values = measure(quarters(optimizers.Adam(1e-3), 7500, 5000), Clock(60))
    assert 1e-4 < values["suggestion"] < 0.01 < values["failed"] * 10


class Dying(optimizers.SGD):
    """Its first step makes what it trains zero."""

    def update_step(self, gradient, variable, learning_rate):
        self.assign(variable, keras.ops.zeros_like(variable))


def test_a_model_whose_answers_become_all_alike_learns_at_no_rate():
    values = measure(quarters(Dying(0.1)), Clock(60))
    assert np.isnan(values["suggestion"]) and judged(NAME, values).status == "no_data"


def test_on_the_way_to_the_mean_of_counts_nothing_is_learnt_and_nothing_told():
    values = measured(NAME, OVERFIT["counts"]())
    assert values["own_loss"] < -40 and np.isnan(values["suggestion"]) and 1e-5 < values["falling"] < 0.1
    assert judged(NAME, values).status == "no_data"


def test_where_nothing_is_learnt_in_a_few_steps_more_are_taken():
    values = measured(NAME, SIX_SIGMOIDS.build())
    assert 1e-3 < values["suggestion"] < 0.1 and judged(NAME, values).status == "pass"


class Rebuilt(keras.Model):
    """Adds as its loss how far its inputs are from what it makes of half as many numbers."""

    def __init__(self):
        super().__init__()
        self.code, self.decode = layers.Dense(2), layers.Dense(4)

    def call(self, inputs):
        made = self.decode(self.code(inputs))
        self.add_loss(keras.ops.mean((made - inputs) ** 2))
        return made


@pytest.mark.parametrize("y", [None, np.zeros((64, 4), "float32"), np.arange(256.0).reshape(64, 4)])
def test_a_loss_that_looks_at_no_targets_is_compared_with_its_start(y):
    model = Rebuilt()
    model.compile("sgd")
    x = np.random.default_rng(0).normal(size=(64, 2)).astype("float32").repeat(2, axis=1)
    model(x)
    values = measure(Subject(model, Sample(x, y, batch_size=16)), Clock(60))
    assert values["suggestion"] > 0.01 and values["fall"] > 0.1
    assert judged(NAME, values).status == "pass"


@pytest.mark.parametrize("fast", [1.0, 50.0])
def test_each_part_of_an_optimizer_is_raised_through_the_whole_range(fast):
    parts = optimizers.Adam(1e-3), optimizers.SGD(fast)
    several = optimizers.MultiOptimizer(lambda variable: parts["conv" not in variable.path])
    values = measure(quarters(several), Clock(60))
    assert values["rates"][0] == pytest.approx(1e-10 / fast)
    assert values["groups"][1]["explosion"] == pytest.approx(values["explosion"] * fast * 1e3)
    assert values["groups"][1]["own"] == fast


def test_of_several_optimizers_of_which_one_is_used_that_is_told():
    by_path = keras.optimizers.OptimizerMap(optimizers.SGD(0.05), {"nowhere/.*": optimizers.Adam(1e-3)})
    values = measure(Subject(model_with(optimizers.MultiOptimizer(by_path)), sample()), Clock(60))
    assert values["own"] == pytest.approx([0.05]) and values["groups"] == [] and values["suggestion"] > 0.01


MODELS = {"dense": _dense, "convolutional": _convolutional, "recurrent": _recurrent}
OPTIMIZERS = {
    "RMSprop": lambda: optimizers.RMSprop(1e-3),
    "SGD": lambda: optimizers.SGD(0.01, momentum=0.9),
    "Adam": lambda: optimizers.Adam(1e-3),
}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", MODELS)
def test_the_rate_to_try_trains_from_the_beginning(model, optimizer):
    build = MODELS[model](OPTIMIZERS[optimizer])
    rate = measured(NAME, build())["suggestion"]
    assert accuracy_at(rate, subject_of(build()), epochs=5) > 0.5


class Noam(optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.01 * keras.ops.minimum(1.0, (keras.ops.cast(step, "float32") + 1) / 1000)


def test_a_schedule_that_cannot_be_made_again_need_not_be():
    model = model_with(optimizers.Adam(Noam()))
    values = measure(Subject(model, sample()), Clock(60))
    assert values["own"] == pytest.approx([1e-5, 0.01]) and isinstance(model.optimizer._learning_rate, Noam)


def test_an_optimizer_that_hardly_moves_the_weights_at_any_rate_learns_at_none():
    values = measure(Subject(model_with(optimizers.SGD(0.01, clipvalue=1e-6)), sample()), Clock(60))
    assert np.isnan(values["suggestion"]) and judged(NAME, values).status == "no_data"


class Restless(optimizers.SGD):
    def get_config(self):
        return {"unknown": 1}


def test_what_cannot_be_measured_says_why():
    with pytest.raises(NotMeasured, match="optimizer Restless cannot be made again"):
        measure(Subject(model_with(Restless(0.1)), sample()), Clock(9))
    with pytest.raises(NotMeasured, match="one example"):
        measure(Subject(model_with("sgd"), sample().take([0])), Clock(9))
    with pytest.raises(NotMeasured, match="Ftrl"):
        measure(Subject(model_with("ftrl"), sample()), Clock(9))
    with pytest.raises(NotMeasured, match="not compiled"):
        measure(Subject(keras.Sequential([keras.Input((4,)), layers.Dense(1)]), sample()), Clock(9))
    with pytest.raises(NotMeasured, match="budget"):
        measure(Subject(model_with("sgd"), sample()), Clock(0.0))


class Slow(Clock):
    """A clock on which each look at it takes a second."""

    def spent(self):
        self.looks = getattr(self, "looks", 0) + 1
        return float(self.looks)


def test_few_seconds_make_few_steps_and_small_batches():
    values = measure(Subject(model_with("sgd"), sample()), Slow(350))
    assert values["batch_size"] == 16
    assert LEAST_STEPS / 2 < len(values["rates"]) < 100 and values["explosion"] < 10
    with pytest.raises(NotMeasured, match="its share of the budget was over at a learning rate of"):
        measure(Subject(model_with("sgd"), sample()), Slow(60))
    trainer, random = Trainer(Subject(model_with("sgd"), sample()), "own"), np.random.default_rng(0)
    assert LEAST_BATCH <= _fitting(trainer, sample(), random, Slow(100)).batch_size < 16
