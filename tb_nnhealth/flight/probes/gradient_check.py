"""Finite differences against back-propagation: of each layer, loss and regularizer of one's own, and of the model."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import tensorflow as tf

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.fixed_batch import fixed_batch
from tb_nnhealth.flight.gradients import graphs, nudged
from tb_nnhealth.flight.gradients.derivatives import DIRECTIONS, NOTHING, Agreement, Differentiable, agreement
from tb_nnhealth.flight.gradients.jumps import jumps
from tb_nnhealth.flight.gradients.point import Point, point_of
from tb_nnhealth.flight.gradients.precise import unfused
from tb_nnhealth.flight.gradients.traced import Part, trained_gradients
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.objective import has_own_step
from tb_nnhealth.instrument.layers import sites, variable_paths
from tb_nnhealth.telling import told

SHARE = 1.5

EXAMPLES = 8
"""A batch of so few tells of each derivative what a larger one does."""

HAPPY = 1e-7
"""CS231n: with errors up to this "you should be happy"; of larger ones the reason is looked for."""

JOINT_DIRECTIONS = 3

ALIKE = 0.01
"""By how much the twin's gradient may differ from the model's own, which is rounded to float32, as a share of it."""

MOST_SINGLE = 12
"""Of a layer with more variables than these, the rest is compared with others only."""


@dataclass(frozen=True)
class Check:
    """A comparison: in which layer, loss or model, by which of its inputs or variables.

    `held` is the error where finite differences leave as they are what `stop_gradient` holds, None where there is
    nothing held; `hides_held`: something is held within a loop or a branch, out of reach; `is_identity`: a layer whose
    outputs are its inputs; `jumps`: something in it whose gradient is not derived, as of a rounding, is not
    continuous; `operations` are those in it that may keep a gradient from coming through, or change it.
    """

    kind: str
    name: str
    class_name: str
    by: str
    agreement: Agreement = NOTHING
    is_variable: bool = True
    held: float | None = None
    hides_held: bool = False
    is_identity: bool = False
    jumps: bool = False
    operations: tuple[str, ...] = ()

    @property
    def is_doubtful(self) -> bool:
        return self.agreement.is_blocked or self.agreement.error > max(HAPPY, 10 * self.agreement.doubt)

    def record(self) -> dict[str, Any]:
        values = {name: value for name, value in asdict(self).items() if name != "agreement"}
        return {**values, "operations": list(self.operations), **asdict(self.agreement)}


Task = Callable[[], Iterable[Check]]


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns a record for each layer, loss and regularizer of somebody's own by each of its inputs and variables, and
    for the model's loss by its variables.

    Raises:
      NotMeasured: nothing can be derived, or the time is spent.
    """
    try:
        with unfused():
            return _measured(subject, clock)
    finally:
        gc.collect()  # The graphs and their tensors hold each other.


def _measured(subject: Subject, clock: Clock) -> dict[str, Any]:
    model, random = subject.model, subject.random("gradient-check")
    if not model.trainable_variables:
        raise NotMeasured("the model has no trainable variables")
    sample = subject.training.take(np.arange(_size(model, subject.training)))
    point = point_of(model, sample, random)
    clock.check("compare derivatives")
    paths = _paths(model)
    later: list[Task] = []
    first = [*_of_parts(point, paths, random, later), *_of_model(point, model, paths, random, later)]
    checks, undone = _done(first, clock, 0.0)
    if not checks:
        clock.check("compare derivatives")
    checks += _done(later, clock, 0.5)[0]
    unlike = _unlike(model, sample, point, paths) if any(c.is_doubtful and c.is_variable for c in checks) else set()
    return {
        "checks": [check.record() for check in checks if not _is_of(unlike, check)],
        "precision": "float64" if point.twin.is_double else "float32",
        "examples": sample.examples,
        "has_own_step": has_own_step(model),
        "variables": len(paths),
        "left_out": len(unlike),
        "undone": undone,
    }


def _size(model: Any, sample: Sample) -> int:
    """Returns how many examples are taken: as many as the model says that it takes, or a few, no more than usual."""
    return min(fixed_batch(model) or min(EXAMPLES, max(2, sample.batch_size)), sample.examples)


