"""What many rules ask of a run is computed once."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from tb_nnhealth.records import HealthRun

Told = ParamSpec("Told")
Answer = TypeVar("Answer")


def once(function: Callable[Concatenate[HealthRun, Told], Answer]) -> Callable[Concatenate[HealthRun, Told], Answer]:
    """Returns the function of a run, and of what can be hashed, so that it is computed once for each run."""

    @wraps(function)
    def kept(run: HealthRun, /, *args: Told.args, **kwargs: Told.kwargs) -> Answer:
        key = (function, args, *kwargs.items())
        if key not in run.computed:
            run.computed[key] = function(run, *args, **kwargs)
        answer: Answer = run.computed[key]
        return answer

    return kept
