"""Short trainings of a model's own variables."""

import gc

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.keeping.kept import kept
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.trainer import Trainer


def classes(examples=48, features=6):
    random = np.random.default_rng(0)
    x = random.normal(size=(examples, features)).astype("float32")
    return x, (x[:, 0] > 0).astype("int32") + (x[:, 1] > 0)


def compiled(*hidden, optimizer="adam", loss="sparse_categorical_crossentropy", units=3):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((6,)), *hidden, layers.Dense(units, activation="softmax")])
    model.compile(optimizer, loss)
    return model


def subject_of(model, **changes):
    x, y = classes()
    return Subject(model, Sample(**{"x": x, "y": y, "batch_size": 16, **changes}))


def trained(trainer, sample, steps=60):
    return trainer.train([sample] * steps, Clock(60))


@pytest.mark.parametrize("optimizer", ["adam", "own"])
def test_it_trains_and_can_be_taken_back(optimizer):
    subject = subject_of(compiled(layers.Dense(16, activation="relu"), layers.Dropout(0.5)))
    trainer = Trainer(subject, optimizer)
    before = subject.model.get_weights()
    first = trained(trainer, subject.training)
    assert first.dtype == np.float64 and len(first) == 60 and first[-1] < 0.9 * first[0]
    trainer.reset()
    for value, start in zip(subject.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, start)
    np.testing.assert_allclose(trained(trainer, subject.training), first, rtol=1e-4)


def test_a_trainer_that_is_made_late_begins_where_the_first_did():
    subject = subject_of(compiled(layers.Dense(16, activation="relu")))
    before = subject.model.get_weights()
    trained(Trainer(subject), subject.training, 3)
    Trainer(subject, "own").reset()
    for value, start in zip(subject.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, start)


def test_the_losses_of_single_examples_are_those_of_keras():
    subject = subject_of(compiled(layers.Dense(8, kernel_regularizer="l2"), layers.Dropout(0.5)))
    x, y = classes()
    expected = -np.log(subject.model.predict(x, verbose=0)[np.arange(len(y)), y])
    np.testing.assert_allclose(Trainer(subject).losses(subject.training.take(np.arange(37))), expected[:37], rtol=1e-4)


def test_losses_of_several_outputs_and_weights_add_up():
    x, y = classes()
    inputs = keras.Input((6,))
    model = keras.Model(inputs, {"c": layers.Dense(3, name="c")(inputs), "r": layers.Dense(1, name="r")(inputs)})
    loss = {"c": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "r": "mse"}
    model.compile("sgd", loss, loss_weights={"c": 1.0, "r": 3.0})
    weights = {"c": np.linspace(0, 2, 48), "r": np.ones(48)}
    targets = {"c": y, "r": x[:, :1].astype("float64")}
    losses = Trainer(subject_of(model, y=targets, weights=weights)).losses(Sample(x, targets, weights, 16))
    assert losses.mean() == pytest.approx(model.evaluate(x, targets, sample_weight=weights, verbose=0)[0], rel=1e-4)
    assert len(set(np.round(losses, 6))) > 40