def _done(tasks: Sequence[Task], clock: Clock, before: float) -> tuple[list[Check], int]:
    """Returns what is found in the time that is left, and how many tasks are undone; each begins half of the bar."""
    checks: list[Check] = []
    for index, task in enumerate(tasks):
        if not clock.left():
            return checks, len(tasks) - index
        checks += task()
        clock.done(before + 0.5 * (index + 1) / len(tasks))
    return checks, 0


def _paths(model: Any) -> list[str]:
    known = variable_paths(sites(model))
    return [known.get(id(variable), variable.path) for variable in model.trainable_variables]


def _of_parts(point: Point, paths: Sequence[str], random: np.random.Generator, later: list[Task]) -> Iterator[Task]:
    """Yields what checks each layer, loss and regularizer of somebody's own on its real inputs, by each of these and by
    its variables; by each of them may be done `later`."""
    for part in point.traced.parts:
        yield partial(_of_part, point, part, paths, random, later)


def _of_part(
    point: Point, part: Part, paths: Sequence[str], random: np.random.Generator, later: list[Task]
) -> Iterator[Check]:
    variables = [point.traced.values[index] for index in part.variables]
    real = dict(zip((t.name for t in part.inputs), _arrays(point, part.inputs, {}), strict=True))
    learnt = [tensor.name for tensor in part.inputs if graphs.depends(tensor, point.traced.values)]
    given = {name: nudged.nudged(value, random) if name in learnt else value for name, value in real.items()}
    if not np.isfinite(_arrays(point, [part.slope_of], given)[0]):
        given = real
    operations = graphs.between([*part.inputs, *variables], part.outputs)
    gradients = dict(zip((t.name for t in (*part.inputs, *variables)), part.gradients, strict=True))
    comparison = _Comparison(point, part.slope_of, gradients, {**point.all, **given}, operations)
    labels = {t.name: f"input {i}" if len(part.inputs) > 1 else "input" for i, t in enumerate(part.inputs)}
    labels |= {tensor.name: paths[index] for tensor, index in zip(variables, part.variables, strict=True)}
    place = paths[part.variables[0]] if part.kind == "regularizer" else part.name
    whole = Check(part.kind, place, part.class_name, "", is_identity=_is_identity(point, part, given))
    for name in learnt:
        yield replace(comparison.made(whole, [name], random), by=labels[name], is_variable=False)
    names = [tensor.name for tensor in variables]
    if names:
        yield replace(comparison.made(whole, names, random), by=labels[names[0]] if len(names) == 1 else "")
    if len(names) > 1:
        later += [partial(_single, comparison, whole, name, labels[name], random) for name in names[:MOST_SINGLE]]


def _single(
    comparison: "_Comparison", check: Check, name: str, label: str, random: np.random.Generator
) -> Iterator[Check]:
    yield replace(comparison.made(check, [name], random), by=label)


def _of_model(
    point: Point, model: Any, paths: Sequence[str], random: np.random.Generator, later: list[Task]
) -> Iterator[Task]:
    """Yields what checks the loss by each variable without a gradient, and by all; the rest is for `later`."""
    step = point.traced
    names = [tensor.name for tensor in step.values]
    is_zero = [not np.any(gradient) for gradient in point.twin.run(step.gradients, point.all)]
    gradients = dict(zip(names, step.gradients, strict=True))
    comparison = _Comparison(point, step.loss, gradients, point.all, graphs.between([], [step.loss]))
    whole = Check("model", model.name, type(model).__name__, "")

    def task(label: str, by: Sequence[str]) -> Task:
        return lambda: [replace(comparison.made(whole, by, random, JOINT_DIRECTIONS), by=label)]

    singles = [task(path, [name]) for path, name in zip(paths, names, strict=True)]
    yield from (single for single, zero in zip(singles, is_zero, strict=True) if zero)
    yield task("", names)
    later += [single for single, zero in zip(singles, is_zero, strict=True) if not zero]


