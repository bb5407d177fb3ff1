"""One training with a known verdict.

`tests/faults/sick`, `tests/faults/healthy` and `tests/faults/blind` each expose `CASES: tuple[Case, ...]`:

    def _zero_kernels(seed: int) -> Trial:
        import keras                          # here, not at the top: a case is listed without TensorFlow

        x, y = digits()
        model = keras.Sequential([...])
        model.compile(...)
        return Trial(model, x, y, validation_data=None, fit_kwargs={"epochs": 5, "batch_size": 32})

    CASES = (
        Case("zero_kernels", "MLP, multi-class", _zero_kernels, expected=frozenset({"poor-initialization"}),
             pair="zero_kernels_mended"),
        Case("zero_kernels_mended", "MLP, multi-class", _mended_kernels, pair="zero_kernels"),
    )

The seed has been set with `keras.utils.set_random_seed(seed)` before `build(seed)` is called; a case passes it on to
what has a generator of its own, such as its data. `build` trains nothing and adds no callback of the library's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

UNNAMED = "(unnamed)"
"""Stands among the expected rules where no rule can name the cause: such a case is always counted as missed."""


@dataclass(frozen=True)
class Trial:
    """What a case trains: a compiled model, and what `model.fit` is given beside callbacks and verbosity.

    Attributes:
        model: Compiled `keras.Model`.
        x: Inputs, as `model.fit` takes them (array, list, dict or `tf.data.Dataset`).
        y: Targets; None where `x` yields them.
        validation_data: As `model.fit` takes it, or None.
        fit_kwargs: The other arguments, such as `{"epochs": 10, "batch_size": 32}`.
    """

    model: Any
    x: Any
    y: Any = None
    validation_data: Any = None
    fit_kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A training and the rules that may name what is wrong with it.

    Attributes:
        name: Unique, in lower case with underscores; a mended twin's is its sick twin's and `_mended`.
        kind: Architecture and task, such as "CNN, multi-class".
        build: Takes the seed and returns the trial.
        expected: The rules of which each names the planted cause; empty for a healthy training, and `UNNAMED` alone
            where no rule can name it.
        pair: Name of the mended or sick twin, where there is one.
        informs: Whether the trouble is such that a rule does no more than inform; then that counts too.
        also: Rules that are neither right nor wrong of it: on consequences, and on what is defensible.
    """

    name: str
    kind: str
    build: Callable[[int], Trial]
    expected: frozenset[str] = frozenset()
    pair: str | None = None
    informs: bool = False
    also: frozenset[str] = frozenset()

    @property
    def sick(self) -> bool:
        """Whether something is wrong with it."""
        return bool(self.expected)
