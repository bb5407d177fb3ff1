"""Makes the whole default preflight of one flight."""

import os
import shutil
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from demo.training import BATCH_SIZE
from tb_nnhealth.flight.preflight import preflight
from tests.flight.zoo import flights
from tools.accuracy.store import Task, write


def train(task: Task) -> None:
    """Flies the flight of a task, and keeps what it took in seconds."""
    warnings.simplefilter("ignore")
    (flight,) = (flight for _, flight in flights() if flight.name == task.run.name)
    shutil.rmtree(task.run.logs, ignore_errors=True)
    training = flight.build()
    data = training.images if training.targets is None else (training.images, training.targets)
    if "sample_weight" in training.fit:
        data = (*data, training.fit["sample_weight"])
    if not training.fit.get("shuffle", True):
        data = tf.data.Dataset.from_tensor_slices(data).batch(training.fit.get("batch_size", BATCH_SIZE))
    validation = None if flight.validation is None else flight.validation()
    report = preflight(training.model, data, validation, task.run.logs, seed=task.run.seed)
    write(task.run.trained, {"name": flight.name, "seed": task.run.seed, "seconds": report.seconds})
