"""random-input: what it measures, and how its rule judges it, of models and data of known verdict."""

import keras
import numpy as np
from keras import layers

from tb_nnhealth.flight.clock import Clock
from tb_nnhealth.flight.probes.random_input import measure
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tests.flight.flying import each, flown
from tests.flight.zoo.random_input import FLIGHTS

RULE = "random-input"


@each(FLIGHTS, strict=False)
def test_flight(flight):
    found = flown(RULE, flight)
    assert (found.status == "fail") == (RULE in flight.expected), (found.reason, found.findings)


def test_ids_of_which_there_are_two_at_most_are_told():
    words = np.random.default_rng(0).integers(0, 2, (64, 5))
    numbers = np.random.default_rng(1).normal(size=(64, 3)).astype("float32")
    given = {"words": keras.Input((5,), dtype="int64", name="words"), "row": keras.Input((3,), name="row")}
    ends = [layers.Flatten()(layers.Embedding(2, 2)(given["words"])), given["row"]]
    model = keras.Model(given, layers.Dense(1)(layers.Concatenate()(ends)))
    model.compile("adam", "mse")
    values = measure(Subject(model, Sample({"words": words, "row": numbers}, numbers[:, :1])), Clock(60))
    assert [(each["name"], each["values"].tolist()) for each in values["few_values"]] == [("words", [0, 1])]
