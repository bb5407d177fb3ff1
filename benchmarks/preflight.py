"""What a default preflight costs: seconds of each probe, and memory beside that of the training's own steps.

python -m benchmarks.preflight [--wide] [--rounds 3]

Each figure is of a process of its own, which the peak of its memory belongs to. The CNN has few weights; of a wide
MLP, whose weights are most of a training's memory, the memory alone is measured.
"""

import argparse
import itertools
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

WIDE = (1000, 4000, 4000, 10)
"""The widths of the wide MLP, of 20 million weights."""


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yields the seconds of each part and the peak of memory in MiB, in turns."""
    for turn in range(rounds):
        for contestant in (LIBRARIES, TRAINING, PREFLIGHT):
            told = _told(contestant)
            for part, seconds in told["seconds"].items():
                yield _row(turn, contestant, part, round(seconds, 3), "")
            yield _row(turn, contestant, "whole", round(sum(told["seconds"].values()), 3), round(told["peak"], 1))


def measure_wide(rounds: int) -> Iterator[dict[str, Any]]:
    """Yields the peaks of memory in MiB with the wide MLP, in turns; that of the libraries is without it."""
    for turn in range(rounds):
        for contestant in (LIBRARIES, TRAINING, PREFLIGHT):
            peak = _told(contestant, "--wide")["peak"]
            yield {"round": turn, "contestant": contestant, "part": "whole", "peak_mib": round(peak, 1)}


def _told(contestant: str, *options: str) -> dict[str, Any]:
    """Returns what a process tells of a contestant."""
    command = [sys.executable, "-m", "benchmarks.preflight", "--contestant", contestant, *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


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
    return "\n".join(
        [
            f"* A default preflight of the CNN: {whole:.1f} s ({_kept(whole, LIMIT_SECONDS, ' s')}): {told}.",
            f"* Its memory beyond libraries, model and data: {_memory(rows)}",
        ]
    )


def render_wide(rows: Sequence[dict[str, Any]]) -> str:
    """Returns Markdown: the memory of the wide MLP's preflight beside that of its training, weights included."""
    if not rows:
        return ""
    weights = sum((fewer + 1) * more for fewer, more in itertools.pairwise(WIDE))
    title = f"an MLP of {weights / 1e6:.0f} million weights with Adam"
    return f"* That of {title}, beyond libraries and data: {_memory(rows)}"


def _memory(rows: Sequence[dict[str, Any]]) -> str:
    """Returns in words how many times the memory of a training's steps a preflight takes."""
    before, training, preflight = (
        _median(rows, name, "whole", "peak_mib") for name in (LIBRARIES, TRAINING, PREFLIGHT)
    )
    ratio = (preflight - before) / (training - before)
    return (
        f"{ratio:.2f} times that of training steps ({_kept(ratio, LIMIT_RATIO)}); peaks of the process: "
        f"{before:.0f} MiB before, {training:.0f} MiB in training, {preflight:.0f} MiB in the preflight."
    )


def _kept(value: float, limit: float, unit: str = "") -> str:
    return f"limit {limit:g}{unit} kept" if value <= limit else f"limit {limit:g}{unit} **missed**"


def _median(rows: Sequence[dict[str, Any]], contestant: str, part: str, name: str) -> float:
    return statistics.median(
        float(row[name]) for row in rows if row["contestant"] == contestant and row["part"] == part
    )


def _contest_wide(contestant: str) -> dict[str, Any]:
    """Returns the peak of a contestant with the wide MLP, in this process."""
    import keras
    import numpy as np

    from tb_nnhealth import preflight

    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(32 * STEPS, WIDE[0])).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    if contestant != LIBRARIES:
        hidden = [keras.layers.Dense(width, activation="relu") for width in WIDE[1:-1]]
        model = keras.Sequential([keras.Input(WIDE[:1]), *hidden, keras.layers.Dense(WIDE[-1])])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        if contestant == TRAINING:
            model.fit(x, y, batch_size=32, verbose=0)
        else:
            preflight(model, (x, y))
    return {"seconds": {}, "peak": _peak()}


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
    parser.add_argument("--wide", action="store_true", help="the wide MLP's memory")
    options = parser.parse_args(arguments)
    if options.contestant:
        print(json.dumps((_contest_wide if options.wide else _contest)(options.contestant)))
    elif options.wide:
        print(render_wide(list(measure_wide(options.rounds))))
    else:
        print(render(list(measure(options.rounds))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
