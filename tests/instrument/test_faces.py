"""What the callback wrote is one run and one scorecard, whoever reads it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import tb_nnhealth
from tb_nnhealth import Scorecard
from tb_nnhealth.reader import read_provider
from tests.instrument.conftest import Measured
from tests.loaders import CONTEXT, EXPERIMENT, LOADERS, assert_same_run, skip_unless_there

pytestmark = pytest.mark.slow

SCHEMA = json.loads((Path(tb_nnhealth.__file__).parent / "scorecard.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    "case", ["recompiled", "rnn_stack", "list_inputs_outputs", "steps_per_execution"], indirect=True
)
def test_tensorboards_loaders_give_the_run_of_the_files(measured: Measured, loader: str) -> None:
    skip_unless_there(loader)
    with LOADERS[loader](measured.log_dir) as provider:
        run = read_provider(provider, CONTEXT, EXPERIMENT, "health")
        assert_same_run(replace(run, name=measured.run.name), measured.run)


def test_scorecard_keeps_to_its_schema(measured: Measured) -> None:
    text = Scorecard.from_logdir(measured.log_dir).to_json()
    assert text == Scorecard.from_run(measured.run).to_json()
    Draft202012Validator(SCHEMA).validate(json.loads(text))
