"""Healthy trainings that learn without labels: autoencoders, and models that generate."""

from typing import Any

import numpy as np

from tests.faults import data
from tests.faults.building import convolutions, dense, logits_loss, stack, trial
from tests.faults.case import Case, Trial


def _itself(given: data.Data) -> data.Data:
    """Returns the data with each example as its own target."""
    x, _, (held, _) = given
    return x, x, (held, held)


def _autoencoder(seed: int) -> Trial:
    import keras
    from keras import layers

    ends = [*dense(64, 16, 64), layers.Dense(64, activation="sigmoid")]
    model = stack((8, 8, 1), layers.Flatten(), *ends, layers.Reshape((8, 8, 1)))
    optimizer = keras.optimizers.Adam(2e-3)
    return trial(model, _itself(data.digits(seed)), optimizer, "binary_crossentropy", epochs=10, batch_size=32)


def _linear_autoencoder(seed: int) -> Trial:
    """Does what an analysis of principal components does."""
    import keras
    from keras import layers

    model = stack((64,), layers.Dense(12), layers.Dense(64))
    return trial(model, _itself(data.flat_digits(seed)), keras.optimizers.Adam(2e-3), "mse", epochs=8, batch_size=32)


def _convolutional_autoencoder(seed: int) -> Trial:
    import keras
    from keras import layers

    down = [layers.Conv2D(16, 3, 2, padding="same", activation="relu") for _ in range(2)]
    up = [layers.Conv2DTranspose(16, 3, 2, padding="same", activation="relu") for _ in range(2)]
    model = stack((16, 16, 3), *down, *up, layers.Conv2D(3, 3, padding="same"))
    pieces = data.standardized(data.photographs(seed))
    pieces = data.split(pieces, pieces, seed)
    return trial(model, pieces, keras.optimizers.Adam(2e-3), "mse", ["mae"], epochs=8, batch_size=16)


def _denoising_autoencoder(seed: int) -> Trial:
    import keras
    from keras import layers

    images, _, (held, _) = data.digits(seed)
    noise = np.random.default_rng(seed)
    noisy, held_noisy = (x + noise.normal(0, 0.3, x.shape).astype("float32") for x in (images, held))
    model = stack((8, 8, 1), *convolutions(16, 16), layers.Conv2D(1, 3, padding="same", activation="sigmoid"))
    pairs = (noisy, images, (held_noisy, held))
    return trial(model, pairs, keras.optimizers.Adam(2e-3), "mse", epochs=8, batch_size=32)


def _variational_autoencoder(seed: int) -> Trial:
    import keras
    from keras import layers, ops

    class VariationalAutoencoder(keras.Model):
        """Encodes each digit as a normal distribution, and decodes what is drawn from it."""

        def __init__(self) -> None:
            super().__init__()
            self.hidden = layers.Dense(64, activation="relu")
            self.mean, self.log_variance = layers.Dense(4), layers.Dense(4)
            self.decoder = stack((4,), *dense(64), layers.Dense(64))
            self.noise = keras.random.SeedGenerator(seed)

        def call(self, x: Any) -> Any:
            hidden = self.hidden(x)
            mean, log_variance = self.mean(hidden), self.log_variance(hidden)
            drawn = keras.random.normal(ops.shape(mean), seed=self.noise)
            divergence = ops.exp(log_variance) + ops.square(mean) - 1 - log_variance
            self.add_loss(0.5 * ops.mean(ops.sum(divergence, axis=-1)) / 64)
            return self.decoder(mean + ops.exp(0.5 * log_variance) * drawn)

    digits = data.on_inputs(data.digits(seed), lambda images: images.reshape(-1, 64))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model = VariationalAutoencoder()
    return trial(model, _itself(digits), keras.optimizers.Adam(2e-3), loss, epochs=10, batch_size=32)


