"""Trains one case, measured by a callback at its default settings."""

import os
import shutil
import warnings

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1"})
# One thread for each training, whatever the number of them at once: sums are then taken in the same order.

import keras

from tb_nnhealth import HealthCallback
from tests.faults.case import Case
from tests.faults.registry import entries
from tools.accuracy.store import Run, Task, write


def train(task: Task) -> None:
    """Trains the case of a task."""
    warnings.simplefilter("ignore", UserWarning)
    (case,) = (entry.case for entry in entries(task.part) if entry.case.name == task.run.name)
    train_case(case, task.run)


def train_case(case: Case, run: Run) -> None:
    """Trains the case and keeps what the training raised; an error of the case's own definition is not caught."""
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
