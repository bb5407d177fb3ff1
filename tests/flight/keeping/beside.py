"""Another module of the user's, with what a model's code takes from there."""

import keras

OPTIMIZER = keras.optimizers.SGD(0.5)


class Settings:
    metric = keras.metrics.Mean()
