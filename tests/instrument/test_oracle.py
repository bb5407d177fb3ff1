"""Every statistic of every table, at every step, against a training done by hand in eager TensorFlow and NumPy.

The hand-made forward pass, losses and statistics share nothing with the callback; only the optimizer's
step is Keras' own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.records import HealthRun, Table
from tb_nnhealth.vocabulary import DEAD_WINDOW
from tests.instrument.training import train
from tests.instrument.zoo import CASES, flat, labels, numbers
from tests.statistics import naive

pytestmark = pytest.mark.slow

EPOCHS, BATCH, EXAMPLES = 3, 6, 22
L2 = 0.01
OPTIMIZERS: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
    "sgd_clipnorm": lambda: keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=0.05),
    "adam_global_clipnorm": lambda: keras.optimizers.Adam(0.01, global_clipnorm=0.3),
    "adamw_clipvalue": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1, clipvalue=0.02),
    "rmsprop_scaled": lambda: keras.optimizers.RMSprop(
        keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5), loss_scale_factor=8.0
    ),
}
CLIPPED: dict[str, Callable[[list[np.ndarray]], list[np.ndarray]]] = {
    "sgd_clipnorm": lambda gs: [g * min(1.0, 0.05 / max(np.linalg.norm(g), 1e-30)) for g in gs],
    "adam_global_clipnorm": lambda gs: [g * min(1.0, 0.3 / global_norm(gs)) for g in gs],
    "adamw_clipvalue": lambda gs: [np.clip(g, -0.02, 0.02) for g in gs],
}


def global_norm(arrays: list[np.ndarray]) -> float:
    return float(np.sqrt(sum((np.float64(a) ** 2).sum() for a in arrays)))


def make_model(optimizer: keras.optimizers.Optimizer) -> keras.Model:
    """Two outputs, a saturating layer, dead units, a penalty, and a layer without gradient."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    x = keras.Input((6,), name="x")
    hidden = layers.Dense(8, "relu", kernel_regularizer=keras.regularizers.L2(L2), name="hidden")(x)
    squash = layers.Dense(5, "tanh", name="squash")(hidden)
    cut = layers.Lambda(tf.stop_gradient, name="cut")(layers.Dense(5, name="detached")(x))
    joined = layers.Add(name="joined")([squash, cut])
    number, kind = layers.Dense(1, name="number")(joined), layers.Dense(3, "softmax", name="kind")(joined)
    model = keras.Model(x, [number, kind])
    model.compile(
        optimizer, ["mse", "sparse_categorical_crossentropy"], loss_weights=[0.5, 2.0], metrics=[["mae"], ["accuracy"]]
    )
    model.get_layer("hidden").bias.assign([-100.0, -100.0, -1.0, 0, 0, 0, 0, 5.0])
    return model


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = 2 * flat(EXAMPLES)
    x[:, 4] = 1.5
    return x, numbers(EXAMPLES), labels(EXAMPLES)


@pytest.fixture(scope="module", params=OPTIMIZERS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, HealthRun]:
    log_dir = tmp_path_factory.mktemp("oracle")
    model = make_model(OPTIMIZERS[request.param]())
    x, y, kinds = data()
    settings = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False, "verbose": 0}
    model.fit(x, [y, kinds], callbacks=[HealthCallback(log_dir, sampling=1)], **settings)
    return request.param, read_run(log_dir)