def test_masked_positions_do_not_count_in_an_examples_loss():
    random = np.random.default_rng(0)
    x = random.integers(1, 9, (8, 5)) * (np.arange(5) < random.integers(1, 6, (8, 1)))
    model = keras.Sequential([keras.Input((5,)), layers.Embedding(9, 4, mask_zero=True), layers.Dense(9)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    one = [model.evaluate(x[i : i + 1], x[i : i + 1], verbose=0) for i in range(8)]
    np.testing.assert_allclose(Trainer(subject_of(model, x=x, y=x)).losses(Sample(x, x)), one, rtol=1e-4)


@pytest.mark.parametrize("is_quiet", [False, True])
def test_quiet_is_the_same_at_each_step_and_without_penalties(is_quiet):
    noise = (layers.GaussianNoise(1.0), layers.Dropout(0.5), layers.Dense(4, activity_regularizer="l1"))
    subject = subject_of(compiled(*noise, layers.Dense(4, kernel_regularizer=keras.regularizers.L2(9.0))))
    trainer = Trainer(subject, quiet=is_quiet)
    trainer.set_rate(0.0)
    losses = trained(trainer, subject.training, 3)
    assert (np.ptp(losses) == 0) == is_quiet
    assert (losses[0] == pytest.approx(trainer.losses(subject.training).mean(), rel=1e-4)) == is_quiet
    assert subject.model.layers[-2].kernel.regularizer is not None


def test_quiet_recurrent_layers_drop_nothing():
    model = keras.Sequential(
        [keras.Input((4, 3)), layers.Bidirectional(layers.LSTM(4, dropout=0.5, recurrent_dropout=0.5)), layers.Dense(1)]
    )
    model.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(8, 4, 3))
    trainer = Trainer(subject_of(model, x=x, y=x[:, 0, :1]), quiet=True)
    trainer.set_rate(0.0)
    assert np.ptp(trained(trainer, Sample(x, x[:, 0, :1]), 3)) == 0


@keras.saving.register_keras_serializable("tests")
class Noise(layers.Layer):
    def call(self, inputs, training=False):
        return inputs + keras.random.normal(keras.ops.shape(inputs)) if training else inputs


def test_in_inference_there_is_no_noise_of_own_layers_but_batch_normalization_takes_the_batch():
    subject = subject_of(compiled(Noise(), layers.BatchNormalization()), x=classes()[0] * 50 + 100)
    trainer = Trainer(subject, quiet=True, in_inference=True)
    trainer.set_rate(0.0)
    losses = trained(trainer, subject.training, 3)
    assert np.ptp(losses) == 0 and losses[0] < 3


def test_moving_statistics_follow_a_short_training():
    subject = subject_of(compiled(layers.BatchNormalization()), x=classes()[0] * 50 + 100)
    trainer = Trainer(subject)
    assert trainer.losses(subject.training).mean() > 5
    trained(trainer, subject.training)
    assert trainer.losses(subject.training).mean() < 3
    assert subject.model.layers[0].momentum == 0.99


def test_half_precision_scales_the_loss():
    policy = keras.DTypePolicy("mixed_float16")
    subject = subject_of(compiled(layers.Dense(16, activation="relu", dtype=policy)))
    trainer = Trainer(subject)
    assert isinstance(trainer.optimizer, keras.optimizers.LossScaleOptimizer)
    losses = trained(trainer, subject.training)
    assert losses[-1] < 0.9 * losses[0]


PARTS = (keras.optimizers.SGD(1e-2), keras.optimizers.Adam(1e-3))


def selected(variable):
    return PARTS["kernel" in variable.path]


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9), momentum=0.9),
        keras.optimizers.AdamW(0.5, gradient_accumulation_steps=4, use_ema=True),
        keras.optimizers.LossScaleOptimizer(keras.optimizers.RMSprop(0.5)),
        keras.optimizers.MultiOptimizer(selected),
    ],
)
def test_a_copy_of_any_optimizer_takes_another_rate(optimizer):
    subject = subject_of(compiled(layers.Dense(4), optimizer=optimizer))
    trainer = Trainer(subject, "own")
    assert trainer.optimizer is not subject.model.optimizer
    for rate, is_moved in ((0.0, False), (0.05, True)):
        trainer.reset()
        trainer.set_rate(rate)
        losses = trained(trainer, subject.training, 5)
        assert (np.ptp(losses) > 0) == is_moved
    assert int(subject.model.optimizer.iterations) == 0


def test_rates_of_several_optimizers_keep_their_proportion():
    subject = subject_of(compiled(optimizer=keras.optimizers.MultiOptimizer(selected)))
    trainer = Trainer(subject, "own")
    trained(trainer, subject.training, 1)
    trainer.set_rate(1.0)
    rates = {type(part).__name__: float(part.learning_rate) for part in trainer.optimizer.optimizers}
    assert rates["SGD"] == pytest.approx(10 * rates["Adam"]) and max(rates.values()) >= 1.0


class Rateless(keras.optimizers.SGD):
    @property
    def learning_rate(self):
        raise ValueError("none")


def test_an_optimizer_whose_rate_cannot_be_read_is_told_so():
    with pytest.raises(NotMeasured, match=r"^the optimizer Rateless has no learning rate that can be read$"):
        Trainer(subject_of(compiled(optimizer=Rateless(0.1))), "own")


def test_nothing_is_trained_where_all_is_frozen():
    model = compiled(layers.Dense(4))
    model.trainable = False
    subject = subject_of(model)
    assert np.ptp(trained(Trainer(subject), subject.training, 3)) == 0


def test_time_ends_a_training():
    subject = subject_of(compiled())
    assert len(Trainer(subject).train([subject.training] * 5, Clock(0.0))) == 0


