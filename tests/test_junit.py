"""JUnit XML: read back by a parser of its own, and well formed whatever names a log holds."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tb_nnhealth import cli
from tb_nnhealth.engine import Verdict
from tb_nnhealth.junit import junit
from tb_nnhealth.rules import DIAGNOSES, Finding
from tb_nnhealth.scorecard import Scorecard
from tests.rules.builder import OF_TRAINING, change, healthy, stuck, with_layers
from tests.written import write_run


def sick():
    return Scorecard.from_run(change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95, "dense_1"))


def read(document):
    return ElementTree.fromstring(document)


def case(suite, name):
    return next(case for case in suite.iter("testcase") if case.get("name") == name)


def test_a_suite_for_each_run_and_a_case_for_each_rule():
    report = read(junit({"a": sick(), "b/c": Scorecard.from_run(healthy())}))
    assert report.tag == "testsuites"
    assert [suite.get("name") for suite in report] == ["a", "b/c"]
    for suite in report:
        cases = [(case.get("name"), case.get("classname")) for case in suite.iter("testcase")]
        assert cases == [(name, diagnosis.rule.category) for name, diagnosis in OF_TRAINING.items()]
    assert report[0].get("timestamp") == "2023-11-14T22:13:20.000Z"
    properties = {item.get("name"): item.get("value") for item in report[0].iter("property")}
    assert properties == {"model": "plain", "status": "fail", "score": str(sick().score), "steps": "951"}


def test_what_became_of_each_rule():
    broken = Verdict(DIAGNOSES["exploding-gradient"], "error", {}, reason="ZeroDivisionError: by zero")
    scorecard = sick()
    rules = [broken if verdict.rule.name == "exploding-gradient" else verdict for verdict in scorecard.rules]
    report = read(junit({"a": replace(scorecard, rules=tuple(rules))}))
    failure = case(report[0], "dead-units").find("failure")
    assert failure.get("type") == "error" and "dense_1" in failure.get("message") and "try: " in failure.text
    assert case(report[0], "loss-scale-collapse").find("skipped").get("message") == "the loss is not scaled"
    assert case(report[0], "exploding-gradient").find("error").get("message") == "ZeroDivisionError: by zero"
    assert list(case(report[0], "nonfinite-values")) == []
    for element in (report, report[0]):
        counts = {name: int(element.get(name)) for name in ("tests", "failures", "errors", "skipped")}
        statuses = [rule.status for rule in rules]
        assert counts == {
            "tests": len(OF_TRAINING), "failures": statuses.count("fail"), "errors": 1,
            "skipped": statuses.count("no_data"),
        }  # fmt: skip


def test_information_is_told_and_fails_nothing():
    frozen = Scorecard.from_run(with_layers(healthy(), dense_0={"trainable": False}))
    told = case(read(junit({"a": frozen})), "frozen-variables")
    assert told.find("failure") is None and "info: " in told.find("system-out").text


def test_names_that_xml_cannot_hold_are_replaced():
    name = "<b>&\"'\x00\x1b[31m\x0b\ud800\ufffe]]>é😀"
    finding = Finding("dead-units", "error", f"{name} is dead")
    verdict = Verdict(DIAGNOSES["dead-units"], "fail", {}, (finding,))
    scorecard = replace(sick(), rules=(verdict,), findings=(finding,), model={"name": name})
    document = junit({name: scorecard})
    seen = "<b>&\"'\ufffd\ufffd[31m\ufffd\ufffd\ufffd]]>é😀"
    (suite,) = read(document)
    assert suite.get("name") == seen
    assert suite.find("properties/property").get("value") == seen
    assert case(suite, "dead-units").find("failure").get("message") == f"error: {seen} is dead"
    assert document.startswith(b"<?xml version='1.0' encoding='utf-8'?>") and document.endswith(b"\n")


@pytest.fixture
def logs(tmp_path):
    write_run(healthy(), tmp_path / "logs" / "good")
    write_run(stuck(healthy()), tmp_path / "logs" / "bad")
    return tmp_path / "logs"


def test_the_command_writes_all_runs(logs, tmp_path, capfdbinary):
    assert cli.main(["export", str(logs), "--format", "junit"]) == 0
    out, err = capfdbinary.readouterr()
    runs = {name: Scorecard.from_logdir(logs / name) for name in ("bad", "good")}
    assert (out, err) == (junit(runs), b"")
    assert (
        cli.main(["export", str(logs), "--run", "good", "--format", "junit", "-o", str(tmp_path / "health.xml")]) == 0
    )
    assert (tmp_path / "health.xml").read_bytes() == junit({"good": runs["good"]})


def test_a_run_that_cannot_be_read_is_told_and_the_others_are_written(logs, capfd):
    (logs / "broken" / "health").mkdir(parents=True)
    (logs / "broken" / "health" / "events.out.tfevents.1").write_bytes(b"no event file")
    assert cli.main(["export", str(logs), "--format", "junit"]) == 2
    out, err = capfd.readouterr()
    assert [suite.get("name") for suite in read(out)] == ["bad", "good"]
    assert err.startswith("nnhealth: ") and err.count("\n") == 1
