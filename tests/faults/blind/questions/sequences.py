"""Questions about texts and forecasts."""

from typing import Any

from tests.faults.blind.questions import data
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import UNNAMED, Trial

CASES = Cases()


@CASES.sick("Embedding + LSTM, binary text", UNNAMED)
def post_padding_without_mask(seed: int, fixed: bool) -> Trial:
    """The reviews are zero-padded at the end and the LSTM reads scores of padding after the words, forgetting them; set
    mask_zero=True (or pad in front).

    https://github.com/keras-team/keras-io/issues/2044
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.reviews(seed, 1000, 90, "post")
    model = stack(
        (90,), layers.Embedding(300, 32, mask_zero=fixed), layers.LSTM(32), layers.Dense(1, activation="sigmoid")
    )
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 6, "batch_size": 32})


@CASES.sick("Embedding + stacked LSTM, binary text", "learning-rate-value", "high-update-ratio")
def rmsprop_rate_point_one(seed: int, fixed: bool) -> Trial:
    """RMSprop with learning rate 0.1 throws the LSTM weights about and the loss never settles; use about 0.001.

    https://github.com/keras-team/keras/issues/2711
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.long_reviews(seed)
    model = stack(
        (50,),
        layers.Embedding(300, 100),
        layers.LSTM(128, return_sequences=True),
        layers.LSTM(64),
        layers.Dense(2, activation="softmax"),
    )
    model.compile(
        optimizer=keras.optimizers.RMSprop(0.003 if fixed else 0.1),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    one_hot = keras.utils.to_categorical
    return Trial(model, x, one_hot(y, 2), (held_x, one_hot(held_y, 2)), {"epochs": 4, "batch_size": 32})


@CASES.sick("Embedding + Conv1D, binary text", "still-improving", "too-few-updates")
def early_stopping_upside_down(seed: int, fixed: bool) -> Trial:
    """EarlyStopping watches val_accuracy with mode='min', so it stops as the accuracy rises and restores the worst
    weights; use mode='max'.

    https://github.com/keras-team/tf-keras/issues/253 (stackoverflow 69744405)
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.reviews(seed)
    model = stack(
        (24,),
        layers.Embedding(300, 16),
        layers.Conv1D(32, 3, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping(
        monitor="val_accuracy", mode="max" if fixed else "min", patience=3, restore_best_weights=True
    )
    return Trial(model, x, y, (held_x, held_y), {"epochs": 30, "batch_size": 32, "callbacks": [stop]})


@CASES.sick("Embedding + LSTM, multi-class table", "bad-input-values")
def embedding_on_measurements(seed: int, fixed: bool) -> Trial:
    """Real-valued features scaled to 0..1 go through an Embedding, which looks them up as integer ids (nearly all 0);
    feed the numbers directly, without Embedding.

    https://github.com/keras-team/keras/issues/274
    """
    import keras
    from keras import layers

    x, _, y, _ = data.scaled_wine(seed)
    model = keras.Sequential([keras.Input((13,))])
    model.add(layers.Reshape((13, 1)) if fixed else layers.Embedding(13, 64))
    model.add(layers.LSTM(32))
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="categorical_crossentropy", metrics=["accuracy"])
    return Trial(model, x, keras.utils.to_categorical(y, 3), None, {"epochs": 60, "batch_size": 16})


@CASES.sick("Transformer block, binary sequences", UNNAMED)
def attention_without_positions(seed: int, fixed: bool) -> Trial:
    """Self-attention and average pooling do not see word order and no position embedding was added, but the label
    depends on the order; add position embeddings.

    https://educational.sweetdishy.com/positional-encoding-in-transformers
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.order(seed)

    class Positions(layers.Layer):
        def build(self, shape: Any) -> None:
            self.table = self.add_weight(shape=(1, 12, 32), initializer="uniform", name="table")

        def call(self, v: Any) -> Any:
            return v + self.table

    inputs = keras.Input((12,))
    e = layers.Embedding(20, 32)(inputs)
    if fixed:
        e = Positions()(e)
    a = layers.MultiHeadAttention(2, 16)(e, e)
    h = layers.LayerNormalization()(e + a)
    f = layers.Dense(32)(layers.Dense(64, activation="relu")(h))
    h = layers.LayerNormalization()(h + f)
    h = layers.GlobalAveragePooling1D()(h)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 15, "batch_size": 32})


@CASES.sick("LSTM, forecast", "unnormalized-input", "target-scale")
def series_not_scaled(seed: int, fixed: bool) -> Trial:
    """The input series goes in unscaled (values near 1500; only the target was scaled): the LSTM gates saturate and it
    predicts the same value for every window; scale the input too.

    https://github.com/keras-team/keras/issues/1727
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.passenger_windows(seed, fixed)
    model = stack((12, 1), layers.LSTM(32), layers.Dense(1))
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mean_squared_error")
    return Trial(model, x, y, (held_x, held_y), {"epochs": 30, "batch_size": 16})


@CASES.sick(
    "stacked LSTM, forecast", "exploding-gradient", "nonfinite-values", "activation-scale", "poor-initialization"
)
def lstm_with_relu(seed: int, fixed: bool) -> Trial:
    """The LSTMs use activation='relu', so state grows without bound over 60 steps and the loss explodes or turns nan;
    keep the default tanh.

    https://kiwix.lema.org/stackoverflow.com_en_all_2023-11/questions/55322991/why-am-i-getting-nan-after-adding-relu-activation-in-lstm
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.stock(seed)
    activation = "tanh" if fixed else "relu"
    model = stack(
        (60, 1),
        layers.LSTM(50, activation=activation, return_sequences=True),
        layers.LSTM(25, activation=activation),
        layers.Dense(1),
    )
    model.compile(optimizer=keras.optimizers.RMSprop(0.005), loss="mse")
    return Trial(model, x, y, (held_x, held_y), {"epochs": 10, "batch_size": 32})
