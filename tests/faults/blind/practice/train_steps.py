"""Mistakes in a `train_step` of one's own."""

from typing import Any

from tests.faults.blind.practice import data, models
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import Trial

CASES = Cases()


@CASES.sick("own train_step, regression", "loss-label-mismatch")
def train_step_loss_broadcasts(seed: int, fixed: bool) -> Trial:
    """In the train_step the targets have shape (batch,) and the predictions (batch, 1), so the difference broadcasts to
    (batch, batch) and the model learns the mean; give both the same shape.

    https://github.com/sktime/sktime/issues/10931
    """
    import keras
    import tensorflow as tf

    (x, y), held = data.friedman(seed)

    class Regressor(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.net = models.mlp(10, (64, 64), 1)
            self.mean_loss = keras.metrics.Mean(name="loss")

        @property
        def metrics(self) -> list[Any]:
            return [self.mean_loss]

        def call(self, x: Any, training: bool = False) -> Any:
            return self.net(x, training=training)

        def _loss(self, y: Any, p: Any) -> Any:
            if fixed:
                y = tf.reshape(y, tf.shape(p))
            return tf.reduce_mean(tf.square(y - p))

        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = self._loss(y, self(x, training=True))
            g = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(g, self.trainable_variables, strict=True))
            self.mean_loss.update_state(loss)
            return {"loss": self.mean_loss.result()}

        def test_step(self, data: Any) -> Any:
            x, y = data
            self.mean_loss.update_state(self._loss(y, self(x, training=False)))
            return {"loss": self.mean_loss.result()}

    model = Regressor()
    model.compile(optimizer=keras.optimizers.Adam(2e-3))
    return Trial(model, x, y, held, {"epochs": 30, "batch_size": 32})


@CASES.sick("own train_step, MLP with BatchNorm", "train-eval-mismatch", "unnormalized-input", "unchanged-variable")
def train_step_without_training_flag(seed: int, fixed: bool) -> Trial:
    """The own train_step calls self(x) without training=True, so BatchNormalization never uses nor updates statistics
    and the raw inputs (hundreds) stay unnormalized; call self(x, training=True).
    """
    import keras
    from keras import layers

    x, y = data.table("wine", seed)
    (x, y), held = data.cut(x.astype("float32"), y.astype("int32"), 130)
    net = stack(
        (13,),
        layers.BatchNormalization(momentum=0.9),
        layers.Dense(32, activation="relu"),
        layers.BatchNormalization(momentum=0.9),
        layers.Dense(3, activation="softmax"),
    )
    model = models.stepping(net, keras.losses.sparse_categorical_crossentropy, training=fixed)
    models.classifier(model, keras.optimizers.SGD(0.03, momentum=0.9))
    return Trial(model, x, y, held, {"epochs": 30, "batch_size": 16})


@CASES.sick("own train_step, sparse regression", "overfitting", "no-regularization")
def train_step_forgets_regularisers(seed: int, fixed: bool) -> Trial:
    """The own train_step never adds self.losses, so the L1 regularizer of the layers has no effect and 300 features
    overfit 150 examples; add sum(self.losses) to the loss.

    https://github.com/srihari-humbarwadi/person_segmentation_tf2.0/issues/5
    """
    import keras
    from keras import layers

    (x, y), held = data.sparse(seed)
    net = stack((300,), layers.Dense(1, kernel_regularizer=keras.regularizers.L1(0.1)))
    model = models.stepping(net, keras.losses.mean_squared_error, penalties=fixed)
    model.compile(keras.optimizers.Adam(2e-2), loss="mse")
    return Trial(model, x, y, held, {"epochs": 70, "batch_size": 32})


@CASES.sick("own train_step, encoder + head", "missing-gradient", "unchanged-variable", "frozen-variables")
def gradients_for_the_head_only(seed: int, fixed: bool) -> Trial:
    """The own train_step takes gradients for self.head.trainable_variables only, so the encoder keeps its random
    weights; use all trainable_variables of the model.

    https://github.com/tensorflow/tensorflow/issues/45582
    """
    import keras

    (x, y), held = data.spirals(seed)
    encoder = models.mlp(2, (32, 32), 8, last="relu")
    head = models.mlp(8, (), 3, last="softmax")
    net = stack((2,), encoder, head)
    model = models.stepping(
        net,
        keras.losses.sparse_categorical_crossentropy,
        variables=None if fixed else (lambda: head.trainable_variables),
    )
    models.classifier(model, keras.optimizers.Adam(5e-3))
    return Trial(model, x, y, held, {"epochs": 30, "batch_size": 32})


@CASES.sick(
    "own train_step, mixed_float16 MLP",
    "loss-scale-collapse",
    "vanishing-gradient",
    "unchanged-variable",
    "low-update-ratio",
    "missing-gradient",
)
def mixed_precision_loss_not_scaled(seed: int, fixed: bool) -> Trial:
    """The optimizer is a LossScaleOptimizer, but the own train_step does not call optimizer.scale_loss, so the
    gradients are divided by 32768 without having been multiplied; scale the loss before taking gradients.

    https://github.com/Jannoshh/simple-sam/issues/5
    """
    import keras
    from keras import layers

    (x, y), held = data.flat_digits(seed)
    net = stack(
        (64,),
        layers.Dense(64, activation="relu", dtype="mixed_float16"),
        layers.Dense(64, activation="relu", dtype="mixed_float16"),
        layers.Dense(10, activation="softmax", dtype="float32"),
    )
    model = models.stepping(net, keras.losses.sparse_categorical_crossentropy, scaled=fixed)
    models.classifier(model, keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.05, momentum=0.9)))
    return Trial(model, x, y, held, {"epochs": 12, "batch_size": 32})


@CASES.sick("GAN, own train_step", "increasing-loss")
def generator_trained_with_the_wrong_labels(seed: int, fixed: bool) -> Trial:
    """The generator's loss uses the label 'fake' for its own samples, so it helps the discriminator instead of fooling
    it; use the label 'real' in the generator step.
    """
    return Trial(models.gan(fixed), data.half_circle(seed), None, None, {"epochs": 50, "batch_size": 64})
