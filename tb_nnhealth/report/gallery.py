"""The examples of the last gallery, and what was predicted of them before."""

from typing import Any

from tb_nnhealth.faces import gallery
from tb_nnhealth.records import HealthRun

MOST_BEFORE = 12
"""Earlier galleries whose predictions are told: the first ones, in which most changes."""

MOST = {"classes": 1, "numbers": 4}
"""Kinds of predictions that are told of earlier galleries, and how much of each."""

Content = dict[str, Any]


def shown(run: HealthRun) -> Content | None:
    """Returns what is shown of a run's galleries, None where there are none: {"shown": the last one, "before": what was
    predicted in the others, "left_out": sentences}."""
    galleries = list(run.galleries)
    if not galleries:
        return None
    last = gallery.content(galleries[-1])
    others = [gallery.content(one) for one in galleries[:-1][:MOST_BEFORE]]
    before = [{**one, "exhibits": _predictions(one["exhibits"])} for one in others]
    return {"shown": last, "before": before, "left_out": [*last["left_out"], *run.galleries.problems]}


def _predictions(exhibits: list[Content]) -> list[Content]:
    return [
        exhibit | {"values": [value[: MOST[exhibit["kind"]]] for value in exhibit["values"]]}
        for exhibit in exhibits
        if exhibit["stage"] == "prediction" and exhibit["kind"] in MOST
    ]
