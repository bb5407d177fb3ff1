"""All trainings of known verdict, in three parts: the real programs, the zoo, and the blind ones.

Names are listed without TensorFlow, but for the zoo's: the demo's sick models are a part of it.
"""

import importlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from tests.faults.case import Case, Trial
from tests.faults.labels import answering

PROGRAMS = Path(__file__).with_name("programs")
ENDINGS = ("_mended", "_bug", "_fix", "_ok")


@dataclass(frozen=True)
class Entry:
    """A case and the part that it stands in."""

    part: str
    case: Case

    @property
    def base(self) -> str:
        """The name that sick and mended twins share."""
        name = self.case.name
        return next((name.removesuffix(end) for end in ENDINGS if name.endswith(end)), name)

    @property
    def held_out(self) -> bool:
        """Whether it is in the third that no limit is calibrated on; twins are there together."""
        return zlib.crc32(self.base.encode()) % 3 == 0


def entries(part: str) -> tuple[Entry, ...]:
    """Returns the entries of a part, one of `PARTS`."""
    return tuple(Entry(part, case) for case in PARTS[part]())


def programs() -> Iterator[Case]:
    """Yields the real programs; a program's seed counts from the one with which it was labelled."""
    for path in sorted(PROGRAMS.glob("[!_]*.py")):
        program = importlib.import_module(f"tests.faults.programs.{path.stem}")
        yield Case(
            program.ID,
            program.KIND,
            _program(program),
            answering(program.PRIMARY),
            program.PAIR,
            informs=not (program.FIXED or program.MANIFESTS),
            also=answering([*program.FAULTS, *program.ALLOWED]),
        )


def zoo() -> Iterator[Case]:
    """Yields the zoo: models made sick in one way, mended ones, healthy ones, and those of the demo."""
    from tests.faults import healthy, sick

    yield from sick.CASES
    yield from healthy.CASES
    yield from demo()


DEMO_CAUSES: dict[str, set[str]] = {
    "activation-offset": {"large-bias"},
    "activation-scale": {"poor-initialization"},
    "collapsed-output": {"poor-initialization"},
    "dead-units": {"large-bias"},
    "exploding-gradient": {"unnormalized-input"},
    "high-update-ratio": {"learning-rate-value"},
    "increasing-loss": {"learning-rate-value"},
    "initial-loss": {"poor-initialization", "unnormalized-input"},
    "loss-reduction": {"label-out-of-range", "loss-label-mismatch"},
    "loss-weights": {"target-scale"},
    "metric-disagrees": {"loss-activation-mismatch"},
    "non-gaussian-update": {"unnormalized-input", "uneven-feature-scale"},
    "oscillating-loss": {"learning-rate-value"},
    "overfitting": {"few-samples", "no-regularization"},
    "stalled-loss": {"bad-input-values"},
    "unchanged-variable": {"clipping-always"},
    "underfitting": {"dropout-placement"},
    "uneven-feature-scale": {"unnormalized-input"},
    "vanishing-gradient": {"saturating-hidden-activation"},
    "weight-growth": {"unbounded-loss"},
}
"""What faults are planted by that the demo has for a rule on a consequence: the name of it answers, too."""


def demo() -> Iterator[Case]:
    """Yields the demo's healthy model, and its sick ones, by the rule that must fire or what they are planted by."""
    from demo import healthy
    from demo.faults import FAULTS

    yield Case("demo_healthy", "CNN, multi-class", _demo(healthy.build))
    for rule, fault in FAULTS.items():
        name = f"demo_{rule.replace('-', '_')}"
        expected = frozenset({rule, *DEMO_CAUSES.get(rule, ())})
        yield Case(name, f"digits: {fault.title}", _demo(fault.build), expected, informs=fault.informs)


def blind() -> Iterator[Case]:
    """Yields the programs whose writers did not know the rules."""
    from tests.faults.blind import CASES

    yield from CASES


PARTS: dict[str, Callable[[], Iterator[Case]]] = {"programs": programs, "zoo": zoo, "blind": blind}


def _program(program: ModuleType) -> Callable[[int], Trial]:
    def build(seed: int) -> Trial:
        import keras

        keras.utils.set_random_seed(program.SEED + seed)
        trial: Trial = program.build()
        keras.utils.set_random_seed(program.SEED + seed)  # as a program seeds the training, after it has built
        return trial

    return build


def _demo(build: Callable[[], Any]) -> Callable[[int], Trial]:
    def build_trial(seed: int) -> Trial:
        import keras

        from demo.training import BATCH_SIZE, EPOCHS, VALIDATION

        set_seed = keras.utils.set_random_seed
        with mock.patch.object(keras.utils, "set_random_seed", lambda fixed: set_seed(fixed + seed)):
            training = build()
        (x, y), validation = (
            keras.tree.map_structure(lambda array, part=part: array[part], (training.images, training.targets))
            for part in (slice(VALIDATION, None), slice(VALIDATION))
        )
        fit = {"epochs": EPOCHS, "batch_size": BATCH_SIZE, **training.fit}
        return Trial(training.model, x, y, validation, fit)

    return build_trial
