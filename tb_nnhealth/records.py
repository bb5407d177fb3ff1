"""What a run is, as frozen records of NumPy arrays and plain data: the reader makes them, rules read them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """A layer as the manifest describes it.

    `rows` are its rows in the activations table: one for each call in the training step, in order
    ("dense", "dense#2" …); none where nothing of it was tapped. `activation` is the name of its own
    activation function, None for linear or none. `position` is its place in the forward order.
    `inputs` are the rows that its first call takes as they are, of layers' outputs (paths of layers without
    rows) or of the batch ("input/<name>"): none where something that is no layer stands between. `rate` is
    that of a dropout layer; `regularized` says that a penalty on its weights or output is part of the loss.
    `left_out` says that the rule at hand has nothing to say of it.
    """

    path: str
    class_name: str
    trainable: bool
    parameters: int
    position: int
    activation: str | None = None
    units: int | None = None
    dtype: str = "float32"
    is_output: bool = False
    normalizes: bool = False
    rows: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    rate: float | None = None
    regularized: bool = False
    left_out: bool = False


@dataclass(frozen=True)
class Variable:
    """A variable of the model, in forward order. `trainable` ones have a row in the variables table.

    `role` is its attribute name ("kernel", "bias", "gamma", "embeddings" …). `initial` holds facts
    taken before the first step: {"std", "norm", "constant": bool, "identical_units": fraction of the
    units (last axis) whose weights equal those of another unit}, or, of one that was frozen then,
    {"frozen_std", "frozen_absmax"}; empty where training did not start from there. `left_out` says
    that the rule at hand has nothing to say of it.
    """

    path: str
    layer: str
    role: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    initializer: str | None = None
    fan_in: int | None = None
    fan_out: int | None = None
    initial: Mapping[str, Any] = field(default_factory=dict)
    left_out: bool = False

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True)
class BatchTensor:
    """A tensor of the batch, or a prediction, as the traced step shows it.

    `stage` is "input", "target" or "prediction"; in `shape` None stands for what may vary. A prediction
    has the `row` of the layer that gives it, where it comes straight from one, and the activation functions
    that made it, the last one first: none for linear, None where they cannot be told.
    """

    stage: str
    name: str
    shape: tuple[int | None, ...]
    dtype: str
    row: str | None = None
    activations: tuple[str, ...] | None = None

    @property
    def place(self) -> str:
        """Its row in the data table."""
        return f"{self.stage}/{self.name}"


@dataclass(frozen=True)
class ModelFacts:
    """The model and how it was compiled, from the last session's manifest; variables' `initial` from the first's.

    `plan` is what `fit` was asked for: {"epochs", "steps_per_epoch"}, None where unknown.
    """

    name: str
    class_name: str
    parameters: int
    trainable_parameters: int
    layers: tuple[Layer, ...]
    variables: tuple[Variable, ...]
    compile: Mapping[str, Any]
    sampling: Mapping[str, Any]
    batch: tuple[BatchTensor, ...] = ()
    plan: Mapping[str, int | None] = field(default_factory=dict)

    def tensors(self, stage: str) -> tuple[BatchTensor, ...]:
        """Returns the batch's tensors of a stage: "input", "target" or "prediction"."""
        return tuple(tensor for tensor in self.batch if tensor.stage == stage)

    def layer(self, path: str) -> Layer | None:
        return self._layers.get(path)

    def layer_of_row(self, row: str) -> Layer | None:
        """Returns the layer that a row belongs to; one without rows of its own goes by its path."""
        return self._layer_of_row.get(row) or self._layers.get(row)

    def variable(self, path: str) -> Variable | None:
        return self._variables.get(path)

    def variables_of(self, layer: str) -> tuple[Variable, ...]:
        """Returns a layer's own variables, in forward order."""
        return self._variables_of.get(layer, ())

    @cached_property
    def _layers(self) -> dict[str, Layer]:
        return {layer.path: layer for layer in self.layers}

    @cached_property
    def _layer_of_row(self) -> dict[str, Layer]:
        return {row: layer for layer in self.layers for row in layer.rows}

    @cached_property
    def _variables(self) -> dict[str, Variable]:
        return {variable.path: variable for variable in self.variables}

    @cached_property
    def _variables_of(self) -> dict[str, tuple[Variable, ...]]:
        found: dict[str, tuple[Variable, ...]] = {}
        for variable in self.variables:
            found[variable.layer] = (*found.get(variable.layer, ()), variable)
        return found


