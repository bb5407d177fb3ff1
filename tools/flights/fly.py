"""Makes the whole default preflight of one flight."""

import os
import shutil
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tb_nnhealth.flight.preflight import preflight
from tests.flight.zoo import data_of, flights
from tools.accuracy.store import Task, write


def train(task: Task) -> None:
    """Flies the flight of a task, and keeps what it took in seconds."""
    warnings.simplefilter("ignore")
    (flight,) = (flight for _, flight in flights() if flight.name == task.run.name)
    shutil.rmtree(task.run.logs, ignore_errors=True)
    training = flight.build()
    validation = None if flight.validation is None else flight.validation()
    report = preflight(training.model, data_of(training), validation, task.run.logs, seed=task.run.seed)
    write(task.run.trained, {"name": flight.name, "seed": task.run.seed, "seconds": report.seconds})
