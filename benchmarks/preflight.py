"""What a default preflight costs: seconds of each probe, and memory beside that of the training's own steps.

python -m benchmarks.preflight [--rounds 3]

Each figure is of a process of its own, which the peak of its memory belongs to.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

LIMIT_SECONDS, LIMIT_RATIO = 60.0, 2.0

LIBRARIES, TRAINING, PREFLIGHT = "libraries", "training", "preflight"
"""Peaks of memory: of the libraries with the model and its data, after some steps of training, after a preflight."""

STEPS = 10
"""Steps of the training."""


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yields the seconds of each part and the peak of memory in MiB, in turns."""
    for turn in range(rounds):
        for contestant in (LIBRARIES, TRAINING, PREFLIGHT):
            command = [sys.executable, "-m", "benchmarks.preflight", "--contestant", contestant]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            told = json.loads(done.stdout.splitlines()[-1])
            for part, seconds in told["seconds"].items():
                yield _row(turn, contestant, part, round(seconds, 3), "")
            yield _row(turn, contestant, "whole", round(sum(told["seconds"].values()), 3), round(told["peak"], 1))


def _row(turn: int, contestant: str, part: str, seconds: float, peak: float | str) -> dict[str, Any]:
    return {"round": turn, "contestant": contestant, "part": part, "seconds": seconds, "peak_mib": peak}


def render(rows: Sequence[dict[str, Any]]) -> str:
    """Returns Markdown: what the preflight of the CNN took, part by part, and its memory beside a training's."""
    if not rows:
        return ""
    parts = dict.fromkeys(row["part"] for row in rows if row["contestant"] == PREFLIGHT and row["part"] != "whole")
    whole = _median(rows, PREFLIGHT, "whole", "seconds")
    longest = sorted(((_median(rows, PREFLIGHT, part, "seconds"), part) for part in parts), reverse=True)
    told = ", ".join(f"{part} {seconds:.1f} s" for seconds, part in longest)
    peaks = {name: _median(rows, name, "whole", "peak_mib") for name in (LIBRARIES, TRAINING, PREFLIGHT)}
    ratio = (peaks[PREFLIGHT] - peaks[LIBRARIES]) / (peaks[TRAINING] - peaks[LIBRARIES])
    return "\n".join(
        [
            f"* A default preflight of the CNN: {whole:.1f} s ({_kept(whole, LIMIT_SECONDS, ' s')}): {told}.",
            f"* Its memory beyond libraries, model and data: {ratio:.2f} times that of training steps "
            f"({_kept(ratio, LIMIT_RATIO)}); peaks of the process: {peaks[LIBRARIES]:.0f} MiB before, "
            f"{peaks[TRAINING]:.0f} MiB in training, {peaks[PREFLIGHT]:.0f} MiB in the preflight.",
        ]
    )


def _kept(value: float, limit: float, unit: str = "") -> str:
    return f"limit {limit:g}{unit} kept" if value <= limit else f"limit {limit:g}{unit} **missed**"


def _median(rows: Sequence[dict[str, Any]], contestant: str, part: str, name: str) -> float:
    return statistics.median(
        float(row[name]) for row in rows if row["contestant"] == contestant and row["part"] == part
    )


def _contest(contestant: str) -> dict[str, Any]:
    """Returns what a contestant took, in this process."""
    from benchmarks.models import WORKLOADS
    from tb_nnhealth import preflight

    workload = WORKLOADS["cnn"]
    model, (x, y) = workload.compiled(), workload.data(STEPS)
    seconds = {}
    if contestant == TRAINING:
        model.fit(x, y, batch_size=workload.batch, epochs=1, verbose=0)
    if contestant == PREFLIGHT:
        import tensorflow as tf

        report = preflight(model, tf.data.Dataset.from_tensor_slices((x, y)).batch(workload.batch))
        seconds = {name: probed.seconds for name, probed in report.run.probes.items()}
        seconds = {"first steps": report.seconds - sum(seconds.values()), **seconds}
    return {"seconds": seconds, "peak": _peak()}


def _peak() -> float:
    """Returns the most resident memory that the process had, in MiB."""
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return float(line.split()[1]) / 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.preflight", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1, help="processes of each (default: 1)")
    parser.add_argument("--contestant", choices=(LIBRARIES, TRAINING, PREFLIGHT), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.contestant:
        print(json.dumps(_contest(options.contestant)))
    else:
        print(render(list(measure(options.rounds))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