@dataclass(frozen=True)
class Table:
    """A packed table over the sampled steps.

    `values[t, r, c]` is the statistic `columns[c]` of `rows[r]` at step `steps[t]`; NaN = not
    measured. `low` and `high` are the extremes over all samples that the row stands for (since the
    row before); equal to `values` where it stands for itself alone.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    steps: IntArray
    wall_times: NDArray[np.float64]
    values: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def empty(cls) -> "Table":
        none = np.zeros((0, 0, 0), np.float32)
        return cls((), (), np.zeros(0, np.int64), np.zeros(0), none, none, none)

    def has(self, statistic: str) -> bool:
        return statistic in self._column

    def row(self, name: str) -> int | None:
        return self._row.get(name)

    def series(self, statistic: str, row: str | None = None) -> FloatArray:
        """Returns the statistic at each sampled step: `[steps, rows]`, or `[steps]` of one row."""
        return self._pick(self.values, statistic, row)

    def lows(self, statistic: str, row: str | None = None) -> FloatArray:
        return self._pick(self.low, statistic, row)

    def highs(self, statistic: str, row: str | None = None) -> FloatArray:
        return self._pick(self.high, statistic, row)

    def samples(self, statistic: str) -> int:
        """Returns at how many steps the statistic was measured, in whichever rows."""
        if statistic not in self._samples:
            series = self.series(statistic)
            self._samples[statistic] = int(np.count_nonzero(~np.isnan(series).all(axis=1))) if series.size else 0
        return self._samples[statistic]

    def last(self, statistic: str, row: str) -> float:
        """Returns the last measured value of the statistic, NaN where there is none."""
        series = self.series(statistic, row)
        measured = series[~np.isnan(series)]
        return float(measured[-1]) if measured.size else float("nan")

    def _pick(self, array: FloatArray, statistic: str, row: str | None) -> FloatArray:
        column = self._column.get(statistic)
        if column is None:
            return np.full((len(self.steps), len(self.rows)) if row is None else len(self.steps), np.nan, np.float32)
        if row is None:
            return array[:, :, column]
        index = self._row.get(row)
        if index is None:
            return np.full(len(self.steps), np.nan, np.float32)
        return array[:, index, column]

    @cached_property
    def _samples(self) -> dict[str, int]:
        """What `samples` has counted: many rules ask for the same."""
        return {}

    @cached_property
    def _column(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.columns)}

    @cached_property
    def _row(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.rows)}


class Histograms(Mapping[str, Table]):
    """The histograms of each kind, as tables whose columns are the bins.

    No rule needs them, and there are many: a table is read whenever it is asked for. `rows` are those of the kinds of
    which any were written.
    """

    def __init__(
        self, rows: Mapping[str, tuple[str, ...]], kinds: tuple[str, ...], read: Callable[[str], Table]
    ) -> None:
        self.rows = rows
        self._kinds = kinds
        self._read = read

    @classmethod
    def of(cls, tables: Mapping[str, Table]) -> "Histograms":
        """Returns those that are at hand."""
        return cls({kind: table.rows for kind, table in tables.items()}, tuple(tables), tables.__getitem__)

    def changed(self, change: Callable[[Table], Table]) -> "Histograms":
        """Returns the histograms with each table changed, when it is read."""
        return Histograms(self.rows, self._kinds, lambda kind: change(self._read(kind)))

    def __contains__(self, kind: object) -> bool:
        return kind in self._kinds

    def __getitem__(self, kind: str) -> Table:
        if kind not in self._kinds:
            raise KeyError(kind)
        return self._read(kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


@dataclass(frozen=True)
class ModeLosses:
    """The loss of one batch in training and in inference mode of the model, with the same weights.

    Without regularizers and `add_loss`; NaN where it is not finite.
    """

    training: float
    inference: float


@dataclass(frozen=True)
class Epoch:
    """An epoch's end: its number, the step after its last one, Keras' logs (with `val_` ones), and the loss in both
    of the model's modes where it was measured."""

    epoch: int
    step: int
    logs: Mapping[str, float | None]
    modes: ModeLosses | None = None