class ByHand:
    """The same training, step by step; keeps what each step shows as plain arrays."""

    def __init__(self, name: str) -> None:
        self.model = make_model(OPTIMIZERS[name]())
        self.variables = {v.path: v for v in self.model.trainable_variables}
        self.steps: list[dict[str, Any]] = []
        x, y, kinds = data()
        for _ in range(EPOCHS):
            for start in range(0, EXAMPLES, BATCH):
                part = slice(start, start + BATCH)
                self.steps.append(self._step(x[part], y[part], kinds[part]))

    def _step(self, x: np.ndarray, y: np.ndarray, kinds: np.ndarray) -> dict[str, Any]:
        w = {path: v.value for path, v in self.variables.items()}
        before = {path: np.array(v) for path, v in w.items()}
        with tf.GradientTape(persistent=True) as tape:
            out = {"hidden": tf.nn.relu(x @ w["hidden/kernel"] + w["hidden/bias"])}
            out["squash"] = tf.tanh(out["hidden"] @ w["squash/kernel"] + w["squash/bias"])
            out["detached"] = x @ w["detached/kernel"] + w["detached/bias"]
            out["cut"] = tf.stop_gradient(out["detached"])
            out["joined"] = out["squash"] + out["cut"]
            out["number"] = out["joined"] @ w["number/kernel"] + w["number/bias"]
            logits = out["joined"] @ w["kind/kernel"] + w["kind/bias"]
            out["kind"] = tf.nn.softmax(logits)
            losses = {
                "number": tf.reduce_mean((out["number"] - y) ** 2),
                "kind": tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(kinds, logits)),
            }
            data_loss = 0.5 * losses["number"] + 2.0 * losses["kind"]
            penalty = L2 * tf.reduce_sum(w["hidden/kernel"] ** 2)
            loss = data_loss + penalty
        gradients = {path: tape.gradient(loss, v) for path, v in w.items()}
        flows = {row: tape.gradient(loss, logits if row == "kind" else tensor) for row, tensor in out.items()}
        optimizer, rate = self.model.optimizer, float(self.model.optimizer.learning_rate)
        scale = optimizer.loss_scale_factor or 1.0
        scaled = [None if g is None else g * scale for g in gradients.values()]
        optimizer.apply_gradients(zip(scaled, self.model.trainable_variables, strict=True))
        return {
            "before": before,
            "after": {path: np.array(v) for path, v in self.variables.items()},
            "gradient": {path: None if g is None else g.numpy() for path, g in gradients.items()},
            "output": {row: tensor.numpy() for row, tensor in out.items()},
            "flow": {row: None if g is None else g.numpy() for row, g in flows.items()},
            "batch": {"x": x, "number": y, "kind": kinds},
            "losses": {row: float(value) for row, value in losses.items()},
            "loss": float(loss),
            "data_loss": float(data_loss),
            "penalty": float(penalty),
            "rate": rate,
        }


@pytest.fixture(scope="module")
def by_hand(trained: tuple[str, HealthRun]) -> ByHand:
    return ByHand(trained[0])


def is_sensitive(name: str, statistic: str) -> bool:
    """Adam's first steps are the signs of gradients: one that rounds to zero changes the shape."""
    return name.startswith("adam") and statistic in ("update_skewness", "update_kurtosis")


def assert_row(table: Table, step: int, row: str, expected: dict[str, float], rtol: float = 2e-4) -> None:
    for name, value in expected.items():
        assert table.has(name), name
        found = table.series(name, row)[step]
        slack = 2e-3 if name.endswith(("skewness", "kurtosis")) else 2e-6
        np.testing.assert_allclose(found, value, rtol=rtol, atol=slack, err_msg=f"{name} of {row} at step {step}")


def test_every_column_is_compared(trained: Any, by_hand: ByHand) -> None:
    _, run = trained
    steps = range(len(by_hand.steps))
    assert run.variables.steps.tolist() == run.activations.steps.tolist() == run.step.steps.tolist() == list(steps)
    assert set(run.variables.rows) == set(by_hand.variables)
    assert set(run.activations.rows) == set(by_hand.steps[0]["output"])
    assert set(run.variables.columns) == set(variable_statistics(by_hand.steps[0], "hidden/kernel"))
    assert set(run.activations.columns) == set(activation_statistics(by_hand, 0, "hidden"))


