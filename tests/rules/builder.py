"""Runs for the tests of rules, built as records: a healthy one, and the means to make it sick."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tb_nnhealth.engine import Verdict, judge
from tb_nnhealth.records import BatchTensor, Epoch, HealthRun, Layer, ModelFacts, Probed, Table, Variable
from tb_nnhealth.rules import DIAGNOSES, Finding
from tb_nnhealth.rules._heads import heads
from tb_nnhealth.rules._rule import PREFLIGHT, OnCurve
from tb_nnhealth.summary.writer import strict
from tb_nnhealth.vocabulary import (
    ACTIVATION_STATISTICS,
    DATA_STATISTICS,
    STATISTICS,
    STEP_STATISTICS,
    VARIABLE_STATISTICS,
)

STEPS = np.array([0, 1, 2, 4, 8, 16, 24, 32, 48, 64, *range(100, 1000, 50)])
HIDDEN, UNITS = 4, 32

OF_TRAINING = {name: each for name, each in DIAGNOSES.items() if each.rule.category != PREFLIGHT}
"""The rules that judge a run without a preflight."""


def model(hidden: int = HIDDEN, activation: str = "relu", **compile_options: Any) -> ModelFacts:
    """A plain dense classifier: `hidden` layers of 32 units and a softmax over ten classes."""
    layers, variables = [], []
    for position in range(hidden + 1):
        is_output = position == hidden
        path, units = ("output", 10) if is_output else (f"dense_{position}", UNITS)
        layers.append(
            Layer(
                path, "Dense", True, UNITS * units + units, position,
                activation="softmax" if is_output else activation, units=units, is_output=is_output, rows=(path,),
                inputs=(f"dense_{position - 1}",) if position else ("input/x",),
            )
        )  # fmt: skip
        variables += [
            Variable(
                f"{path}/kernel", path, "kernel", (UNITS, units), "float32", True, "GlorotUniform", UNITS, units,
                {"std": 0.17, "norm": 0.17 * UNITS, "constant": False, "identical_units": 0.0},
            ),
            Variable(
                f"{path}/bias", path, "bias", (units,), "float32", True, "Zeros", None, None,
                {"std": 0.0, "norm": 0.0, "constant": True, "identical_units": 1.0},
            ),
        ]  # fmt: skip
    parameters = sum(layer.parameters for layer in layers)
    compiled = {
        "optimizer": {"class_name": "Adam", "learning_rate": 1e-3, "loss_scaled": False},
        "losses": [{"output": "output", "class_name": "SparseCategoricalCrossentropy"}],
        **compile_options,
    }
    batch = (
        BatchTensor("input", "x", (None, UNITS), "float32"),
        BatchTensor("target", "y", (None,), "int64"),
        BatchTensor("prediction", "p", (None, 10), "float32", "output", ("softmax",)),
    )
    return ModelFacts(
        "plain", "Sequential", parameters, parameters, tuple(layers), tuple(variables), compiled, {}, batch,
        {"epochs": 10, "steps_per_epoch": 100},
    )  # fmt: skip


def table(rows: tuple[str, ...], values: Mapping[str, Any], steps: np.ndarray = STEPS) -> Table:
    """A table from `{statistic: [steps], [rows] or [steps, rows] values}`."""
    columns = tuple(values)
    shape = (len(steps), len(rows))
    array = np.stack([_spread(values[name], shape) for name in columns], axis=2).astype(np.float32)
    return Table(rows, columns, np.asarray(steps, np.int64), np.asarray(steps, np.float64), array, array, array)


def healthy(facts: ModelFacts | None = None, steps: np.ndarray = STEPS) -> HealthRun:
    """A run that learns: the loss falls from 2.3 to about 0.3, updates are a thousandth of the weights."""
    facts = facts or model()
    trainable = tuple(variable for variable in facts.variables if variable.trainable)
    rows = tuple(row for layer in facts.layers for row in layer.rows)
    random = np.random.default_rng(0)
    time = np.asarray(steps) / max(1, steps[-1])
    loss = (0.3 + 2.0 * np.exp(-4 * time)) * (1 + 0.03 * random.standard_normal(len(steps)))
    norm = np.array([0.17 * np.sqrt(variable.size) for variable in trainable])
    rms = 1e-2 * np.exp(-2 * time)[:, None] * np.exp(0.2 * random.standard_normal((len(steps), len(trainable))))
    size = np.array([variable.size for variable in trainable])
    moments = {
        "value_norm": norm, "value_rms": 0.17, "value_std": 0.17, "value_absmax": 0.5, "value_nonfinite": 0.0,
        "gradient_rms": rms, "gradient_norm": rms * np.sqrt(size), "gradient_absmax": 4 * rms,
        "gradient_zero_fraction": 0.0, "gradient_nonfinite": 0.0, "gradient_missing": 0.0,
        "update_ratio": 1e-3, "update_norm": 1e-3 * norm, "update_rms": 1.7e-4,
        "gradient_ratio": rms / 0.17,
    }  # fmt: skip
    outputs = {
        "activation_mean": 0.4, "activation_std": 0.6, "activation_rms": 0.7, "activation_min": 0.0,
        "activation_max": 3.0, "activation_zero_fraction": 0.5, "silent_unit_fraction": 0.05,
        "dead_unit_fraction": 0.02, "saturated_fraction": 0.05, "activation_nonfinite": 0.0,
        "output_gradient_norm": 0.1, "output_gradient_rms": 1e-3, "output_gradient_zero_fraction": 0.3,
        "output_gradient_nonfinite": 0.0,
    }  # fmt: skip
    step = {
        "loss": loss[:, None], "learning_rate": 1e-3, "step_skipped": 0.0, "update_applied": 1.0, "batch_size": 32.0,
        "gradient_global_norm": np.sqrt((rms**2 * size).sum(axis=1))[:, None], "clipped_fraction": 0.0,
    }  # fmt: skip
    return HealthRun(
        name="run1", created=1_700_000_000.0, tool_version="0.1.0", model=facts, steps=int(steps[-1]) + 1,
        samples=len(steps), sampled_steps=len(steps), thinned=False, finished=True,
        variables=table(tuple(variable.path for variable in trainable), _all(VARIABLE_STATISTICS, moments), steps),
        activations=table(rows, _all(ACTIVATION_STATISTICS, outputs), steps),
        data=table(("input/x", "target/y", "prediction/p"), _all(DATA_STATISTICS, {"data_nonfinite": 0.0}), steps),
        step=table(("step",), _all(STEP_STATISTICS, step), steps),
    )  # fmt: skip


def change(run: HealthRun, scope: str, statistic: str, values: Any, rows: Any = None) -> HealthRun:
    """The run with other values of a statistic, in all rows or in the named ones."""
    field = {"variable": "variables", "activation": "activations", "data": "data", "step": "step"}[scope]
    old = getattr(run, field)
    array = old.values.copy()
    names = old.rows if rows is None else (rows,) if isinstance(rows, str) else tuple(rows)
    indices = [old.rows.index(name) for name in names]
    array[:, indices, old.columns.index(statistic)] = _spread(values, (len(old.steps), len(indices)))
    return replace(run, **{field: replace(old, values=array, low=array, high=array)})


def losses(run: HealthRun, values: Any) -> HealthRun:
    """The run with another loss at its sampled steps, and no epochs."""
    return replace(change(run, "step", "loss", np.broadcast_to(values, len(run.step.steps))[:, None]), epochs=())


def stuck(run: HealthRun, level: float = 2.3) -> HealthRun:
    """The run with a loss that stays where it began."""
    noise = np.random.default_rng(1).standard_normal(len(run.step.steps))
    return losses(run, level * (1 + 0.005 * noise))


def thin(run: HealthRun, every: int) -> HealthRun:
    """The run with each `every`-th of its samples only, as TensorBoard may thin it."""

    def thinned(old: Table) -> Table:
        return replace(
            old, steps=old.steps[::every], wall_times=old.wall_times[::every],
            values=old.values[::every], low=old.low[::every], high=old.high[::every],
        )  # fmt: skip

    names = ("variables", "activations", "data", "step")
    return replace(run, thinned=True, **{name: thinned(getattr(run, name)) for name in names})


def with_probe(name: str, reason: str | None = None, **values: Any) -> HealthRun:
    """A healthy run after a preflight with this probe, which measured these values, or nothing for a reason."""
    return replace(healthy(), probes={name: Probed(1.0, strict(values), reason)})


def with_layers(run: HealthRun, **changes: Mapping[str, Any]) -> HealthRun:
    """The run with facts of some layers changed: `with_layers(run, dense_0={"activation": None})`."""
    layers = tuple(replace(layer, **changes.get(layer.path, {})) for layer in run.model.layers)
    return replace(run, model=replace(run.model, layers=layers))


def with_variables(run: HealthRun, changes: Mapping[str, Mapping[str, Any]]) -> HealthRun:
    """The run with facts of some variables changed, by path."""
    variables = tuple(replace(variable, **changes.get(variable.path, {})) for variable in run.model.variables)
    return replace(run, model=replace(run.model, variables=variables))


def with_epochs(run: HealthRun, values: Any) -> HealthRun:
    """The run with the given losses at its epochs' ends."""
    last = run.steps
    epochs = [Epoch(i, (i + 1) * last // len(values), {"loss": float(loss)}) for i, loss in enumerate(values)]
    return replace(run, epochs=tuple(epochs))


def without_passes(run: HealthRun) -> HealthRun:
    """The run as `HealthCallback(gradients=False, activations=False)` measures it: which variables get a gradient is
    known, and how the predictions vary, but of no gradient and of no output anything else."""
    run = change(replace(run, activations=Table.empty()), "step", "gradient_global_norm", np.nan)
    for statistic in VARIABLE_STATISTICS:
        if statistic.name.startswith("gradient_") and statistic.name != "gradient_missing":
            run = change(run, "variable", statistic.name, np.nan)
    return change(run, "data", "feature_std_max", 0.3, ("target/y", "prediction/p"))


def unmeasured(run: HealthRun) -> HealthRun:
    """The run as it is when nothing was sampled."""
    empty = Table.empty()
    return replace(run, variables=empty, activations=empty, data=empty, step=empty, samples=0, sampled_steps=0)


def _spread(values: Any, shape: tuple[int, int]) -> np.ndarray:
    array = np.asarray(values, np.float64)
    if array.ndim == 1 and array.shape[0] == shape[0] != shape[1]:
        array = array[:, None]
    return np.broadcast_to(array, shape)


def _all(statistics: tuple[Any, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    return {statistic.name: values.get(statistic.name, np.nan) for statistic in statistics}


def findings(name: str, run: HealthRun, **limits: float) -> tuple[Any, ...]:
    """The findings of a rule on a run, which it must have been able to judge."""
    result = verdict(name, run, **limits)
    assert result.status in ("pass", "fail"), result.reason
    return result.findings


def verdict(name: str, run: HealthRun, **limits: float) -> Verdict:
    """The verdict of one rule on a run, each of whose findings must have its evidence."""
    (result,) = judge(run, {name: limits}, [DIAGNOSES[name]])
    for finding in result.findings:
        assert lacking(run, finding) == ""
    return result


OF_TENSORS = [statistic.name for statistic in DATA_STATISTICS]


def lacking(run: HealthRun, finding: Finding) -> str:
    """What a finding lacks of its evidence: a number, its limit and their unit, steps that the run has, the tensor
    whose statistic it is, or the place that the model tells.

    The number may be none where it is not finite, and then its statistic is told.
    """
    rule = DIAGNOSES[finding.rule].rule
    if not rule.thresholds:
        has_place = finding.layer or rule.category == PREFLIGHT or any(head.layer is None for head in heads(run))
        return "" if has_place else "a layer"
    has = {
        "observed": finding.observed is not None or finding.statistic is not None,
        "limit": finding.limit is not None,
        "unit": finding.unit is not None,
        "steps": _has_steps(run, finding),
        "tensor": finding.tensor is not None or finding.statistic not in OF_TENSORS,
        "curve": finding.on_curve is None or _is_measured(run, finding.on_curve),
    }
    return ", ".join(name for name in has if not has[name])


def _has_steps(run: HealthRun, finding: Finding) -> bool:
    """Whether it tells no steps, or a first and a last one of the run's."""
    if finding.first_step is None or finding.last_step is None:
        return finding.first_step is finding.last_step
    return 0 <= finding.first_step <= finding.last_step < run.steps


def _is_measured(run: HealthRun, shown: OnCurve) -> bool:
    """Whether there is such a curve, and what it reached and its limit are two values that it can have."""
    kind, _, name = shown.curve.partition("/")
    statistic = STATISTICS.get(shown.curve)
    known = (
        run.table(statistic.scope).samples(shown.curve) > 0
        if statistic
        else kind == "epoch" and any(name in epoch.logs for epoch in run.epochs)
    )
    values = (shown.reached, shown.limit)
    return known and (values == (None, None) or bool(np.isfinite(values).all()))


def with_head(
    run: HealthRun,
    loss: str = "SparseCategoricalCrossentropy",
    activations: tuple[str, ...] | None = ("softmax",),
    units: int = 10,
    target: tuple[int | None, ...] = (None,),
    **loss_options: Any,
) -> HealthRun:
    """The run with another loss, last activation function or shape of its one output and target."""
    batch = tuple(
        replace(tensor, shape=(None, units), activations=activations)
        if tensor.stage == "prediction"
        else replace(tensor, shape=target)
        if tensor.stage == "target"
        else tensor
        for tensor in run.model.batch
    )
    compiled = {**run.model.compile, "losses": [{"output": "p", "class_name": loss, **loss_options}]}
    return replace(run, model=replace(run.model, batch=batch, compile=compiled))


def with_data(run: HealthRun, row: str, **statistics: Any) -> HealthRun:
    """The run with other statistics of a tensor of the batch."""
    for name, values in statistics.items():
        run = change(run, "data", name, values, row)
    return run


def with_classes(run: HealthRun, counts: Any, row: str = "target/y") -> HealthRun:
    """The run with the class counts `[steps, classes]`, or `[classes]` of each step, of a target or prediction."""
    array = np.asarray(counts, np.float64)
    array = np.broadcast_to(array, (len(run.step.steps), array.shape[-1]))
    shares = array / np.maximum(1.0, array.sum(axis=1, keepdims=True))
    columns = {str(i): np.stack([array[:, i], shares[:, i]], axis=1) for i in range(array.shape[-1])}
    return replace(run, classes=table((row, row.replace("target", "share")), columns, run.step.steps))


def with_shares(run: HealthRun, *shares: Any) -> HealthRun:
    """The run with the weighted shares of the labels of each unit of its one output."""
    columns = {str(i): _spread(share, (len(run.step.steps), 1)) for i, share in enumerate(shares)}
    return replace(run, classes=table(("share/p",), columns, run.step.steps))


def with_spread(run: HealthRun, spread: Any) -> HealthRun:
    """The run with another standard deviation of its one target, whose loss is the mean squared error."""
    return with_step(with_data(run, "target/y", data_std=spread), "target_variance/p", np.square(spread))


def with_step(run: HealthRun, name: str, values: Any) -> HealthRun:
    """The run with one statistic of the step more."""
    old = run.step
    column = _spread(values, (len(old.steps), 1))[:, :, None].astype(np.float32)
    array = np.concatenate([old.values, column], axis=2)
    return replace(run, step=replace(old, columns=(*old.columns, name), values=array, low=array, high=array))


def with_two_outputs(run: HealthRun, **of_size: Any) -> HealthRun:
    """The run with two outputs: "kind", of two even classes, and "size" at half weight, of the variance 4."""
    run = with_step(with_shares(run, 0.5, 0.5), "target_variance/size", 4.0)
    names = ("kind", "size")
    batch = tuple(BatchTensor(stage, name, (None,), "float32") for stage in ("target", "prediction") for name in names)
    losses = [
        {"output": "kind", "class_name": "SparseCategoricalCrossentropy"},
        {"output": "size", "class_name": "MeanSquaredError", "weight": 0.5, **of_size},
    ]
    facts = replace(run.model, batch=batch, compile={**run.model.compile, "losses": losses})
    return replace(run, model=facts, classes=replace(run.classes, rows=("share/kind",)))


def hardly_sampled_late(*means):
    """A run of 910 steps whose noisy loss was sampled once after step 60, and the means of its epochs."""
    steps = np.array([*range(0, 64, 4), 900])
    return with_epochs(losses(replace(healthy(steps=steps), steps=910), np.tile([9.0, 0.01], 9)[:17]), means)


def recompiled(run, since=500, level=20.0):
    """The run with another loss from a step on, which falls as the first one did."""
    loss = run.step.series("loss", "step")
    return replace(losses(run, np.where(run.step.steps < since, loss, level * np.exp(-STEPS / 500))), loss_since=since)
