"""A run is judged once, until it grows."""

import pytest
from tensorboard import errors
from tensorboard.context import RequestContext

from tb_nnhealth.plugin.judge import Judge
from tests.plugin.conftest import RUN, STEPS

CONTEXT = RequestContext()


def test_run_is_read_once_while_it_is_the_same(provider, reads):
    judge = Judge(provider)
    first = judge.judged(CONTEXT, "", RUN)
    assert first.run.samples == STEPS and first.version == judge.version(CONTEXT, "", RUN)
    assert judge.judged(CONTEXT, "", RUN) is first and reads == [RUN]
    assert judge.known("", RUN, first.version) == (first.run, first.card)
    assert judge.known("", RUN, "another version") is None


def test_run_that_is_not_there_is_said_to_be_missing(provider):
    with pytest.raises(errors.NotFoundError, match="no health data of a run with this name"):
        Judge(provider).judged(CONTEXT, "", "no such run")


def test_run_that_cannot_be_read_says_why(provider):
    with pytest.raises(errors.InvalidArgumentError, match="schema version 1 or older"):
        Judge(provider).judged(CONTEXT, "", "future/health")
