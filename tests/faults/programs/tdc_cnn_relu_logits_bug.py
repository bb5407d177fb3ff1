"""Logits pass through relu before the softmax cross-entropy; truncated-normal 0.1 init.

Changed from the source: digits; 16/32 filters and 256 units instead of 32/64/512.
"""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "tdc_cnn_relu_logits_bug"
KIND = "CNN, multi-class"
SOURCE = "Stack Overflow case IPS-11 (thedeepchecker SO_buggy_examples/IPS_11.py; TF1 original)"
FIXED = False
PRIMARY = ["wrong_last_activation"]
FAULTS = ["wrong_last_activation", "loss_activation_mismatch"]
ALLOWED = ["dying_relu"]
MANIFESTS = True
PAIR = "tdc_cnn_ok"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(1200, 28, 1, lo=0, hi=1)
    x, y, val = D.split(x, D.onehot(y, 10))
    tn, b = (lambda: keras.initializers.TruncatedNormal(stddev=0.1)), (lambda: keras.initializers.Constant(0.1))

    def cv(f):
        return L.Conv2D(f, 5, padding="same", activation="relu", kernel_initializer=tn(), bias_initializer=b())

    def de(u):
        return L.Dense(u, activation="relu", kernel_initializer=tn(), bias_initializer=b())

    model = keras.Sequential(
        [L.Input((28, 28, 1)), cv(16), L.MaxPooling2D(), cv(32), L.MaxPooling2D(), L.Flatten(), de(256), de(10)]
    )
    model.compile(
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        optimizer=keras.optimizers.Adam(1e-3),
        metrics=["accuracy"],
    )
    fit = {"epochs": 5, "batch_size": 64}
    return Trial(model, x, y, val, fit)
