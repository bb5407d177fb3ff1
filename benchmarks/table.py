"""The README's table of figures, made from the raw ones."""

from typing import Any

from benchmarks import imports
from benchmarks.contestants import CONTESTANTS
from benchmarks.models import WORKLOADS
from benchmarks.overhead import summarize

IMPORT_LIMIT_MS = 100.0


def render(overhead: list[dict[str, Any]], memory: list[dict[str, Any]], imported: list[dict[str, Any]]) -> str:
    """Returns Markdown: each figure, its limit where it has one, and whether it was kept."""
    lines = [
        "| model | watched by | time ÷ plain `fit` (median, range) | limit | processor time ÷ plain | compiled in |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_overhead_line(row) for row in summarize(overhead)]
    lines += ["", *_memory_lines(memory), *_import_lines(imported)]
    return "\n".join(lines).rstrip()


def _overhead_line(row: dict[str, Any]) -> str:
    workload, contestant = WORKLOADS[row["workload"]], CONTESTANTS[row["contestant"]]
    limit = {"default": workload.limit, "every_step": workload.every_step_limit}.get(row["contestant"])
    cpu = "" if row["cpu_ratio"] is None else f"{row['cpu_ratio']:.3f}"
    compiled = "" if row["compile_seconds"] is None else f"{row['compile_seconds']:.1f} s"
    model = f"{workload.title} ({row['plain_ms']:.1f} ms a step, {row['steps']} steps)"
    ratio = f"{row['ratio']:.3f} ({row['low']:.3f}–{row['high']:.3f})"
    return f"| {model} | {contestant.title} | {ratio} | {_verdict(row['ratio'], limit)} | {cpu} | {compiled} |"


def _verdict(value: float, limit: float | None) -> str:
    if limit is None:
        return ""
    return f"{limit:g} kept" if value <= limit else f"{limit:g} **missed**"


def _memory_lines(rows: list[dict[str, Any]]) -> list[str]:
    lines = []
    for name in dict.fromkeys(row["contestant"] for row in rows):
        mib = [float(row["resident_mib"]) for row in rows if row["contestant"] == name]
        lines.append(
            f"* Memory, {name.replace('_', ' ')}: {mib[0]:.0f} MiB after 1,000 steps, {mib[-1]:.0f} MiB after 10,000."
        )
    return lines


def _import_lines(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    medians = imports.medians(rows)
    worst = max(medians.values())
    parts = ", ".join(f"{name} {value:.0f} ms" for name, value in medians.items())
    return [f"* Import beyond NumPy and TensorBoard: {parts} (limit {_verdict(worst, IMPORT_LIMIT_MS)})."]
