"""Resident memory over 10,000 steps with the callback: it must not grow."""

import warnings
from typing import Any

import keras

from benchmarks.models import WORKLOADS
from tb_nnhealth import HealthCallback

STEPS, EVERY = 10_000, 1000


class Memory(keras.callbacks.Callback):
    """Notes the resident memory of the process, in MiB, every so many steps."""

    async_safe = False

    def __init__(self) -> None:
        super().__init__()
        self.readings: list[tuple[int, float]] = []
        self._step = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._step += 1
        if self._step % EVERY == 0:
            self.readings.append((self._step, _resident()))


def measure(root: str) -> list[dict[str, Any]]:
    """Returns the resident memory after every 1000 steps: plain, with default settings, with every step sampled."""
    workload = WORKLOADS["mlp"]
    x, y = workload.data(STEPS)
    rows = []
    for name, callbacks in (
        ("plain", []),
        ("default", [HealthCallback(f"{root}/memory/default")]),
        ("every_step", [HealthCallback(f"{root}/memory/every_step", sampling=1)]),
    ):
        memory, model = Memory(), workload.compiled()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(
                x,
                y,
                batch_size=workload.batch,
                epochs=workload.epochs(STEPS),
                verbose=0,
                callbacks=[*callbacks, memory],
            )
        rows += [{"contestant": name, "step": step, "resident_mib": round(mib, 1)} for step, mib in memory.readings]
    return rows


def _resident() -> float:
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return float(line.split()[1]) / 1024
