"""What is reached from objects is as it was, and values of variables are held once."""

import itertools
import random
from argparse import Namespace
from collections import OrderedDict, deque
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.ops.resource_variable_ops import UninitializedVariable

from tb_nnhealth.flight.keeping import objects
from tb_nnhealth.flight.keeping.iterators import copied
from tb_nnhealth.flight.keeping.kept import kept
from tests.flight.keeping import beside


def made() -> keras.Model:
    model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(8), keras.layers.Dropout(0.5)])
    model.compile("adam", "mse")
    return model


def test_values_are_held_once() -> None:
    model = made()

    def held() -> list[int]:
        restores = objects.Snapshot([model])._restores
        values = [restore.args[1] for restore in restores if restore.func is objects._assign]
        return sorted(np.asarray(memoryview(value)).__array_interface__["data"][0] for value in values)

    outer = held()
    with kept(model):
        assert held() == outer
        with kept(model):
            for variable in model.trainable_variables:
                variable.assign(variable + 1)
            assert not set(held()) >= set(outer)
        assert held() == outer
    assert held() == outer


def test_the_optimizer_can_be_saved(tmp_path: Path) -> None:
    """TensorFlow refuses to where it thinks that its dictionaries were written to by another."""
    model = made()
    with kept(model):
        model.optimizer.build(model.trainable_variables)
    model.optimizer.build(model.trainable_variables)
    tf.train.Checkpoint(optimizer=model.optimizer).save(tmp_path / "saved")


class Owner:
    """Holds something of each kind that is not Keras' own."""

    def __init__(self) -> None:
        self.list, self.dict, self.set, self.deque = [1], {"a": 1, "b": 2}, {1}, deque([1], maxlen=3)
        self.ordered, self.array, self.nested = OrderedDict(a=1, b=2), np.arange(3), ({"a": [1]},)
        self.generators = random.Random(0), np.random.RandomState(0), np.random.default_rng(0)
        self.variable = tf.Variable([1.0])
        self.numbers = itertools.count()
        count, calls = 0, []

        def counted(calls: list[int]) -> int:
            nonlocal count
            count += 1
            calls.append(count)
            return len(calls)

        self.counted = partial(counted, calls)
        self.method = Other().count

    def told(self) -> list[Any]:
        """Returns all that this holds; what counts and draws goes on."""
        one, two, three = self.generators
        drawn = one.random(), two.normal(), three.normal(), self.counted(), self.counted.args[0][-1], self.method()
        own = {name: value for name, value in vars(self).items() if name not in ("generators", "counted", "method")}
        return [drawn, repr(own), next(self.numbers)]


class Other:
    def __init__(self) -> None:
        self.calls = 0

    def count(self) -> int:
        self.calls += 1
        return self.calls


def test_what_other_objects_hold() -> None:
    owner, expected = Owner(), Owner().told()
    with kept(owner):
        owner.told(), owner.told()
        owner.list.append(2), owner.set.add(2), owner.deque.extend((2, 3, 4)), owner.nested[0]["a"].clear()
        owner.dict["a"], owner.ordered["b"], owner.array[0] = owner.dict.pop("a") + 1, 3, 9
        owner.ordered.move_to_end("a")
        owner.variable.assign([2.0])
        owner.new = 1
    assert owner.told() == expected


def test_a_variable_without_a_value_is_left_alone() -> None:
    """A step that broke while it was traced leaves some."""
    owner = Owner()
    owner.variable = UninitializedVariable(shape=[1], dtype=tf.float32)
    with kept(owner):
        owner.list.append(2)
    assert owner.list == [1]


def entries(table: Any) -> dict[bytes, float]:
    keys, values = table.export()
    return dict(zip(keys.numpy().tolist(), values.numpy().tolist(), strict=True))


@pytest.mark.parametrize("before", [{}, {b"a": 1.0, b"b": 2.0}])
def test_a_lookup_table_holds_what_it_held(before: dict[bytes, float]) -> None:
    layer = keras.layers.Dense(1)
    layer.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.float32, 0.0)
    layer.table.insert(tf.constant(list(before), tf.string), tf.constant(list(before.values()), tf.float32))
    with kept(layer):
        layer.table.insert(tf.constant(["a", "c"]), tf.constant([3.0, 4.0]))
        layer.table.remove(tf.constant(["b"]))
        assert entries(layer.table) == {b"a": 3.0, b"c": 4.0}
    assert entries(layer.table) == before


def large() -> np.ndarray[Any, Any]:
    return np.zeros(objects.MOST_ARRAY_BYTES + 1, np.uint8)


@pytest.mark.parametrize("holder", [keras.layers.Dense(1), keras.metrics.Mean(), keras.optimizers.SGD()])
def test_large_arrays_that_parts_of_a_model_hold_are_brought_back(holder: Any) -> None:
    holder.buffer = large()
    with kept(holder) as unkept:
        holder.buffer[0] = 1
    assert holder.buffer[0] == 0 and not unkept


