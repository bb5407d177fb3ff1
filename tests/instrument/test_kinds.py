"""How often the step is proven on batches of a kind."""

import pytest

from tb_nnhealth.instrument.definition import Unreadable
from tb_nnhealth.instrument.kinds import LATER, MOST_PROOFS, Kind
from tb_nnhealth.instrument.state import State


def proofs(moves: int) -> list[int]:
    """Returns the steps at which a step is proven whose weights move once in so many, where all are sampled."""
    kind, made = Kind(None, State([]), Unreadable(), is_proven=False), []
    for step in range(100):
        if kind.wants_proof(step):
            made.append(step)
            kind.note_proof(step, has_moved=moves > 0 and (step + 1) % moves == 0)
    return made


@pytest.mark.parametrize(
    ("moves", "expected"),
    [(1, [0, LATER]), (2, [0, 1, 1 + LATER]), (3, [0, 1, 2, 6, 7, 8]), (0, list(range(MOST_PROOFS)))],
)
def test_a_proof_counts_in_which_a_weight_moved(moves: int, expected: list[int]) -> None:
    assert proofs(moves) == expected


@pytest.mark.parametrize("is_settled", [True, False])
def test_none_is_made_again_where_there_is_nothing_left_to_prove(is_settled: bool) -> None:
    kind = Kind(None, State([]), Unreadable(), is_proven=False)
    kind.note_proof(0, has_moved=True)
    kind.note_failure(is_settled)
    assert kind.wants_proof(50) is not is_settled