class _Comparison:
    """Compares the gradient of one function of the graph by some of its arguments at a time.

    Args:
      point: the graph's twin.
      value: the function's.
      gradients: by the names of its arguments.
      given: the values of these, and of what else it depends on.
      operations: what computes it.
    """

    def __init__(
        self,
        point: Point,
        value: tf.Tensor,
        gradients: Mapping[str, tf.Tensor],
        given: Mapping[str, Any],
        operations: Sequence[Any],
    ) -> None:
        self._point, self._value, self._gradients, self._given = point, value, gradients, given
        self._held = graphs.held(operations)
        self._all = operations
        self._operations = tuple(graphs.suspects(operations))
        self._function = point.differentiable(value, gradients, given)

    def made(self, check: Check, by: Sequence[str], random: np.random.Generator, count: int = DIRECTIONS) -> Check:
        """Returns the check with what is found for the gradient by some arguments, taken together."""
        at = {name: self._given[name] for name in by}
        scales = {
            name: self._point.scales[name] if name in self._point.scales else nudged.scale(at[name]) for name in by
        }
        found = agreement(self._function, at, scales, random, count)
        check = replace(check, agreement=found, operations=self._operations)
        if not check.is_doubtful or found.is_blocked:
            return check
        hides_held = graphs.hides_held(self._value.graph, self._all)
        check = replace(check, hides_held=hides_held, jumps=self._jump(by, random))
        if not self._held:
            return check
        return replace(check, held=agreement(self._function_with_held, at, scales, random, count).error)

    def _jump(self, by: Sequence[str], random: np.random.Generator) -> bool:
        """Returns whether what has a gradient of its own jumps, of all that depends on these arguments."""
        arguments = [self._value.graph.get_tensor_by_name(name) for name in by]
        for given, result in graphs.surrogates(self._all):
            moved = [tensor for tensor in given if graphs.depends(tensor, arguments)]
            if moved and self._jumps(moved, result, random):
                return True
        return False

    def _jumps(self, moved: Sequence[tf.Tensor], result: tf.Tensor, random: np.random.Generator) -> bool:
        values = _arrays(self._point, moved, self._given)
        start = {tensor.name: np.asarray(value, np.float64) for tensor, value in zip(moved, values, strict=True)}
        way = {name: nudged.direction(value, nudged.scale(value), random) for name, value in start.items()}
        evaluate = self._point.twin.function([result], {**self._given, **start})

        def at(place: float) -> Any:
            return np.asarray(evaluate({name: start[name] + place * way[name] for name in way})[0], np.float64)

        return jumps(at)

    @cached_property
    def _function_with_held(self) -> Differentiable:
        values = _arrays(self._point, self._held, self._given)
        kept = dict(zip((tensor.name for tensor in self._held), values, strict=True))
        return self._point.differentiable(self._value, self._gradients, {**self._given, **kept})


def _is_identity(point: Point, part: Part, given: Mapping[str, Any]) -> bool:
    outputs = _arrays(point, part.outputs, given)
    return len(outputs) == 1 and any(np.array_equal(outputs[0], value) for value in given.values())


def _arrays(point: Point, tensors: Sequence[tf.Tensor], given: Mapping[str, Any]) -> list[Any]:
    return [tensor.numpy() for tensor in point.twin.run(tensors, {**point.all, **given})] if tensors else []


def _unlike(model: Any, sample: Sample, point: Point, paths: Sequence[str]) -> set[str]:
    """Returns the variables by which the twin is derived in another way than the model is when it trains.

    A `tf.custom_gradient` may tell variables from what else it is given; to the twin they are numbers. Numbers that are
    drawn differ between the two, so that only what is zero in one of them tells.
    """
    try:
        own = trained_gradients(model, sample, [point.values[tensor.name] for tensor in point.traced.values])
    except Exception as error:
        raise NotMeasured(f"a step of training breaks: {told(error)}") from error
    twins = point.twin.run(point.traced.gradients, point.all)
    is_random = any("Random" in operation.type for operation in graphs.between([], [point.traced.loss]))
    return {path for path, one, other in zip(paths, own, twins, strict=True) if _differ(one, other.numpy(), is_random)}


def _is_of(unlike: set[str], check: Check) -> bool:
    """Returns whether a check is by such a variable, or off by several that may include one: each is checked alone."""
    return check.by in unlike or bool(unlike and not check.by and check.is_doubtful)


def _differ(own: Any, twins: Any, is_random: bool) -> bool:
    size = 0.0 if own is None else float(np.linalg.norm(own))
    if is_random or not size:
        return bool(size) != bool(np.any(twins))
    return float(np.linalg.norm(own - twins)) > ALIKE * size
