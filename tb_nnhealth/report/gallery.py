"""The examples of the last gallery with what was predicted of them before, and those of the first one if others."""

from collections.abc import Sequence
from typing import Any

from tb_nnhealth.faces import gallery
from tb_nnhealth.faces.wording import plural
from tb_nnhealth.records import Gallery, HealthRun

MOST_BEFORE = 12
"""Earlier galleries whose predictions are told: the first ones, in which most changes."""

MOST = {"classes": 1, "numbers": 4}
"""Kinds of predictions that are told of earlier galleries, and how much of each."""

Content = dict[str, Any]


def shown(run: HealthRun) -> list[Content]:
    """Returns what is shown of a run's galleries, a part for each set of examples, the last one first: {"shown": its
    last gallery, "before": what was predicted in the others, "left_out": sentences}; none where there are none."""
    sets = gallery.by_examples(run.galleries)
    told = sets[::-1] if len(sets) < 3 else [sets[-1], sets[0]]
    parts = [_part(galleries) for galleries in told]
    if parts:
        others = len(sets) - len(told)
        more = [f"{plural(others, 'set')} of other examples in between {'is' if others == 1 else 'are'} not shown."]
        parts[0]["left_out"] += [*run.galleries.problems, *(more if others else [])]
    return parts


def _part(galleries: Sequence[Gallery]) -> Content:
    last = gallery.content(galleries[-1])
    others = [gallery.content(one) for one in galleries[:-1][:MOST_BEFORE]]
    before = [{**one, "exhibits": _predictions(one["exhibits"])} for one in others]
    return {"shown": last, "before": before, "left_out": [*last["left_out"]]}


def _predictions(exhibits: list[Content]) -> list[Content]:
    return [
        exhibit | {"values": [value[: MOST[exhibit["kind"]]] for value in exhibit["values"]]}
        for exhibit in exhibits
        if exhibit["stage"] == "prediction" and exhibit["kind"] in MOST
    ]
