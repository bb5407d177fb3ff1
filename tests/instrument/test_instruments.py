"""Whose fault an error in a measured step is."""

import pytest

pytest.importorskip("tensorflow")

from tb_nnhealth.instrument.instruments import _is_in_scope


def test_whose_operation_an_error_names() -> None:
    assert _is_in_scope("Detected at node model/dense/nnhealth/cond defined at (most recent call last):")
    assert _is_in_scope("bad [[{{node nnhealth/concat}}]] [Op:__inference_step]")
    assert _is_in_scope("bad [[{{node cond/Sum}}]]\n\t [[nnhealth/StatefulPartitionedCall]] [Op:x]")
    assert not _is_in_scope(
        'Detected at node model/lambda/assert_less defined at:\n File "/home/x/tb_nnhealth/instrument/taps.py"\n'
        "\n [[{{node model/lambda/assert_less}}]] [Op:__inference_step]"
    )