def _custom_variational_autoencoder(seed: int) -> Trial:
    import keras
    import tensorflow as tf
    from keras import layers, ops

    class VariationalAutoencoder(keras.Model):
        """The same with a training step of its own."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = stack((64,), *dense(48, activation="tanh"), layers.Dense(8))
            self.decoder = stack((4,), *dense(48, activation="tanh"), layers.Dense(64))
            self.noise = keras.random.SeedGenerator(seed)
            self.mean_loss = keras.metrics.Mean("loss")

        def call(self, x: Any) -> Any:
            return self.decoder(self.encoder(x)[:, :4])

        @property
        def metrics(self) -> list[Any]:
            return [self.mean_loss]

        def train_step(self, images: Any) -> dict[str, Any]:
            with tf.GradientTape() as tape:
                mean, log_variance = ops.split(self.encoder(images, training=True), 2, axis=-1)
                drawn = keras.random.normal(ops.shape(mean), seed=self.noise)
                decoded = self.decoder(mean + ops.exp(0.5 * log_variance) * drawn, training=True)
                error = ops.mean(ops.sum(ops.square(images - decoded), axis=-1))
                divergence = ops.exp(log_variance) + ops.square(mean) - 1 - log_variance
                loss = error + 0.5 * ops.mean(ops.sum(divergence, axis=-1))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            self.mean_loss.update_state(loss)
            return {"loss": self.mean_loss.result()}

    model = VariationalAutoencoder()
    model.compile(keras.optimizers.Adam(2e-3))
    return Trial(model, data.flat_digits(seed)[0], fit_kwargs={"epochs": 10, "batch_size": 32})


def _adversarial_network(seed: int) -> Trial:
    import keras
    import tensorflow as tf
    from keras import layers, ops

    class AdversarialNetwork(keras.Model):
        """A generator of points on a ring, and a discriminator, with an optimizer each."""

        def __init__(self) -> None:
            super().__init__()
            self.generator = stack((4,), *dense(32, 32), layers.Dense(2))
            self.discriminator = stack((2,), *dense(32, 32, activation="leaky_relu"), layers.Dense(1))
            self.noise = keras.random.SeedGenerator(seed)

        def compile(self, optimizer: Any, discriminator_optimizer: Any) -> None:
            super().compile(optimizer=optimizer)
            self.discriminator_optimizer = discriminator_optimizer
            self.judgement = keras.losses.BinaryCrossentropy(from_logits=True)

        def call(self, latent: Any) -> Any:
            return self.generator(latent)

        def train_step(self, points: Any) -> dict[str, Any]:
            shape = (ops.shape(points)[0], 4)
            latent = keras.random.normal(shape, seed=self.noise)
            real, fake = ops.ones((shape[0], 1)), ops.zeros((shape[0], 1))
            with tf.GradientTape() as tape:
                judged_fake = self.discriminator(self.generator(latent))
                loss = self.judgement(real, self.discriminator(points)) + self.judgement(fake, judged_fake)
            variables = self.discriminator.trainable_variables
            self.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)
            with tf.GradientTape() as tape:
                generator_loss = self.judgement(real, self.discriminator(self.generator(latent)))
            variables = self.generator.trainable_variables
            self.optimizer.apply(tape.gradient(generator_loss, variables), variables)
            return {"discriminator_loss": loss, "generator_loss": generator_loss}

    random = np.random.default_rng(seed)
    angle = random.uniform(0, 2 * np.pi, 1600)
    points = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.05 * random.normal(size=(1600, 2))
    model = AdversarialNetwork()
    model.compile(keras.optimizers.Adam(2e-3, beta_1=0.5), keras.optimizers.Adam(2e-3, beta_1=0.5))
    return Trial(model, points.astype("float32"), fit_kwargs={"epochs": 20, "batch_size": 32})


def _diffusion(seed: int) -> Trial:
    """Predicts the noise that was mixed into points on two half moons, from the mixture and its share."""
    import keras
    from keras import layers
    from sklearn.datasets import make_moons

    random = np.random.default_rng(seed)
    points = data.standardized(make_moons(4000, noise=0.05, random_state=seed)[0])
    share = random.uniform(0.05, 0.95, (4000, 1)).astype("float32")
    noise = random.normal(size=points.shape).astype("float32")
    mixed = np.hstack([np.sqrt(1 - share) * points + np.sqrt(share) * noise, 4 * share - 2])
    model = stack((3,), *dense(64, 64, activation="silu"), layers.Dense(2))
    return trial(model, data.split(mixed, noise, seed), keras.optimizers.Adam(3e-3), "mse", epochs=6, batch_size=32)


def _contrastive(seed: int) -> Trial:
    """Finds, among the batch's digits, the other half of each: lower halves beside upper halves."""
    import keras
    import tensorflow as tf
    from keras import layers, ops

    class Contrastive(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.upper = stack((32,), *dense(64), layers.Dense(16), layers.UnitNormalization())
            self.lower = stack((32,), *dense(64), layers.Dense(16), layers.UnitNormalization())
            self.entropy = logits_loss()
            self.mean_loss = keras.metrics.Mean("loss")

        @property
        def metrics(self) -> list[Any]:
            return [self.mean_loss]

        def call(self, x: Any) -> Any:
            return 5.0 * ops.matmul(self.upper(x[:, :32]), ops.transpose(self.lower(x[:, 32:])))

        def train_step(self, images: Any) -> dict[str, Any]:
            with tf.GradientTape() as tape:
                alike = self(images, training=True)
                loss = self.entropy(ops.arange(ops.shape(alike)[0]), alike)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            self.mean_loss.update_state(loss)
            return {"loss": self.mean_loss.result()}

    model = Contrastive()
    model.compile(keras.optimizers.Adam(2e-3))
    return Trial(model, data.flat_digits(seed)[0], fit_kwargs={"epochs": 12, "batch_size": 32})


CASES = (
    Case("autoencoder", "autoencoder", _autoencoder),
    Case("linear_autoencoder", "linear autoencoder", _linear_autoencoder),
    Case("convolutional_autoencoder", "convolutional autoencoder", _convolutional_autoencoder),
    Case("denoising_autoencoder", "convolutional autoencoder", _denoising_autoencoder),
    Case("variational_autoencoder", "VAE", _variational_autoencoder),
    Case("custom_variational_autoencoder", "VAE with its own training step", _custom_variational_autoencoder),
    Case("adversarial_network", "GAN with its own training step", _adversarial_network),
    Case("diffusion", "MLP, regression", _diffusion),
    Case("contrastive", "two towers with their own training step", _contrastive),
)