Token = tuple[int, str]
Share = tuple[int, float, str]
"""An id and its word; a class, its share and its name. "" where there is no word."""


@dataclass(frozen=True)
class Exhibit:
    """What one tensor of a gallery's examples looks like.

    `stage` is "input", "first" (what the first layer that learns gets, of its inputs' names), "target" or
    "prediction"; `layer` the path of the layer that gets it as it is, None where none does. `values` has one value an
    example, by `kind`:

    * "picture": a PNG in base64, of `size` (height, width), drawn from black at `low` to white at `high`;
    * "numbers": a tuple of floats (NaN = not finite), by `columns`;
    * "tokens": a tuple of ids with their words;
    * "text": a str;
    * "classes": a tuple of the foremost classes with their shares, of `unit` "fraction" or ""; `several`: an example
      may be of several.

    `shape` is that of an example, `low`, `high`, `mean` and `std` are over all examples (NaN = not known), `nonfinite`
    elements left out. `channels` tells of a picture's in words.
    """

    stage: str
    name: str
    kind: str
    values: tuple[Any, ...]
    shape: tuple[int, ...] = ()
    dtype: str = ""
    layer: str | None = None
    low: float = float("nan")
    high: float = float("nan")
    mean: float = float("nan")
    std: float = float("nan")
    nonfinite: int = 0
    size: tuple[int, ...] = ()
    channels: str = ""
    columns: tuple[str, ...] = ()
    unit: str = ""
    several: bool = False


@dataclass(frozen=True)
class Gallery:
    """A few examples as a model got them, with targets and predictions, after the step `step`.

    `epoch` is the one that had ended, None before the training; `left_out` are sentences about what is not shown.
    """

    step: int
    epoch: int | None
    examples: int
    exhibits: tuple[Exhibit, ...]
    left_out: tuple[str, ...] = ()

    def of(self, *stages: str) -> tuple[Exhibit, ...]:
        return tuple(exhibit for exhibit in self.exhibits if exhibit.stage in stages)


class Galleries(Sequence[Gallery]):
    """The galleries of a run, in order. No rule needs them, and they are large: they are read when they are asked for.

    `are_there` says without reading whether any were written, `problems` what could not be read of them.
    """

    def __init__(self, are_there: bool, read: Callable[[], tuple[Sequence[Gallery], Sequence[str]]]) -> None:
        self.are_there = are_there
        self._read = read

    @classmethod
    def of(cls, galleries: Sequence[Gallery] = (), problems: Sequence[str] = ()) -> "Galleries":
        """Returns those that are at hand."""
        return cls(bool(galleries or problems), lambda: (galleries, problems))

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(self._both[1])

    @overload
    def __getitem__(self, index: int) -> Gallery: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Gallery]: ...

    def __getitem__(self, index: int | slice) -> Gallery | Sequence[Gallery]:
        return self._both[0][index]

    def __len__(self) -> int:
        return len(self._both[0])

    @cached_property
    def _both(self) -> tuple[Sequence[Gallery], Sequence[str]]:
        return self._read() if self.are_there else ((), ())


@dataclass(frozen=True)
class Place:
    """Where a non-finite value stood: its stage, in causal order "input", "variable", "activation",
    "loss", "gradient", "update"; the row's or variable's name ("" for the loss); how many elements."""

    stage: str
    path: str
    count: float


