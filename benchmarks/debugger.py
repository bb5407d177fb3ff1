"""One pair with TensorFlow's debugger, in a process of its own: it cannot be switched off and on again.

python -m benchmarks.debugger mlp DIRECTORY     # prints the seconds of a plain fit, and of one that is dumped
"""

import json
import sys

import tensorflow as tf

from benchmarks.models import WORKLOADS
from benchmarks.overhead import WARM_UP_STEPS, fit, warm_up
from benchmarks.turns import Clock, End, Turns


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
        clock = Clock(Turns(), 0, workload.short_steps + 1)  # It has all turns.
        clock.start()
        fit(model, data, workload, [clock, End(clock)], workload.short_steps)
        seconds.append(clock.seconds)
    print(json.dumps(seconds), flush=True)


if __name__ == "__main__":
    main()
