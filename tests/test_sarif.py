"""SARIF 2.1.0: by an object model of its own, by what the standard demands, and by what services want."""

import json
import os
import re
import shutil
from dataclasses import replace
from urllib.parse import unquote, urlparse

import pytest
from sarif_pydantic import Sarif

from tb_nnhealth import cli
from tb_nnhealth.engine import Verdict
from tb_nnhealth.rules import DIAGNOSES, Finding
from tb_nnhealth.sarif import sarif
from tb_nnhealth.scorecard import Scorecard
from tests.rules.builder import OF_TRAINING, change, healthy, stuck
from tests.written import write_run


def sick(limits=None):
    return Scorecard.from_run(change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95, "dense_1"), limits)


def read(scorecard, path="logs/run1"):
    document = json.loads(sarif({"run1": (scorecard, str(path))}))
    Sarif.model_validate(document)
    return document


def of_rule(results, name):
    return next(result for result in results if result["ruleId"] == name)


@pytest.mark.parametrize("scorecard", [sick(), Scorecard.from_run(healthy())], ids=["sick", "healthy"])
def test_structure_is_that_of_the_standard(scorecard):
    document = read(scorecard)
    assert list(document) == ["$schema", "version", "runs"] and document["version"] == "2.1.0"
    (run,) = document["runs"]
    assert run["tool"]["driver"]["name"] == "tb_nnhealth"
    assert run["automationDetails"]["id"] == "nnhealth/run1/"
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(OF_TRAINING)
    assert len(run["results"]) == len(scorecard.findings)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("note", "warning", "error")
        assert result["message"]["text"]


def test_levels_are_those_of_the_severities():
    findings = tuple(Finding("dead-units", severity, "…", layer=severity) for severity in ("error", "warning", "info"))
    results = read(replace(sick(), findings=findings))["runs"][0]["results"]
    assert [result["level"] for result in results] == ["error", "warning", "note"]


@pytest.mark.parametrize("name", OF_TRAINING)
def test_each_rule_tells_why_and_what_to_try(name):
    rule = next(r for r in read(sick())["runs"][0]["tool"]["driver"]["rules"] if r["id"] == name)
    assert rule["shortDescription"]["text"] and rule["fullDescription"]["text"].endswith(".")
    assert "## What to try" in rule["help"]["markdown"] and rule["help"]["text"]
    assert rule["defaultConfiguration"]["level"] == "warning"
    assert rule["properties"]["tags"] == [DIAGNOSES[name].rule.category]


def test_a_finding_lies_in_its_layer_and_in_the_log():
    result = of_rule(read(sick())["runs"][0]["results"], "dead-units")
    (location,) = result["locations"]
    assert location["logicalLocations"] == [{"fullyQualifiedName": "dense_1", "kind": "layer"}]
    physical = location["physicalLocation"]
    assert physical == {"artifactLocation": {"uri": "logs/run1"}, "region": {"startLine": 1}}
    assert result["properties"]["observed"] == 0.95 and result["properties"]["statistic"] == "dead_unit_fraction"


def test_a_finding_of_the_batch_lies_in_its_tensor():
    finding = Finding("target-scale", "error", "…", layer="head", tensor="target/y")
    (result,) = read(replace(sick(), findings=(finding,)))["runs"][0]["results"]
    assert result["locations"][0]["logicalLocations"] == [
        {"fullyQualifiedName": "head", "kind": "layer"}, {"fullyQualifiedName": "target/y", "kind": "tensor"}
    ]  # fmt: skip


def test_every_result_has_a_place_that_services_take():
    finding = Finding("stalled-loss", "error", "…")
    for result in read(replace(sick(), findings=(finding,)))["runs"][0]["results"]:
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"]
        assert "logicalLocations" not in location


def test_uris_are_relative_in_the_working_directory_and_absolute_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def uri(path):
        results = read(sick(), path)["runs"][0]["results"]
        return results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

    assert uri("a b/ü#1") == "a%20b/%C3%BC%231"
    assert uri(tmp_path / "logs") == "logs"
    assert uri("gs://bucket/logs") == "gs://bucket/logs"
    assert uri(tmp_path / "logs" / ".." / "x") == "x"
    assert uri(os.fsdecode(b"not-utf-8-\xff")) == "not-utf-8-%FF"
    elsewhere = urlparse(uri("/elsewhere/a b"))
    assert (elsewhere.scheme, unquote(elsewhere.path)) == ("file", "/elsewhere/a b")