def test_arrays_of_parts_of_a_model_that_are_too_large_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "MOST_HELD_BYTES", int(1.5 * objects.MOST_ARRAY_BYTES))
    layer = keras.layers.Dense(1)
    layer.first, layer.second, layer.read_only = large(), large(), large()
    layer.read_only.flags.writeable = False
    with kept(layer) as unkept:
        layer.first[0] = 1
    assert layer.first[0] == 0 and unkept == ["`second` (an array of 16 MiB)"]


def test_large_arrays_elsewhere_are_data() -> None:
    data = SimpleNamespace(x=large())
    with kept(data) as unkept:
        data.x[0] = 1
    assert data.x[0] == 1 and not unkept


OPTIMIZER = keras.optimizers.Adam(0.1)
TRACKER = keras.metrics.Mean(name="loss")
CRITIC = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
CALLS = [0]
COUNTED = 0
SETTINGS = {"scale": 1.0}
COUNTER = Other()


class Settings:
    """What a class, or a namespace, holds in the place of an object."""

    optimizer = keras.optimizers.SGD(0.5)
    metric = keras.metrics.Mean()
    numbers = itertools.count()
    calls = 0

    @classmethod
    def count(cls) -> int:
        cls.calls += 1
        cls.last = cls.calls
        return next(cls.numbers)


class Derived(Settings):
    tracker = keras.metrics.Mean()


NAMESPACE = SimpleNamespace(metric=keras.metrics.Mean(), calls=0)
ARGUMENTS = Namespace(metric=keras.metrics.Mean())
TABLE = {"metric": keras.metrics.Mean(), "calls": 0}
NOT_REFERRED_TO = [0]


class WithHead(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.head = keras.layers.Dense(2)

    def call(self, x: Any) -> Any:
        return self.head(x)


class Guide(WithHead):
    """Steps as Keras' guides do it, with what stands beside the class."""

    seen = keras.metrics.Sum()

    def train_step(self, data: Any) -> dict[str, Any]:
        global COUNTED
        x, y = data
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.reduce_mean(tf.square(CRITIC(self(x), training=True) - y)) * SETTINGS["scale"]
        OPTIMIZER.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        beside.OPTIMIZER.apply(tape.gradient(loss, CRITIC.trainable_variables), CRITIC.trainable_variables)
        TRACKER.update_state(loss)
        self.seen.update_state(1.0)
        CALLS[0], COUNTED, SETTINGS["scale"] = CALLS[0] + 1, COUNTED + 1, SETTINGS["scale"] / 2
        return {"loss": TRACKER.result(), "calls": COUNTER.count()}


def of_module() -> list[Any]:
    """Returns all that stands beside the model."""
    held = [OPTIMIZER, beside.OPTIMIZER, TRACKER, CRITIC, Guide.seen]
    values = [[variable.numpy().tolist() for variable in each.variables] for each in held]
    return [values, [OPTIMIZER.built, beside.OPTIMIZER.built], CALLS[0], COUNTED, dict(SETTINGS), COUNTER.calls]


class Configured(WithHead):
    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x) - y))
        Derived.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        for metric in (Derived.metric, Derived.tracker, NAMESPACE.metric, ARGUMENTS.metric, TABLE["metric"]):
            metric.update_state(loss)
        beside.Settings.metric.update_state(loss)
        NAMESPACE.calls, TABLE["calls"] = NAMESPACE.calls + 1, TABLE["calls"] + 1
        return {"loss": loss, "number": Settings.count()}


def of_settings() -> list[Any]:
    held = [Settings.optimizer, Settings.metric, Derived.tracker, NAMESPACE.metric, ARGUMENTS.metric, TABLE["metric"]]
    values = [[variable.numpy().tolist() for variable in each.variables] for each in (*held, beside.Settings.metric)]
    numbers = copied(Settings.numbers)
    return [*values, Settings.optimizer.built, NAMESPACE.calls, TABLE["calls"], Settings.calls, next(numbers)]


def test_what_the_models_code_reaches_by_a_class_or_a_namespace() -> None:
    model = Configured()
    model.compile(run_eagerly=True)
    x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
    model(x[:1])
    before, held = of_settings(), {name: list(vars(kind)) for name, kind in (("s", Settings), ("d", Derived))}
    with kept(model):
        model.fit(x, y, batch_size=4, verbose=0)
        assert all(now != then for now, then in zip(of_settings(), before, strict=True))
    assert of_settings() == before
    assert {name: list(vars(kind)) for name, kind in (("s", Settings), ("d", Derived))} == held


@pytest.mark.parametrize("is_eager", [False, True])
def test_what_the_models_code_refers_to_beside_it(is_eager: bool) -> None:
    model = Guide()
    model.compile("sgd", run_eagerly=is_eager)
    x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
    model(x[:1])
    before = of_module()
    with kept(model):
        model.fit(x, y, batch_size=4, epochs=2, verbose=0)
        assert all(now != then for now, then in zip(of_module(), before, strict=True))
    assert of_module() == before


def test_what_the_models_code_does_not_refer_to_is_nobodys_here() -> None:
    with kept(Guide()):
        NOT_REFERRED_TO[0] += 1
    assert NOT_REFERRED_TO == [1]
