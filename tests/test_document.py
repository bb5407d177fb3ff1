"""The scorecard's JSON is read back as it was written, and what is none is refused in one sentence."""

import json
from dataclasses import replace

import pytest

from tb_nnhealth.document import ScorecardError
from tb_nnhealth.scorecard import Scorecard
from tests.rules.builder import change, healthy, stuck, unmeasured


def sick():
    return change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95, "dense_1")


SETTINGS = {"dead-units": {"warning": 0.6, "ignore": ["a/*"]}, "few-samples": {"enabled": False}}


@pytest.mark.parametrize("settings", [None, SETTINGS], ids=["defaults", "settings"])
@pytest.mark.parametrize("run", [healthy(), sick(), unmeasured(healthy())], ids=["healthy", "sick", "unmeasured"])
def test_json_is_read_back_to_the_byte(run, settings):
    text = Scorecard.from_run(run, settings).to_json()
    scorecard = Scorecard.from_json(text)
    assert scorecard.to_json() == text
    assert Scorecard.from_json(text.encode()).to_json() == text
    assert repr(scorecard) == repr(Scorecard.from_run(run, settings))


def test_verdicts_have_their_findings_remedies_and_settings():
    written = Scorecard.from_run(sick(), SETTINGS)
    verdict = next(v for v in Scorecard.from_json(written.to_json()).rules if v.rule.name == "dead-units")
    original = next(v for v in written.rules if v.rule.name == "dead-units")
    assert [finding.layer for finding in verdict.findings] == ["dense_1"]
    assert verdict.diagnosis.remedies == original.diagnosis.remedies
    assert (verdict.severity, verdict.limits["warning"], verdict.ignore) == ("error", 0.6, ("a/*",))


def test_another_versions_scorecard_is_kept_as_it_is_told():
    document = Scorecard.from_run(sick()).to_dict()
    document["tool_version"] = "9.9"
    document["surprise"] = 1
    document["rules"][0] |= {"name": "of-the-future", "title": "Something new", "surprise": 2}
    for rule in document["rules"]:
        del rule["enabled"], rule["ignore"]
    for finding in document["findings"]:
        del finding["tensor"]
    scorecard = Scorecard.from_json(json.dumps(document))
    assert scorecard.to_dict()["tool_version"] == "9.9"
    assert scorecard.rules[0].rule.name == "of-the-future" and scorecard.rules[0].enabled
    assert "surprise" not in scorecard.to_dict()


def test_names_that_unicode_cannot_hold_are_read_back():
    scorecard = replace(Scorecard.from_run(healthy()), run="\ud800x")
    assert Scorecard.from_json(scorecard.to_json().encode()).run == "\ud800x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expected a scorecard in JSON"),
        ("{", "Expected a scorecard in JSON"),
        (b"\xff\xfe\x00", "Expected a scorecard in JSON"),
        ("[" * 100_000, "Expected a scorecard in JSON"),
        ("[]", "Expected a scorecard of schema_version 1. Received: None"),
        ("{}", "Expected a scorecard of schema_version 1. Received: None"),
        ('{"schema_version": 2}', "Expected a scorecard of schema_version 1. Received: 2"),
        ('{"schema_version": 1}', "Expected a whole scorecard. Received: one with a fault ("),
    ],
)
def test_what_is_no_scorecard_is_refused(text, message):
    with pytest.raises(ScorecardError) as raised:
        Scorecard.from_json(text)
    assert str(raised.value).startswith(message) and "\n" not in str(raised.value)


def wrong(document):
    """Yields the document with one part of it missing or of another kind, for each part."""
    places = [(), ("training",), ("categories", 0), ("rules", 0), ("findings", 0)]
    for place in places:
        record = document
        for key in place:
            record = record[key]
        for key, value in list(record.items()):
            if place == ("rules", 0) and key in ("severity", "doc"):
                continue  # They follow from the rest.
            if key not in ("enabled", "ignore", "tensor", "on_curve"):
                del record[key]
                yield place, key, "missing"
            record[key] = {"some": "thing"} if not isinstance(value, dict) else 5
            yield place, key, "of another kind"
            record[key] = value


def test_every_part_that_is_missing_or_of_another_kind_is_one_sentence():
    document = Scorecard.from_run(sick()).to_dict()
    count = 0
    for where in wrong(document):
        count += 1
        with pytest.raises(ScorecardError) as raised:
            Scorecard.from_json(json.dumps(document))
        assert "\n" not in str(raised.value) and len(str(raised.value)) < 300, where
    assert count > 60


def test_a_files_scorecard(tmp_path):
    path = tmp_path / "card.json"
    path.write_text(Scorecard.from_run(sick()).to_json(), encoding="utf-8")
    assert Scorecard.from_file(path).to_json() == Scorecard.from_run(sick()).to_json()
    with pytest.raises(ValueError, match=r"Expected a scorecard's file\. Received: .*missing\.json \(No such file"):
        Scorecard.from_file(tmp_path / "missing.json")
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"schema_version 1\. Received: None, in .*card\.json"):
        Scorecard.from_file(str(path))
