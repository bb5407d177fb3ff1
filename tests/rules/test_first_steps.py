"""first-steps: a training that fails at once."""

from dataclasses import replace

from tb_nnhealth.records import Flight
from tests.rules.builder import findings, healthy, verdict


def flown(failed: str = ""):
    return replace(healthy(), flight=Flight(60.0, 3.0, False, failed))


def test_steps_that_were_taken_pass():
    assert verdict("first-steps", flown()).status == "pass"


def test_what_was_raised_is_the_finding():
    (finding,) = findings("first-steps", flown("InvalidArgumentError: Received a label value of 10"))
    assert finding.severity == "error"
    assert finding.message == "No step can be taken. InvalidArgumentError: Received a label value of 10."


def test_without_a_preflight_or_a_step_there_is_no_verdict():
    assert verdict("first-steps", healthy()).reason == "no preflight was run"
    assert verdict("first-steps", replace(flown(), steps=0)).reason == "no step was taken"