def variable_statistics(step: dict[str, Any], path: str) -> dict[str, float]:
    before, gradient = step["before"][path], step["gradient"][path]
    update = naive.moments(step["after"][path] - before)
    value = naive.moments(before)
    of_gradient = naive.moments(np.zeros(0) if gradient is None else gradient)
    norm = value["norm"] or float("nan")
    return {
        **{f"value_{k}": v for k, v in value.items()},
        **{f"gradient_{k}": v for k, v in of_gradient.items()},
        **{f"update_{k}": update[k] for k in ("norm", "rms", "skewness", "kurtosis")},
        "update_ratio": update["norm"] / norm,
        "gradient_ratio": of_gradient["norm"] / norm,
        "gradient_missing": float(gradient is None),
    }


def activation_statistics(by_hand: ByHand, index: int, row: str) -> dict[str, float]:
    step = by_hand.steps[index]
    output, flow = step["output"][row], step["flow"][row]
    forward = naive.forward(output)
    window = [by_hand.steps[i]["output"][row] for i in range(max(0, index - DEAD_WINDOW + 1), index + 1)]
    bounds = {"squash": (-0.98, 0.98), "kind": (0.01, 0.99)}.get(row)
    names = ("norm", "rms", "zero_fraction", "nonfinite")
    backward = dict.fromkeys(names, float("nan")) if flow is None else naive.moments(flow)
    return {
        **{f"activation_{k}": v for k, v in forward.items() if k != "silent"},
        "silent_unit_fraction": forward["silent"],
        "dead_unit_fraction": np.mean([all((o[:, u] == 0).all() for o in window) for u in range(output.shape[1])]),
        "saturated_fraction": ((output <= bounds[0]) | (output >= bounds[1])).mean() if bounds else float("nan"),
        **{f"output_gradient_{k}": backward[k] for k in names},
    }


def test_variables(trained: Any, by_hand: ByHand) -> None:
    for index, step in enumerate(by_hand.steps):
        for path in by_hand.variables:
            expected = variable_statistics(step, path)
            if expected["update_norm"] < 1e-5 * expected["value_norm"]:  # The difference of two roundings.
                expected = {k: v for k, v in expected.items() if not k.startswith("update")}
            for shape in ("update_skewness", "update_kurtosis"):
                expected.pop(shape, None) if by_hand.variables[path].shape[0] < 2 else None
            expected = {k: v for k, v in expected.items() if not is_sensitive(trained[0], k)}
            assert_row(trained[1].variables, index, path, expected, rtol=2e-3)


def test_activations(trained: Any, by_hand: ByHand) -> None:
    for index in range(len(by_hand.steps)):
        for row in by_hand.steps[0]["output"]:
            assert_row(trained[1].activations, index, row, activation_statistics(by_hand, index, row), rtol=1e-3)
    assert trained[1].activations.series("dead_unit_fraction", "hidden")[-1] >= 0.25


def test_data_and_classes(trained: Any, by_hand: ByHand) -> None:
    run = trained[1]
    for index, step in enumerate(by_hand.steps):
        tensors = {"input/x": step["batch"]["x"]}
        for name in ("number", "kind"):
            tensors |= {f"target/{name}": step["batch"][name], f"prediction/{name}": step["output"][name]}
        assert set(run.data.rows) == set(tensors)
        for row, tensor in tensors.items():
            assert_row(run.data, index, row, naive.batch(tensor), rtol=1e-3)
        counts = {
            "target/kind": np.bincount(step["batch"]["kind"], minlength=3),
            "prediction/kind": np.bincount(step["output"]["kind"].argmax(1), minlength=3),
            "share/kind": np.bincount(step["batch"]["kind"], minlength=3) / len(step["batch"]["kind"]),
        }
        assert set(run.classes.rows) == set(counts)
        for row, count in counts.items():
            assert [run.classes.series(str(c), row)[index] for c in range(3)] == pytest.approx(count, rel=1e-6)


