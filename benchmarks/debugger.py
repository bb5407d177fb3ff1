"""One pair with TensorFlow's debugger, in a process of its own: it cannot be switched off and on again.

python -m benchmarks.debugger mlp DIRECTORY     # prints the seconds of a plain fit, and of one that is dumped
"""

import json
import sys
import time
from typing import Any

import keras
import tensorflow as tf

from benchmarks.models import WORKLOADS
from benchmarks.overhead import WARM_UP_STEPS, fit, warm_up


class _Clock(keras.callbacks.Callback):
    """Times the steps, and not what TensorFlow takes to begin and to end an iterator."""

    started = None

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.started = self.started or time.perf_counter()

    def on_train_end(self, logs: Any = None) -> None:
        self.seconds = time.perf_counter() - self.started


def main() -> None:
    name, directory = sys.argv[1:]
    workload = WORKLOADS[name]
    data = workload.data(workload.short_steps)
    seconds = []
    for is_dumped in (False, True):
        if is_dumped:
            tf.debugging.experimental.enable_dump_debug_info(directory, tensor_debug_mode="CURT_HEALTH")
        model = workload.compiled()
        fit(model, warm_up(data, workload), workload, [], WARM_UP_STEPS)
        clock = _Clock()
        fit(model, data, workload, [clock], workload.short_steps)
        seconds.append(clock.seconds)
    print(json.dumps(seconds), flush=True)


if __name__ == "__main__":
    main()
