"""TensorBoard's entry point: whatever it meets, TensorBoard starts."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from tensorboard.plugins import base_plugin

from tb_nnhealth.plugin.loader import NNHealthLoader


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"nnhealth": 0}),
        ({"nnhealth": 7}, {"nnhealth": 7}),
        ({"scalars": 3}, {"scalars": 3, "nnhealth": 0}),
        (None, {"nnhealth": 0}),
        ("", {"nnhealth": 0}),
        ("images=5, nnhealth=9", {"images": 5, "nnhealth": 9}),
        ("what is this", "what is this"),
        (12, 12),
    ],
)
def test_every_row_is_kept_unless_the_user_says_otherwise(given, expected):
    flags = SimpleNamespace(samples_per_plugin=given)
    NNHealthLoader().fix_flags(flags)
    assert flags.samples_per_plugin == expected


class Hostile:
    @property
    def samples_per_plugin(self):
        raise RuntimeError("not today")


@pytest.mark.parametrize("flags", [None, object(), Hostile()])
def test_no_flags_stop_tensorboard(flags):
    NNHealthLoader().fix_flags(flags)


def test_a_plugin_that_cannot_be_made_is_left_out():
    assert NNHealthLoader().load(None) is None


def test_plugin_is_made_from_an_empty_context():
    plugin = NNHealthLoader().load(base_plugin.TBContext())
    assert plugin.plugin_name == "nnhealth"
    assert plugin.is_active() is False


def test_entry_point_imports_nothing_heavy():
    code = (
        "import sys; from tb_nnhealth.plugin.loader import NNHealthLoader; "
        "print([n for n in ('tensorflow', 'keras', 'tb_nnhealth.reader', 'tb_nnhealth.rules') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_what_a_former_installation_left_behind_is_no_second_plugin(tmp_path):
    """TensorBoard does not start with two plugins of one name."""
    left_behind = tmp_path / "tb_nnhealth-0.0.1.dist-info"
    left_behind.mkdir()
    (left_behind / "METADATA").write_text("Metadata-Version: 2.1\nName: tb_nnhealth\nVersion: 0.0.1\n")
    (left_behind / "entry_points.txt").write_text(
        "[tensorboard_plugins]\nnnhealth = tb_nnhealth.plugin.loader:NNHealthLoader\n"
    )
    code = "from tensorboard import default; print([p.__name__ for p in default.get_dynamic_plugins()])"
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert found.stdout.count("NNHealthLoader") == 1, found.stderr
