"""Makes preflights of the models whose names it is given, one after another in one process, then trains these.

    python -m tests.flight.one_after_another subclassed functional

What was found, measured and trained stands in the last line, as JSON by the models' names.
"""

import sys
from typing import Any

import keras
import numpy as np
from keras import layers

from demo.training import Training
from tb_nnhealth import preflight
from tb_nnhealth.flight.report import PreflightReport
from tb_nnhealth.summary.writer import to_json

BUDGET = 120.0
"""So many seconds that no probe is cut short."""


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="subclassed")
        self.hidden = layers.Dense(12, "relu", name="hidden")
        self.dropout = layers.Dropout(0.3, name="dropout")
        self.top = layers.Dense(3, "softmax", name="top")

    def call(self, x: Any, training: bool = False) -> Any:
        return self.top(self.dropout(self.hidden(x), training=training))


def subclassed() -> Training:
    """A model that is not built, with dropout, and classes."""
    keras.utils.set_random_seed(1)
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 96)
    inputs = random.normal(size=(96, 8)) + 2 * np.eye(3, 8)[labels]
    model = Subclassed()
    model.compile(keras.optimizers.Adam(1e-2, name="adam"), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Training(model, inputs.astype("float32"), labels.astype("int32"))


def functional() -> Training:
    """A model of other shapes, which are known, and numbers."""
    keras.utils.set_random_seed(2)
    random = np.random.default_rng(1)
    inputs = random.normal(size=(80, 4, 5)).astype("float32")
    targets = (inputs[:, 0, :2] @ random.normal(size=(2, 2))).astype("float32")
    given = keras.Input((4, 5), name="given")
    hidden = layers.Flatten(name="flat")(layers.Conv1D(6, 2, activation="tanh", name="first")(given))
    model = keras.Model(
        given, layers.Dense(2, name="second")(layers.Dropout(0.2, name="dropout")(hidden)), name="functional"
    )
    model.compile(keras.optimizers.SGD(1e-2, name="sgd"), "mse")
    return Training(model, inputs, targets)


MODELS = {"subclassed": subclassed, "functional": functional}


def found(report: PreflightReport) -> dict[str, Any]:
    """Returns all that a report says but the seconds."""
    return {
        "verdicts": {
            verdict.rule.name: [verdict.status, verdict.reason, [finding.message for finding in verdict.findings]]
            for verdict in report.scorecard.rules
        },
        "probes": {name: [probed.reason, probed.values] for name, probed in report.run.probes.items()},
        "problems": report.run.problems,
    }


def main(names: list[str]) -> None:
    told: dict[str, dict[str, Any]] = {}
    trainings = {}
    for name in names:
        training = trainings[name] = MODELS[name]()
        data, held = ((training.images[part], training.targets[part]) for part in (slice(64), slice(64, None)))
        told[name] = found(preflight(training.model, data, held, budget=BUDGET))
    for name, training in trainings.items():
        keras.utils.set_random_seed(5)
        history = training.model.fit(training.images, training.targets, epochs=2, verbose=0)
        told[name]["history"] = history.history
    print(to_json(told))


if __name__ == "__main__":
    main(sys.argv[1:])
