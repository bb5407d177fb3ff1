"""The run that the page shows first, and then all of them, are judged before anyone asks for them."""

import pytest
from tensorboard.backend import application
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from werkzeug import test, wrappers

from tb_nnhealth import reader
from tb_nnhealth.plugin import ahead
from tb_nnhealth.plugin.ahead import Ahead
from tb_nnhealth.plugin.judge import Judge
from tb_nnhealth.plugin.loader import NNHealthLoader
from tb_nnhealth.plugin.sweep import Sweep
from tests.loaders import LOADERS
from tests.plugin.conftest import RUN, note_reads
from tests.synthetic import write_synthetic_run

PATIENCE = 30.0
FIRST = "exp<b>1/health"
"""In order of names."""


def begun(provider: object) -> Ahead:
    judge = Judge(provider)
    return Ahead(provider, judge, Sweep(provider, judge.known))


def finished(looking: Ahead) -> None:
    looking._thread.join(PATIENCE)
    assert not looking._thread.is_alive()


def test_run_that_stays_as_it_is_is_judged_though_no_page_opens(provider, reads, monkeypatch):
    monkeypatch.setattr(ahead, "FIRST_PAUSE", 0.01)
    looking = begun(provider)
    finished(looking)
    assert reads[0] == FIRST and reads.count(FIRST) == 1
    answer = looking._sweep.answer(RequestContext(), "", "")
    assert answer["pending"] == 0 and len(answer["rows"]) == 3
    assert sorted(reads) == sorted([FIRST, RUN, "future/health"])


def test_run_that_grows_is_waited_for(provider, reads, monkeypatch):
    monkeypatch.setattr(ahead, "FIRST_PAUSE", 0.01)
    versions = iter(["1", "2", "3", "3"])
    monkeypatch.setattr(Judge, "version", lambda *_: next(versions))
    finished(begun(provider))
    assert reads[0] == FIRST and list(versions) == []


def test_run_is_judged_at_once_where_a_page_opens(provider, reads, monkeypatch):
    monkeypatch.setattr(ahead, "FIRST_PAUSE", PATIENCE)
    looking = begun(provider)
    assert looking._thread.is_alive() and reads == []
    looking.hurry()
    finished(looking)
    assert reads == [FIRST]


def test_run_that_has_grown_is_judged_anew_when_another_page_opens(tmp_path, monkeypatch):
    monkeypatch.setattr(ahead, "FIRST_PAUSE", 0.01)
    write_synthetic_run(tmp_path / "run1", steps=4)
    with LOADERS["slow"](tmp_path) as provider:
        reads = note_reads(provider, monkeypatch)
        looking = begun(provider)
        finished(looking)
        monkeypatch.setattr(reader, "listed_version", lambda tags: (1, 2, 3.0))
        looking.hurry()
        finished(looking)
    assert reads == [RUN, RUN]


def test_what_the_page_asks_for_ends_it(provider, reads, monkeypatch):
    monkeypatch.setattr(ahead, "FIRST_PAUSE", PATIENCE)
    looking = begun(provider)
    looking.end()
    finished(looking)
    looking.hurry()
    assert not looking._thread.is_alive() and reads == []


@pytest.mark.parametrize("fault", ["provider_runs", "read_provider"])
def test_what_goes_wrong_harms_nothing(fault, provider, reads, monkeypatch):
    def fail(*_):
        raise RuntimeError("the data server is gone")

    with monkeypatch.context() as patched:
        patched.setattr(ahead, "FIRST_PAUSE", 0.01)
        patched.setattr(reader, fault, fail)
        looking = begun(provider)
        finished(looking)
    looking.hurry()
    finished(looking)
    assert reads == [FIRST]


def test_tensorboards_page_that_opens_hurries_it_and_ours_ends_it(provider, reads, monkeypatch):
    monkeypatch.setattr(ahead, "FIRST_PAUSE", PATIENCE)
    plugin = NNHealthLoader().load(base_plugin.TBContext(data_provider=provider))
    client = test.Client(application.TensorBoardWSGI([plugin], data_provider=provider), wrappers.Response)
    assert reads == []
    assert client.get("/data/plugins_listing").json["nnhealth"]["enabled"]
    finished(plugin._ahead)
    assert reads == [FIRST]
    assert client.get("/data/plugin/nnhealth/scorecard", query_string={"run": FIRST}).status_code == 200
    client.get("/data/plugins_listing")
    assert reads == [FIRST] and not plugin._ahead._thread.is_alive()
