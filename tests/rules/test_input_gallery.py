"""input-gallery shows, and does not judge."""

import pytest

from tests.rules.builder import healthy, verdict, with_probe


def test_examples_that_are_there_pass():
    result = verdict("input-gallery", with_probe("input-gallery", examples=2, exhibits=[]))
    assert (result.status, result.findings) == ("pass", ())


@pytest.mark.parametrize("run", [healthy(), with_probe("input-gallery", reason="no example could be shown")])
def test_without_them_it_says_why(run):
    result = verdict("input-gallery", run)
    assert result.status == "no_data" and result.reason
