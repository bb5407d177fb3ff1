"""Small residual CNN with batch normalisation."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "ref_resnet_ok"
KIND = "ResNet, multi-class"
SOURCE = "reference program (ours)"
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(1200, 32, 3, lo=0, hi=1)
    x, y, val = D.split(x, y)

    def block(t, f, s=1):
        u = L.BatchNormalization(momentum=0.9)(L.Conv2D(f, 3, s, padding="same", use_bias=False)(t))
        u = L.BatchNormalization(momentum=0.9)(L.Conv2D(f, 3, padding="same", use_bias=False)(L.ReLU()(u)))
        k = t if s == 1 and t.shape[-1] == f else L.Conv2D(f, 1, s, use_bias=False)(t)
        return L.ReLU()(L.Add()([u, k]))

    i = L.Input((32, 32, 3))
    h = L.ReLU()(L.BatchNormalization(momentum=0.9)(L.Conv2D(8, 3, padding="same", use_bias=False)(i)))
    h = block(block(block(h, 8), 16, 2), 32, 2)
    model = keras.Model(i, L.Dense(10, activation="softmax")(L.GlobalAveragePooling2D()(h)))
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    fit = {"epochs": 6, "batch_size": 32}
    return Trial(model, x, y, val, fit)
