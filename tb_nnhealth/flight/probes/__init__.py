"""The probes, in the order in which they are run: the cheap ones first. A new probe is a module and its name here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from tb_nnhealth.flight.clock import Clock
from tb_nnhealth.flight.probes import (
    batch_independence,
    data_order,
    dimension_probe,
    gradient_check,
    input_gallery,
    label_noise,
    learning_rate_range,
    overfit_tiny_batch,
    random_input,
    shuffled_labels,
    simple_baseline,
    train_validation_shift,
)
from tb_nnhealth.flight.subject import Subject


@dataclass(frozen=True)
class Probe:
    """An experiment: what it is called, its weight in the budget, and what makes it.

    `measure` returns plain data, which the rule of the same name reads, or raises `NotMeasured`.
    """

    name: str
    share: float
    measure: Callable[[Subject, Clock], Mapping[str, Any]]

    @classmethod
    def of(cls, module: ModuleType) -> "Probe":
        """Returns the probe of a module, from its name, its `SHARE` and its `measure`."""
        return cls(module.__name__.rpartition(".")[2].replace("_", "-"), module.SHARE, module.measure)


PROBES = tuple(
    Probe.of(module)
    for module in (
        input_gallery,
        data_order,
        train_validation_shift,
        label_noise,
        dimension_probe,
        batch_independence,
        gradient_check,
        overfit_tiny_batch,
        simple_baseline,
        shuffled_labels,
        random_input,
        learning_rate_range,
    )
)
"""Every probe."""