def test_alerts_of_one_rule_in_several_places_are_told_apart_and_known_again():
    findings = [Finding("dead-units", "error", "…", layer=layer) for layer in ("a", "b")]
    findings.append(Finding("dead-units", "error", "…", layer="a", variable="a/kernel"))
    findings += [Finding("unnormalized-input", "error", "…", tensor=row) for row in ("input/a", "input/b")]

    def prints(findings):
        results = read(replace(sick(), findings=tuple(findings)))["runs"][0]["results"]
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]

    first = prints(findings)
    assert len(set(first)) == 5 and all(re.fullmatch(r"[0-9a-f]{16}:1", text) for text in first)
    assert prints([replace(finding, severity="warning", observed=0.3) for finding in findings]) == first


def test_what_became_of_rules_without_a_finding_is_told():
    scorecard = sick({"few-samples": {"enabled": False}})
    broken = Verdict(DIAGNOSES["exploding-gradient"], "error", {}, reason="ZeroDivisionError: by zero")
    rules = [broken if verdict.rule.name == "exploding-gradient" else verdict for verdict in scorecard.rules]
    (invocation,) = read(replace(scorecard, rules=tuple(rules)))["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    (override,) = invocation["ruleConfigurationOverrides"]
    assert override["descriptor"]["id"] == "few-samples" and override["configuration"] == {"enabled": False}
    told = {note["associatedRule"]["id"]: note for note in invocation["toolExecutionNotifications"]}
    assert told["exploding-gradient"]["level"] == "error"
    assert "by zero" in told["exploding-gradient"]["message"]["text"]
    assert told["loss-scale-collapse"]["level"] == "note" and "few-samples" not in told


def test_limits_in_force_stand_with_the_rule():
    rules = read(sick({"dead-units": {"error": 0.99, "ignore": ["a/*"]}}))["runs"][0]["tool"]["driver"]["rules"]
    properties = next(rule for rule in rules if rule["id"] == "dead-units")["properties"]
    assert properties["limits"]["error"] == 0.99 and properties["ignore"] == ["a/*"]


def test_hostile_names_make_neither_links_nor_bad_json():
    name = "[x](javascript:alert(1))\x1b\ud800"
    finding = Finding("dead-units", "error", f"{name} is dead", layer=name, observed=float("nan"))
    text = sarif({"run1": (replace(sick(), findings=(finding,)), "logs")})
    result = json.loads(text.encode(), parse_constant=pytest.fail)["runs"][0]["results"][0]
    assert "](" not in result["message"]["text"]
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == name
    assert "observed" not in result["properties"]


def test_a_scorecard_that_was_read_back_gives_the_same_results():
    scorecard = sick()
    again = Scorecard.from_json(scorecard.to_json())
    assert read(again)["runs"][0]["results"] == read(scorecard)["runs"][0]["results"]


def test_the_command_writes_all_runs(tmp_path, monkeypatch, capfd):
    write_run(healthy(), tmp_path / "logs" / "good")
    write_run(stuck(healthy()), tmp_path / "logs" / "deep" / "bad")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", "logs", "--format", "sarif"]) == 0
    out, err = capfd.readouterr()
    runs = {name: (Scorecard.from_logdir(f"logs/{name}"), f"logs/{name}") for name in ("deep/bad", "good")}
    assert (out, err) == (sarif(runs), "")
    (result,) = (r for r in json.loads(out)["runs"][0]["results"] if r["ruleId"] == "stalled-loss")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "logs/deep/bad"


def test_the_command_warns_of_more_runs_than_services_take(tmp_path, capfd):
    write_run(healthy(), tmp_path / "logs" / "0")
    for number in range(1, 21):
        shutil.copytree(tmp_path / "logs" / "0", tmp_path / "logs" / str(number))
    assert cli.main(["export", str(tmp_path / "logs"), "--format", "sarif"]) == 0
    out, err = capfd.readouterr()
    assert len(json.loads(out)["runs"]) == 21
    assert (
        err == "nnhealth: GitHub takes at most 20 runs in one SARIF file, and this one has 21: export them in parts.\n"
    )
    shutil.rmtree(tmp_path / "logs" / "20")
    assert cli.main(["export", str(tmp_path / "logs"), "--format", "sarif"]) == 0
    assert capfd.readouterr().err == ""
