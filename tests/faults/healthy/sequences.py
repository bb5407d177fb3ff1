"""Healthy trainings on texts and other sequences."""

import numpy as np

from tests.faults import data
from tests.faults.building import attention, dense, logits_loss, positions, stack, trial
from tests.faults.case import Case, Trial


def _lstm_forecast(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((24, 1), layers.LSTM(24), layers.Dense(1))
    return trial(model, data.series(seed), keras.optimizers.Adam(3e-3), "mse", ["mae"], epochs=8, batch_size=32)


def _stacked_lstm_forecast(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack(
        (24, 1), layers.LSTM(24, return_sequences=True), layers.Dropout(0.1), layers.LSTM(16), layers.Dense(1)
    )
    optimizer = keras.optimizers.RMSprop(3e-3, clipnorm=1.0)
    return trial(model, data.series(seed), optimizer, keras.losses.Huber(), epochs=8, batch_size=32)


def _gru_by_rows(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((8, 8), layers.GRU(48), layers.Dense(10))
    rows = data.on_inputs(data.flat_digits(seed), lambda images: images.reshape(-1, 8, 8))
    return trial(model, rows, keras.optimizers.Nadam(2e-3), logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _simple_rnn(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((24, 1), layers.SimpleRNN(24), layers.Dense(1))
    return trial(model, data.series(seed), keras.optimizers.Adam(2e-3), "mse", epochs=8, batch_size=32)


def _masked_bidirectional_lstm(seed: int) -> Trial:
    import keras
    from keras import layers

    def padded(x: np.ndarray) -> np.ndarray:
        words = 8 + np.arange(len(x)) % 13
        return np.where(np.arange(x.shape[1]) < words[:, None], x, 0)

    texts = data.on_labels(data.on_inputs(data.texts(seed), padded), data.as_column)
    hidden = [layers.Embedding(data.VOCABULARY, 16, mask_zero=True), layers.Bidirectional(layers.LSTM(16))]
    model = stack((20,), *hidden, layers.Dense(1, activation="sigmoid"), dtype="int32")
    optimizer = keras.optimizers.Adam(5e-3)
    return trial(model, texts, optimizer, "binary_crossentropy", ["accuracy"], epochs=6, batch_size=32)


def _averaged_embeddings(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack(
        (20,), layers.Embedding(data.VOCABULARY, 16), layers.GlobalAveragePooling1D(), layers.Dense(4), dtype="int32"
    )
    texts = data.texts(seed, classes=4)
    return trial(model, texts, keras.optimizers.Adam(0.01), logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _bag_of_words(seed: int) -> Trial:
    import keras
    from keras import layers

    def counted(x: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(text, minlength=data.VOCABULARY) > 0 for text in x]).astype("float32")

    texts = data.on_labels(data.on_inputs(data.texts(seed), counted), data.as_column)
    hidden = [*dense(16), layers.Dropout(0.5)]
    model = stack((data.VOCABULARY,), *hidden, layers.Dense(1, activation="sigmoid"))
    optimizer = keras.optimizers.RMSprop(1e-3)
    return trial(model, texts, optimizer, "binary_crossentropy", ["accuracy"], epochs=8, batch_size=32)


def _text_cnn(seed: int) -> Trial:
    import keras
    from keras import layers

    hidden = [
        layers.Embedding(data.VOCABULARY, 16),
        layers.Conv1D(32, 3, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dropout(0.3),
    ]
    model = stack((20,), *hidden, layers.Dense(4, activation="softmax"), dtype="int32")
    texts, loss = data.texts(seed, classes=4), "sparse_categorical_crossentropy"
    return trial(model, texts, keras.optimizers.Adam(3e-3), loss, ["accuracy"], epochs=6, batch_size=32)


def _wave_cnn(seed: int) -> Trial:
    import keras
    from keras import layers

    convs = [layers.Conv1D(16, 5, activation="relu", kernel_initializer="he_normal") for _ in range(2)]
    model = stack((48, 1), *convs, layers.GlobalMaxPooling1D(), layers.Dense(3))
    return trial(model, data.waves(seed), keras.optimizers.Adam(3e-3), logits_loss(), ["accuracy"], epochs=8)


def _dilated_convolutions(seed: int) -> Trial:
    import keras
    from keras import layers

    inputs = keras.Input((24, 1))
    x = layers.Conv1D(16, 1)(inputs)
    for dilation in (1, 2, 4, 8):
        y = layers.Conv1D(16, 2, padding="causal", dilation_rate=dilation, activation="relu")(x)
        x = layers.Add()([x, layers.Conv1D(16, 1)(y)])
    model = keras.Model(inputs, layers.Dense(1)(x[:, -1]))
    return trial(model, data.series(seed), keras.optimizers.Adam(2e-3), "mse", epochs=8, batch_size=32)


def _text_transformer(seed: int) -> Trial:
    import keras
    from keras import layers

    inputs = keras.Input((20,), dtype="int32")
    x = attention(positions(layers.Embedding(data.VOCABULARY, 32)(inputs)), heads=4)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x)))
    model = keras.Model(inputs, layers.Dense(4)(x))
    texts = data.texts(seed, classes=4)
    return trial(model, texts, keras.optimizers.Adam(2e-3), logits_loss(), ["accuracy"], epochs=6, batch_size=32)


def _language_model(seed: int) -> Trial:
    """Predicts the next sign of sequences in which each sign has three likely successors."""
    import keras
    from keras import layers

    random = np.random.default_rng(seed)
    successors = random.integers(0, 16, (16, 3))
    signs = random.integers(0, 16, (500, 25))
    for place in range(1, 25):
        signs[:, place] = successors[signs[:, place - 1], random.choice(3, 500, p=(0.8, 0.1, 0.1))]
    inputs = keras.Input((24,), dtype="int32")
    x = positions(layers.Embedding(16, 32)(inputs))
    for _ in range(2):
        x = attention(x, heads=2, use_causal_mask=True)
    model = keras.Model(inputs, layers.Dense(16)(layers.LayerNormalization()(x)))
    sequences = data.split(signs[:, :-1], signs[:, 1:], seed)
    rate = keras.optimizers.schedules.CosineDecay(1e-4, 250, warmup_target=3e-3, warmup_steps=20)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01, global_clipnorm=1.0)
    return trial(model, sequences, optimizer, logits_loss(), ["accuracy"], epochs=10, batch_size=16)


def _reversed_copy(seed: int) -> Trial:
    """Writes a sequence of signs backwards: an encoder, and a decoder that is given what it should have written."""
    import keras
    from keras import layers

    signs = np.random.default_rng(seed).integers(1, 9, (1000, 6))
    written = signs[:, ::-1]
    before = np.pad(written[:, :-1], ((0, 0), (1, 0)))
    source, target = keras.Input((6,), dtype="int32"), keras.Input((6,), dtype="int32")
    embedding = layers.Embedding(9, 16)
    _, state = layers.GRU(64, return_state=True)(embedding(source))
    decoded = layers.GRU(64, return_sequences=True)(embedding(target), initial_state=state)
    model = keras.Model([source, target], layers.Dense(9)(decoded))
    model.compile(keras.optimizers.Adam(5e-3), logits_loss(), metrics=["accuracy"])
    held = ([signs[800:], before[800:]], written[800:])
    return Trial(model, [signs[:800], before[:800]], written[:800], held, {"epochs": 15, "batch_size": 32})


def _running_sum(seed: int) -> Trial:
    """Tells at each place whether the sum of what came before is above zero."""
    import keras
    from keras import layers

    x = np.random.default_rng(seed).normal(size=(800, 16, 1)).astype("float32")
    tagged = data.split(x, (x.cumsum(1) > 0).astype("float32"), seed)
    hidden = layers.Bidirectional(layers.GRU(16, return_sequences=True))
    model = stack((16, 1), hidden, layers.TimeDistributed(layers.Dense(1, activation="sigmoid")))
    optimizer = keras.optimizers.Adam(5e-3)
    return trial(model, tagged, optimizer, "binary_crossentropy", ["accuracy"], epochs=6, batch_size=32)


def _word_pairs(seed: int) -> Trial:
    """Learns word vectors from which words stand in one text, against random ones."""
    import keras
    from keras import layers

    texts, _, _ = data.texts(seed, classes=4)
    random = np.random.default_rng(seed)
    known = [text[text <= 20] for text in texts]
    pairs = np.array([random.choice(words, 2, replace=False) for words in known for _ in range(3)])
    random_pairs = np.column_stack([pairs[:, 0], random.permutation(pairs[:, 1])])
    x = np.concatenate([pairs, random_pairs]).astype("int32")
    y = np.repeat([1.0, 0.0], len(pairs)).astype("float32")[:, None]
    x, y, (held_x, held_y) = data.split(x, y, seed)
    word, other = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    product = layers.Dot(-1)([layers.Embedding(21, 8)(word), layers.Embedding(21, 8)(other)])
    model = keras.Model([word, other], product)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
    return Trial(model, [x[:, 0], x[:, 1]], y, ([held_x[:, 0], held_x[:, 1]], held_y), {"epochs": 6, "batch_size": 32})


CASES = (
    Case("lstm_forecast", "LSTM, regression", _lstm_forecast),
    Case("stacked_lstm_forecast", "LSTM, regression", _stacked_lstm_forecast),
    Case("gru_by_rows", "GRU, multi-class", _gru_by_rows),
    Case("simple_rnn", "RNN, regression", _simple_rnn),
    Case("masked_bidirectional_lstm", "LSTM with embeddings, binary", _masked_bidirectional_lstm),
    Case("averaged_embeddings", "embeddings, multi-class", _averaged_embeddings),
    Case("bag_of_words", "MLP on words, binary", _bag_of_words),
    Case("text_cnn", "CNN with embeddings, multi-class", _text_cnn),
    Case("wave_cnn", "CNN on waves, multi-class", _wave_cnn),
    Case("dilated_convolutions", "residual CNN on series, regression", _dilated_convolutions),
    Case("text_transformer", "transformer, multi-class", _text_transformer),
    Case("language_model", "causal transformer, multi-class per place", _language_model),
    Case("reversed_copy", "GRU encoder and decoder, multi-class per place", _reversed_copy),
    Case("running_sum", "GRU, binary per place", _running_sum),
    Case("word_pairs", "embeddings, binary", _word_pairs),
)