class OwnStep(keras.Sequential):
    def train_step(self, data):
        return {"loss": 0.0}


def test_what_cannot_be_trained_says_why():
    with pytest.raises(NotMeasured, match="not compiled"):
        Trainer(subject_of(keras.Sequential([keras.Input((6,)), layers.Dense(3)])))
    model = OwnStep([keras.Input((6,)), layers.Dense(3)])
    model.compile("sgd", "mse")
    with pytest.raises(NotMeasured, match="train_step of its own"):
        Trainer(subject_of(model))
    model = compiled()
    model.train_step = lambda data: {"loss": 0.0}
    with pytest.raises(NotMeasured, match="train_step of its own"):
        Trainer(subject_of(model))
    subject = subject_of(compiled(loss="categorical_crossentropy"))
    with pytest.raises(NotMeasured, match="a step of training breaks: "):
        trained(Trainer(subject), subject.training, 1)


class Contrast(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return keras.ops.mean(keras.ops.matmul(y_pred, keras.ops.transpose(y_pred)))


def test_a_loss_of_the_models_own_is_that_of_its_batch():
    model = Contrast([keras.Input((6,)), layers.Dense(3)])
    model.compile("sgd")
    subject = subject_of(model, batch_size=24)
    losses = Trainer(subject).losses(subject.training)
    assert losses.shape == (48,) and len(set(losses)) == 2
    assert trained(Trainer(subject), subject.training)[-1] < losses.mean()


class Autoencoder(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, x, y_pred, sample_weight, training)


def test_a_compiled_loss_that_the_model_calls_itself_needs_no_targets():
    model = Autoencoder([keras.Input((6,)), layers.Dense(6)])
    model.compile("sgd", "mse")
    losses = trained(Trainer(subject_of(model, y=None)), subject_of(model, y=None).training)
    assert losses[-1] < 0.95 * losses[0]
    with pytest.raises(NotMeasured, match="there are no targets"):
        Trainer(subject_of(compiled(), y=None))


def test_probes_share_what_is_compiled():
    subject = subject_of(compiled())
    trainer = subject.shared(Trainer, quiet=True)
    assert subject.shared(Trainer, quiet=True) is trainer and subject.shared(Trainer, quiet=False) is not trainer
    assert Trainer(subject, "own", quiet=True)._objective is trainer._objective
    assert Trainer(subject)._objective is not trainer._objective


def test_a_model_for_batches_of_one_size_is_evaluated_in_such():
    model = keras.Sequential([keras.Input(batch_shape=(16, 4, 3)), layers.LSTM(4, stateful=True), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(40, 4, 3))
    subject = subject_of(model, x=x, y=x[:, 0, :1])
    assert Trainer(subject).losses(subject.training).shape == (40,)
    assert len(Trainer(subject).train([subject.training.take(np.arange(16))], Clock(9))) == 1


def test_an_eager_model_is_trained_eagerly():
    model = compiled()
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    subject = subject_of(model)
    assert trained(Trainer(subject), subject.training, 3)[-1] > 0


def test_what_is_compiled_can_be_used_after_the_model_was_brought_back():
    x, _ = classes()
    inputs = keras.Input((6,))
    model = keras.Model(inputs, [layers.Dense(3)(inputs), layers.Dense(1)(layers.BatchNormalization()(inputs))])
    model.compile("adam", ["mse", "mse"])
    subject = subject_of(model, y=[x[:, :3], x[:, :1]])
    seen = []
    for _ in range(2):
        with kept(model):
            trainer = subject.shared(Trainer)
            trainer.reset()
            trained(trainer, subject.training, 9)
            seen.append((trainer.losses(subject.training).mean(), *trained(trainer, subject.training, 2)))
        gc.collect()
    np.testing.assert_allclose(*seen, rtol=1e-4)


class Squares(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3, activity_regularizer="l2")

    def call(self, inputs):
        answer = self.dense(inputs)
        self.add_loss(keras.ops.mean(answer**2))
        return answer


def test_what_layers_add_is_a_part_of_the_loss():
    model = Squares()
    model(classes()[0][:2])
    model.compile("sgd")
    subject = subject_of(model, y=None)
    losses = trained(Trainer(subject), subject.training)
    assert losses[-1] < 0.9 * losses[0]
    assert Trainer(subject).losses(subject.training).shape == (48,)
