"""Of two preflights in one process each says what it says alone."""

import json
import subprocess
import sys

import pytest


def begun(*names):
    command = [sys.executable, "-m", "tests.flight.one_after_another", *names]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(process):
    output, errors = process.communicate()
    assert process.returncode == 0, errors[-2000:]
    return json.loads(output.splitlines()[-1])


@pytest.mark.slow
def test_two_preflights_in_one_process_find_what_each_finds_alone():
    processes = begun("subclassed", "functional"), begun("functional", "subclassed")
    one_way, other_way = map(told, processes)
    for name, found in one_way.items():
        assert found == other_way[name]
        assert len(found["probes"]) == 12 and len(found["history"]["loss"]) == 2
        assert sum(status != "no_data" for status, _, _ in found["verdicts"].values()) > 20