def test_step(trained: Any, by_hand: ByHand) -> None:
    name, run = trained
    per_epoch = -(-EXAMPLES // BATCH)
    for index, step in enumerate(by_hand.steps):
        present = [g for g in step["gradient"].values() if g is not None]
        norm = global_norm(present)
        so_far = by_hand.steps[index - index % per_epoch : index + 1]
        errors = np.concatenate([np.abs(s["output"]["number"] - s["batch"]["number"])[:, 0] for s in so_far])
        hits = np.concatenate([s["output"]["kind"].argmax(1) == s["batch"]["kind"] for s in so_far])
        clip = CLIPPED.get(name)
        expected = {
            "loss": step["loss"],
            "data_loss": step["data_loss"],
            "regularization_loss": step["penalty"],
            "output_loss/number": step["losses"]["number"],
            "output_loss/kind": step["losses"]["kind"],
            "learning_rate": step["rate"],
            "gradient_global_norm": norm,
            "clipped_fraction": 1 - global_norm(clip(present)) / norm if clip else float("nan"),
            "loss_scale": 8.0 if name == "rmsprop_scaled" else float("nan"),
            "step_skipped": 0.0,
            "update_applied": 1.0,
            "batch_size": len(step["batch"]["x"]),
            "sample_index": index,
            "row_index": index,
            "target_variance/number": step["batch"]["number"].var(ddof=1),
            "metric/number_mae": errors.mean(),
            "metric/kind_accuracy": hits.mean(),
        }
        assert_row(run.step, index, "step", expected, rtol=1e-3)
        others = (
            set(run.step.columns) - set(expected) - {"examples_per_second", "metric/number_loss", "metric/kind_loss"}
        )
        assert not others


def test_histograms(trained: Any, by_hand: ByHand) -> None:
    run = trained[1]
    assert run.histograms["value"].steps.tolist() == [0, 1, 2, 4, 8]
    for at, index in enumerate(run.histograms["value"].steps):
        step = by_hand.steps[index]
        for path in by_hand.variables:
            row = run.histograms["value"].row(path)
            np.testing.assert_allclose(
                run.histograms["value"].values[at, row], naive.histogram(step["before"][path]), atol=1
            )
            for kind, array in (
                ("gradient", step["gradient"][path]),
                ("update", step["after"][path] - step["before"][path]),
            ):
                found = run.histograms[kind].values[at, run.histograms[kind].row(path)]
                assert found.sum() == (0 if array is None else array.size)
                if kind == "gradient" and array is not None:
                    assert np.abs(found - naive.histogram(array)).sum() <= 2 + 0.1 * array.size
        for row, output in step["output"].items():
            found = run.histograms["activation"].values[at, run.histograms["activation"].row(row)]
            assert np.abs(found - naive.histogram(output)).sum() <= 2 + 0.05 * output.size


class Scale(keras.callbacks.Callback):
    """Keeps the loss scale in force at each step."""

    def __init__(self) -> None:
        super().__init__()
        self.scales: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        self.scales.append(float(optimizer.dynamic_scale if optimizer.built else optimizer.initial_scale))


def test_loss_scale_and_skipped_steps(tmp_path: Path) -> None:
    scale = Scale()
    outcome = train(CASES["mixed_float16"], lambda: [scale, HealthCallback(tmp_path, sampling=1)])
    run = read_run(tmp_path)
    still = [
        all((old[path] == new[path]).all() for path in old)
        for old, new in zip(outcome.before, outcome.after, strict=True)
    ]
    assert any(still) and not all(still)
    assert run.step.series("step_skipped", "step").tolist() == [float(s) for s in still]
    assert run.step.series("loss_scale", "step").tolist() == scale.scales
    assert np.nanmax(run.variables.series("gradient_norm")) < 100  # The scale is taken out.


def test_updates_of_gradient_accumulation(tmp_path: Path) -> None:
    outcome = train(CASES["gradient_accumulation"], lambda: [HealthCallback(tmp_path, sampling=1)])
    run = read_run(tmp_path)
    moved = [
        any((old[path] != new[path]).any() for path in old)
        for old, new in zip(outcome.before, outcome.after, strict=True)
    ]
    assert run.step.series("update_applied", "step").tolist() == [float(m) for m in moved] == [0.0, 1.0] * 3
    assert (run.step.series("step_skipped", "step") == 0).all()
