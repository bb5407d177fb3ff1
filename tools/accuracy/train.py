"""Trains one case, measured by a callback at its default settings; the pool starts a process of this for each.

python -m tools.accuracy.train PART NAME SEED OUTPUT
"""

import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from tests.faults.case import Case
from tests.faults.registry import entries
from tools.accuracy.store import Run, write


def train(case: Case, run: Run) -> None:
    """Trains the case and keeps what the training raised; an error of the case's own definition is not caught."""
    import keras

    from tb_nnhealth import HealthCallback

    shutil.rmtree(run.logs, ignore_errors=True)
    keras.utils.set_random_seed(run.seed)
    trial = case.build(run.seed)
    callbacks = [*trial.fit_kwargs.get("callbacks", ()), HealthCallback(run.logs)]
    arguments = {"verbose": 0, **trial.fit_kwargs, "callbacks": callbacks}
    raised = None
    try:
        trial.model.fit(trial.x, trial.y, validation_data=trial.validation_data, **arguments)
    except Exception as error:  # a training that fails is a sick one: what the rules say of it counts
        raised = type(error).__name__
    write(run.trained, {"name": run.name, "seed": run.seed, "raised": raised})


def main(arguments: Sequence[str]) -> None:
    part, name, seed, output = arguments
    warnings.simplefilter("ignore", UserWarning)
    (case,) = (entry.case for entry in entries(part) if entry.case.name == name)
    train(case, Run(Path(output), name, int(seed)))


if __name__ == "__main__":
    main(sys.argv[1:])
