"""data-order: label runs in the order in which the data gives its examples."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from tb_nnhealth.flight.clock import Clock, NothingToMeasure, NotMeasured
from tb_nnhealth.flight.examples import order
from tb_nnhealth.flight.examples.rows import are_windows, named_arrays
from tb_nnhealth.flight.examples.targets import CLASSES, Target, as_classes, loss_of, targets_of
from tb_nnhealth.flight.fixed_batch import is_stateful
from tb_nnhealth.flight.subject import Subject

SHARE = 0.2

FEWEST = 20
"""Examples: fewer tell no order."""

WINDOW = 16
"""Examples that are looked at together where a batch is a single one: about as many as a step's momentum is made of."""


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns how the targets' order differs from a shuffled one, for each target.

    Raises:
      NotMeasured: the data has no targets, or none of which an order can be told.
    """
    sample = subject.training
    if sample.y is None:
        raise NothingToMeasure("the data has no targets")
    if sample.ordered is None:
        raise NotMeasured("the order in which the data gives its targets was not read")
    if is_stateful(subject.model):
        raise NothingToMeasure("a stateful layer wants its examples in their order")
    if any(are_windows(array) for _, array in named_arrays(sample.x)):
        raise NothingToMeasure("its examples are windows that overlap, which follow each other in a series")
    targets = targets_of(sample.ordered, subject.model)
    if all(target.why_not for target in targets):
        raise NothingToMeasure(_joined(target.why_not for target in targets) or "the data has no targets")
    held = {target.name: target for target in _of_validation(subject)}
    read = {target.name: target for target in targets_of(sample.y, subject.model)}
    measured: list[dict[str, Any]] = []
    reasons: list[str] = []
    for done, target in enumerate(targets):
        clock.check("shuffle the targets")
        is_entropy = "crossentropy" in loss_of(subject.model, target.name, done).lower()
        only = target.kind == CLASSES and is_entropy and len(np.unique(read[target.name].values)) == 1
        found = _measured(target, held.get(target.name), only, sample.batch_size, subject.random("data-order"))
        if isinstance(found, str):
            reasons.append(found)
        else:
            measured.append(found)
        clock.done((done + 1) / len(targets))
    if not measured:
        raise NotMeasured(_joined(reasons))
    return {"outputs": measured, "shuffles": sample.shuffles, "batch_size": sample.batch_size}


def _joined(reasons: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(reasons))


def _of_validation(subject: Subject) -> list[Target]:
    validation = subject.validation
    return [] if validation is None or validation.y is None else targets_of(validation.y, subject.model)


def _measured(
    target: Target, held: Target | None, only: bool, batch: int, random: np.random.Generator
) -> dict[str, Any] | str:
    values = target.values
    if target.why_not:
        return target.why_not
    if len(values) < FEWEST:
        return f"an order shows from {FEWEST} examples on, of which it has {len(values)}"
    told = {"name": target.name, "kind": target.kind, "examples": len(values)}
    if len(np.unique(values)) == 1:
        return _alone(told, target, held, only)
    if target.kind == CLASSES:
        return told | _of_classes(as_classes(values), batch, random)
    correlation, p = order.of_numbers(values, random)
    return told | {"correlation": correlation, "p": p, "one_way": order.one_way(values)}


def _alone(told: dict[str, Any], target: Target, held: Target | None, only: bool) -> dict[str, Any] | str:
    """Returns how frequent the only class is in the validation data, where that has other ones; else which it is, where
    classes are to be learnt and the examples that were chosen have no other one either."""
    if held is not None and target.kind == held.kind == CLASSES:
        share = float((held.values.astype(str) == str(target.values[0])).mean())
        if share < 1:
            return told | {"share_elsewhere": share}
    if only:
        return told | {"only": str(target.values[0])}
    return f"all {told['examples']} targets that were read are the same"


def _of_classes(classes: order.Classes, batch: int, random: np.random.Generator) -> dict[str, Any]:
    window = batch if batch > 1 else WINDOW
    told: dict[str, Any] = {
        "classes": int(classes.max()) + 1,
        "window": window,
        "neighbours": asdict(found := order.of_neighbours(classes, random)) | {"excess": found.excess},
    }
    if len(classes) >= 2 * window:
        together = order.of_batches(classes, window, random)
        told["batches"] = asdict(together) | {"excess": together.excess}
        told["single"] = order.single_batches(classes, window)
    return told
