"""The orders of its axes in which a kernel may be held: as it is, or with its outputs first, as in PyTorch."""

from typing import TypeAlias

Axes: TypeAlias = tuple[int, ...]


def arrangements(ours: tuple[int, ...] | None, reference: tuple[int, ...] | None) -> list[Axes]:
    """Returns in which orders of the reference's axes its shape is ours, as it is first; none where it cannot be."""
    if ours is None or reference is None or len(ours) != len(reference):
        return []
    rank = len(ours)
    known: list[Axes] = [tuple(range(rank))]
    if rank > 1:
        known += [
            (*range(2, rank), 1, 0),  # Outputs, inputs, positions: to Keras'.
            (*range(2, rank), 0, 1),  # Channels, one, positions: a depthwise kernel.
            (rank - 1, rank - 2, *range(rank - 2)),  # Back from Keras'.
        ]
    fitting = [axes for axes in known if tuple(reference[axis] for axis in axes) == ours]
    return list(dict.fromkeys(fitting))


def is_as_it_is(axes: Axes) -> bool:
    return axes == tuple(range(len(axes)))
