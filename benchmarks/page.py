"""The README's table of how quick the Health tab is, made from the raw figures."""

import statistics
from collections.abc import Sequence
from typing import Any

Rows = Sequence[dict[str, Any]]

FRAME, MISSED = 17.5, 0.05
"""60 frames a second: milliseconds between two of them (16.7, and what a clock is off), and the share missed."""

FIGURES = (
    ("first verdict on screen, ms", "verdict_ms", 1000),
    ("heat map on screen, ms", "heatmap_ms", 2000),
    ("hovering, 95th percentile of the time between frames, ms", "hover_p95_ms", FRAME),
    ("hovering, share of frames missed", "hover_missed", MISSED),
    ("panning, 95th percentile of the time between frames, ms", "pan_p95_ms", FRAME),
    ("panning, share of frames missed", "pan_missed", MISSED),
    ("memory of the page's scripts, MB", "memory_mb", 200),
    ("a refresh with nothing new, bytes", "refresh_bytes", 2000),
)
"""What is told of the large run: in words, by its column, and its limit."""

OF_SWEEP = (("all rows, ms", "rows", 2000), ("all verdicts, ms", "verdicts", None))


def render(large: Rows, beside: Rows, sweep: Rows) -> str:
    """Returns Markdown: medians of each visit, and whether they keep their limit; nothing of what was not measured."""
    lines = []
    if large:
        lines += _table("one run of 1,000 variables × 1,000 samples", FIGURES, large)
    if sweep:
        lines += _table("a directory of 200 runs", OF_SWEEP, sweep)
    if large and beside:
        lines += [
            "",
            "| 1,000 rows, from the address to the data | first shown | all shown |",
            "|---|---|---|",
            _health(large),
            *(
                f"| {row['shown in']}, {int(row['samples']):,} samples, twelve charts a page "
                f"| {_seconds(row['first_ms'])} | {_all(row)} |"
                for row in beside
            ),
        ]
    return "\n".join(lines)


def _table(title: str, figures: Sequence[tuple[str, str, float | None]], rows: Rows) -> list[str]:
    ways = list(dict.fromkeys((row["loader"], row["visit"]) for row in rows))
    head = " | ".join(f"{loader} loader, {'first visit' if visit == 'first' else visit}" for loader, visit in ways)
    lines = ["", f"| {title} | {head} | limit |", "|---|" + "---|" * (len(ways) + 1)]
    for words, column, limit in figures:
        found = [_median(rows, column, *way) for way in ways]
        verdict = "" if limit is None else f"{limit:,} kept" if max(found) <= limit else f"{limit:,} **missed**"
        lines.append(f"| {words} | {' | '.join(f'{value:,g}' for value in found)} | {verdict} |")
    return lines


def _median(rows: Rows, column: str, loader: str, visit: str) -> float:
    return statistics.median(float(row[column]) for row in rows if (row["loader"], row["visit"]) == (loader, visit))


def _health(rows: Rows) -> str:
    first, every = (
        statistics.median(float(row["tab_ms"]) + float(row[column]) for row in rows if row["visit"] == "first")
        for column in ("verdict_ms", "heatmap_ms")
    )
    return f"| Health, 1,000 samples, a heat map | {_seconds(first)} | {_seconds(every)} |"


def _all(row: dict[str, Any]) -> str:
    """Returns when all charts had been shown, or how many where patience ended before."""
    told, charts, every = _seconds(row["all_ms"]), int(row["charts"]), int(row["of"])
    return told if charts == every else f"{charts:,} of {every:,} charts after {told}"


def _seconds(milliseconds: Any) -> str:
    return f"{float(milliseconds) / 1000:.1f} s"
