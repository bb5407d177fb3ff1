"""Reads tables and histograms block by block, each into its place."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tb_nnhealth.reader._data import Datum, Series, Session, canonical
from tb_nnhealth.reader.tables import BINS, Assembly
from tb_nnhealth.records import Histograms, Table
from tb_nnhealth.summary import metadata

logger = logging.getLogger(__name__)

Events = Mapping[str, Sequence[Datum]]
"""The events of each tag in the order they were read; a tag may be read when it is asked for, once."""

Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


def read_tables(
    sessions: Sequence[Session],
    events: Events,
    read: Callable[[str], Series],
    each: Each,
    noted: list[str],
) -> dict[str, Table]:
    """Returns the tables, the small ones first: TensorBoard's data server is as long about them as about large ones."""
    layouts = {name: [session.manifest["tables"].get(name) for session in sessions] for name in metadata.TABLES}
    made = {name: Assembly(sessions, layout) for name, layout in layouts.items()}
    small_first = [(name, made[name]) for name in reversed(metadata.TABLES)]

    def add(place: tuple[str, int]) -> list[str]:
        name, block = place
        tag = metadata.table_tag(name, block)
        return made[name].add(tag, block, read(tag))

    def add_extremes(place: tuple[str, int]) -> list[str]:
        name, block = place
        tag = metadata.extremes_tag(name, block)
        return made[name].add_extremes(tag, block, read(tag)) if tag in events else []

    for problems in each(add, [(name, block) for name, table in small_first for block in range(table.blocks)]):
        noted += problems
    extremes = [(name, block) for name, table in small_first for block in range(table.extremes_blocks)]
    for problems in each(add_extremes, extremes):
        noted += problems
    return {name: assembly.table() for name, assembly in made.items()}


def histograms_of(sessions: Sequence[Session], events: Events, starts: Sequence[tuple[float, int]]) -> Histograms:
    """Returns the histograms, each read when it is asked for; what cannot be read of one is logged, and is missing."""
    kinds = tuple(dict.fromkeys(kind for session in sessions for kind in session.manifest["histograms"]))

    def assembly(kind: str) -> Assembly:
        layouts = [session.manifest["histograms"].get(kind) for session in sessions]
        return Assembly(sessions, [layout and {**layout, "columns": BINS} for layout in layouts])

    def read(kind: str) -> Table:
        made = assembly(kind)
        for block in range(made.blocks):
            tag = metadata.histogram_tag(kind, block)
            try:
                problems = made.add(tag, block, canonical(events.get(tag, ()), starts))
            except Exception as error:  # What cannot be read of it must not hide the rest.
                problems = [f"{tag} cannot be read: {error}"]
            for problem in problems:
                logger.warning("%s", problem)
        return made.table()

    written = (kind for kind in kinds if metadata.histogram_tag(kind, 0) in events)
    return Histograms({kind: assembly(kind).rows for kind in written}, kinds, read)
