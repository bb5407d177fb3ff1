"""The project's settings: where they are looked for, what wrong ones say, and that all faces go by the same."""

import json
import os

import numpy as np
import pytest
from tensorboard.plugins import base_plugin
from werkzeug import test, wrappers

from tb_nnhealth import cli
from tb_nnhealth.plugin.plugin import NNHealthPlugin
from tb_nnhealth.project import project_settings
from tb_nnhealth.scorecard import Scorecard
from tests.loaders import slow_provider
from tests.synthetic import write_synthetic_run

PROJECT = """
[tool.nnhealth.rules.dead-units]
warning = 0.6
ignore = ["encoder/*"]
[tool.nnhealth.rules.few-samples]
enabled = false
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project, which this process works in."""
    directory = tmp_path / "project"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


def write(directory, text):
    (directory / "pyproject.toml").write_text(text, encoding="utf-8")


def test_without_a_file_nothing_is_set(project):
    assert project_settings() is None


def test_settings_are_read_from_the_working_directory_or_above(project, monkeypatch):
    write(project, PROJECT)
    expected = {"dead-units": {"warning": 0.6, "ignore": ("encoder/*",)}, "few-samples": {"enabled": False}}
    assert project_settings() == expected
    (project / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(project / "deep" / "er")
    assert project_settings() == expected
    write(project / "deep", "[tool.other]\n")
    assert project_settings() == expected, "a file without our table does not hide one above"
    write(project / "deep", "[tool.nnhealth]\n")
    assert project_settings() == {}


def test_a_directory_that_is_gone_has_no_settings(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    os.rmdir(tmp_path / "gone")
    assert project_settings() is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.nnhealth", "Expected a file in TOML. Received: {path} ("),
        ("a = " + "[" * 100_000, "Expected a file in TOML. Received: {path} ("),
        ("[tool]\nnnhealth = 3", "Expected [tool.nnhealth] as a table. Received: tool.nnhealth=3 in {path}"),
        ("[tool.nnhealth.rule.dead-units]", "to hold rules, perhaps rules. Received: 'rule' in {path}"),
        ("[tool.nnhealth.rules.dead-unit]", "perhaps dead-units; `nnhealth rules` lists them. Received: 'dead-unit'"),
        ("[tool.nnhealth.rules.dead-units]\nwarn = 1", "perhaps warning. Received: 'warn' in {path}"),
        ("[tool.nnhealth]\nrules = 3", "Received: 3 in {path}"),
        ("[tool.nnhealth.rules.dead-units]\nwarning = 'x'", "as a finite number. Received: dead-units.warning='x'"),
    ],
)
@pytest.mark.parametrize("command", ["show", "export", "check"])
def test_wrong_settings_are_one_sentence(command, text, message, project, tmp_path, capsys):
    write_synthetic_run(tmp_path / "run1", steps=4)
    write(project, text)
    assert cli.main([command, str(tmp_path / "run1")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert message.format(path=project / "pyproject.toml") in err


def test_a_file_in_another_encoding_is_one_sentence(project):
    (project / "pyproject.toml").write_bytes(b"[tool.nnhealth]\n# \xff\n")
    with pytest.raises(ValueError, match=r"Expected a file in TOML\. Received: .*pyproject\.toml"):
        project_settings()


class Faces:
    """What each face shows of the run in a log directory."""

    def __init__(self, logs, capfdbinary):
        self.logs, self.capfdbinary = logs, capfdbinary

    def page(self):
        with slow_provider(self.logs) as provider:
            plugin = NNHealthPlugin(base_plugin.TBContext(data_provider=provider))
            client = test.Client(plugin.get_plugin_apps()["/scorecard"], wrappers.Response)
            return client.get("/scorecard", query_string={"run": "run1/health", "download": "1"})

    def exported(self, *options):
        assert cli.main(["export", str(self.logs / "run1"), *options]) == 0
        return self.capfdbinary.readouterr().out

    def library(self, limits=None):
        return Scorecard.from_logdir(self.logs / "run1", limits).to_json().encode()

    def same(self):
        texts = {self.page().data, self.exported(), self.library()}
        assert len(texts) == 1, "the bytes differ"
        rules = json.loads(texts.pop())["rules"]
        return {rule["name"]: rule for rule in rules}


@pytest.fixture
def faces(tmp_path, project, capfdbinary):
    """A run whose training was given settings of a project and of an argument, looked at from another project."""
    settings = {
        "project": {"dead-units": {"warning": 0.61, "error": 0.91}, "few-samples": {"enabled": False}},
        "limits": {"dead-units": {"error": 0.92}, "stalled-loss": {"ignore": ["encoder/*"]}},
    }
    write_synthetic_run(tmp_path / "logs" / "run1", rules=settings)
    return Faces(tmp_path / "logs", capfdbinary)


def test_settings_travel_with_the_run(faces):
    rules = faces.same()
    assert rules["dead-units"]["limits"] == {**rules["dead-units"]["limits"], "warning": 0.61, "error": 0.92}
    assert rules["few-samples"]["enabled"] is False
    assert rules["stalled-loss"]["ignore"] == ["encoder/*"]


@pytest.mark.parametrize(
    "rules", [5, None, [], {"project": 5, "limits": ["dead-units"]}, {"limits": {"dead-units": 5, "gone": {"a": 1.0}}}]
)
def test_a_manifest_with_other_settings_leaves_the_defaults(rules, tmp_path, project):
    for name, settings in (("plain", {}), ("other", {"rules": rules})):
        write_synthetic_run(tmp_path / name / "run1", steps=4, **settings)
    plain, other = (Scorecard.from_logdir(tmp_path / name / "run1") for name in ("plain", "other"))
    assert other.to_json() == plain.to_json()


def test_the_project_at_hand_stands_in_for_that_of_the_training_in_every_face(faces, project):
    write(project, "[tool.nnhealth.rules.dead-units]\nwarning = 0.5\nerror = 0.8\n")
    rules = faces.same()
    assert (rules["dead-units"]["limits"]["warning"], rules["dead-units"]["limits"]["error"]) == (0.5, 0.92)
    assert rules["few-samples"]["enabled"] is True
    write(project, "[tool.nnhealth]\n")
    assert faces.same()["dead-units"]["limits"]["warning"] != 0.61


def test_the_command_line_and_the_argument_come_first(faces, project):
    write(project, "[tool.nnhealth.rules.dead-units]\nerror = 0.8\n")
    options = ["--limit", "dead-units.error=0.99", "--limit", "dead-units.warning=0.5", "--ignore", "stalled-loss"]
    options += ["--ignore", "missing-gradient=a/*", "--ignore", "missing-gradient=b"]
    limits = {
        "dead-units": {"error": np.float64(0.99), "warning": 0.5},
        "stalled-loss": {"enabled": False},
        "missing-gradient": {"ignore": ["a/*", "b"]},
    }
    text = faces.exported(*options)
    assert text == faces.library(limits)
    rules = {rule["name"]: rule for rule in json.loads(text)["rules"]}
    assert rules["dead-units"]["limits"]["error"] == 0.99
    assert rules["stalled-loss"]["enabled"] is False
    assert rules["missing-gradient"]["ignore"] == ["a/*", "b"]


def test_the_page_says_what_is_wrong_with_the_project(faces, project):
    write(project, "[tool.nnhealth.rules.dead-unit]\n")
    answer = faces.page()
    assert answer.status_code == 400
    assert "perhaps dead-units" in answer.get_data(as_text=True)


def test_the_page_follows_the_project(tmp_path, project):
    write_synthetic_run(tmp_path / "logs" / "run1", steps=4)
    with slow_provider(tmp_path / "logs") as provider:
        plugin = NNHealthPlugin(base_plugin.TBContext(data_provider=provider))
        clients = {name: test.Client(app, wrappers.Response) for name, app in plugin.get_plugin_apps().items()}
        query = {"run": "run1/health"}
        before = clients["/version"].get("/version", query_string=query).json
        write(project, PROJECT)
        assert clients["/version"].get("/version", query_string=query).json != before
        answer = clients["/scorecard"].get("/scorecard", query_string=query).json
    assert {rule["name"]: rule["limits"] for rule in answer["rules"]}["dead-units"]["warning"] == 0.6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--limit", "dead-units"], "Expected --limit RULE.THRESHOLD=NUMBER"),
        (["--limit", "dead-units=0.5"], "Expected --limit RULE.THRESHOLD=NUMBER"),
        (["--limit", "dead-units.warning=high"], "Expected --limit RULE.THRESHOLD=NUMBER"),
        (["--limit", "dead-units.warning=nan"], "dead-units.warning as a finite number"),
        (["--limit", "dead-unit.warning=0.5"], "perhaps dead-units"),
        (["--limit", "dead-units.warnin=0.5"], "perhaps warning"),
        (["--ignore", "dead-unit"], "perhaps dead-units"),
        (["--ignore", "dead-units="], "as a pattern of layer paths"),
    ],
)  # fmt: skip
def test_wrong_options_are_one_sentence(options, message, faces, capfdbinary):
    assert cli.main(["show", str(faces.logs), *options]) == 2
    out, err = capfdbinary.readouterr()
    assert out == b"" and err.count(b"\n") == 1
    assert message in err.decode()