@dataclass(frozen=True)
class NonFinite:
    """The first non-finite values that were seen while training: the step, and all places, first cause first.

    Where only the variables tell of them, they may have come earlier: `since` is the last step after which
    these were known to be finite (one before the run's first step where that is all there is to know), and None
    where the step is exact.
    """

    step: int
    places: tuple[Place, ...]
    since: int | None = None

    @property
    def first_step(self) -> int:
        """The first step in which they may have come."""
        return self.step if self.since is None else self.since + 1


INTERRUPTED = "the preflight was interrupted"
"""Why a probe measured nothing where the user ended the preflight before its end."""


@dataclass(frozen=True)
class Probed:
    """What a probe of the preflight measured in so many seconds; `reason` says why it measured nothing.

    `values` are plain data as JSON has them: None for what is not finite.
    """

    seconds: float
    values: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None


@dataclass(frozen=True)
class Flight:
    """A preflight as a whole: the seconds that its probes shared at most, those of what comes before
    them (the data are read, the model is built, the first steps are taken), and whether a training came after it: else
    the steps of the run are the preflight's own. `failed` says why a step of the training could not be taken, empty
    where one could, or where the model is not compiled.
    """

    budget: float
    first_steps: float
    trained: bool
    failed: str = ""


@dataclass(frozen=True)
class HealthRun:
    """Everything known of one run.

    `steps` counts the training steps done, `samples` the samples that were taken,
    `sampled_steps` those whose rows are here; `thinned` says that rows which were written are
    missing (TensorBoard sampled them, or they were lost): `missing_rows` of them, of which `lost_rows` are
    known to have been lost as they were written. `loss_since` is the first step of the present
    compiled losses: where the run began, or where it was compiled with others. `costs` are measured seconds:
    "compile", "sampling", "training" (within the steps), and "elapsed" from the first sample to the
    last. `problems` are sentences about what could not be read. `project` and
    `limits` are what the training's `pyproject.toml` and `HealthCallback(limits=…)` set of the rules, as the
    manifest holds it (tb_nnhealth.configuration). `probes` are those of the preflight, by name, in the order in
    which they were run, and `flight` tells of the preflight as a whole; nothing where there was none.
    """

    name: str
    created: float
    tool_version: str
    model: ModelFacts
    steps: int
    samples: int
    sampled_steps: int
    thinned: bool
    finished: bool
    variables: Table = field(default_factory=Table.empty)
    activations: Table = field(default_factory=Table.empty)
    data: Table = field(default_factory=Table.empty)
    step: Table = field(default_factory=Table.empty)
    classes: Table = field(default_factory=Table.empty)
    histograms: Histograms = field(default_factory=lambda: Histograms.of({}))
    epochs: tuple[Epoch, ...] = ()
    galleries: Galleries = field(default_factory=Galleries.of)
    nonfinite: NonFinite | None = None
    loss_since: int = 0
    costs: Mapping[str, float] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    missing_rows: int = 0
    lost_rows: int = 0
    project: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    probes: Mapping[str, Probed] = field(default_factory=dict)
    flight: Flight | None = None

    @property
    def untrained(self) -> bool:
        """Whether all that is known of the run is its preflight."""
        return self.flight is not None and not self.flight.trained

    @property
    def is_interrupted(self) -> bool:
        """Whether the user ended the preflight before its end."""
        return any(probed.reason == INTERRUPTED for probed in self.probes.values())

    def table(self, scope: str) -> Table:
        """Returns the table of a scope of the vocabulary: "variable", "activation", "data", "step"."""
        return {"variable": self.variables, "activation": self.activations, "data": self.data, "step": self.step}[scope]

    @cached_property
    def computed(self) -> dict[Any, Any]:
        """What rules have computed of the run, for others that ask the same (rules/_once.py)."""
        return {}
