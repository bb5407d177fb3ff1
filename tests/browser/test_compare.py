"""Runs with the long names of tools for sweeps, in the table and side by side; and more than stand there."""

import hashlib
import json
from collections.abc import Iterator
from urllib.parse import quote, unquote

import pytest
from playwright.sync_api import expect

import tools.browser
from tests.browser.conftest import TensorBoard
from tests.browser.runs import write_small_run

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ONE, TWO, LONG = "built/one", "built/two", "built/exploding-gradient"
HASHED = [
    f"train_model_{hashlib.sha256(bytes([at])).hexdigest()[:8]}_{at:05}_lr={0.003704 * (1 + at):.6f}_2026-11-23"
    for at in range(8)
]
"""Names as tools for sweeps give them: only their middle and their end tell what a run is."""


@pytest.fixture(scope="module")
def tensorboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    log_dir = tmp_path_factory.mktemp("names")
    for seed, name in enumerate((*HASHED, ONE, TWO, LONG)):
        write_small_run(log_dir / name, seed)
    with tools.browser.tensorboard(log_dir, "--reload_interval", "1") as address:
        yield TensorBoard(address, log_dir)


@pytest.fixture
def open_compared(open_tab):
    def open_compared(*runs: str):
        names = quote(json.dumps([f"{run}/health" for run in runs]), safe="")
        return open_tab(None, address=f"&p.nnhealth.page=compare&p.nnhealth.compare={names}")

    return open_compared


def is_cut(node) -> bool:
    return node.evaluate("node => node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight + 1")


def heads(tab):
    return tab.frame.locator(".run-head .run-name")


@pytest.mark.parametrize("width", [1024, 1280, 1920])
def test_long_names_keep_their_end_in_the_table(open_tab, width):
    tab = open_tab(None, address="&p.nnhealth.page=runs")
    tab.page.set_viewport_size({"width": width, "height": 900})
    name = tab.frame.locator(f".runs tr[data-run='{HASHED[7]}/health'] .run-name")
    expect(name).to_have_accessible_name(HASHED[7])
    assert name.text_content() == HASHED[7] == name.get_attribute("title")
    ends = name.locator(".ends")
    expect(ends).to_have_text("lr=0.029632_2026-11-23")
    assert not is_cut(ends) and not is_cut(name)
    box, row = name.bounding_box(), name.locator("xpath=ancestor::tr").bounding_box()
    assert row["y"] <= box["y"] and box["y"] + box["height"] <= row["y"] + row["height"]


@pytest.mark.parametrize("width", [1024, 1280])
def test_long_names_keep_their_end_side_by_side(open_compared, width):
    tab = open_compared(*HASHED[:6])
    tab.page.set_viewport_size({"width": width, "height": 900})
    expect(heads(tab)).to_have_count(6)
    legend = tab.frame.locator(".overlay .strip").first.locator(".legend .line")
    expect(legend).to_have_count(6)
    assert [line.get_attribute("title") for line in legend.all()] == HASHED[:6]
    assert [head.get_attribute("aria-label") for head in heads(tab).all()] == HASHED[:6]
    for told in (heads(tab), legend.locator(".name")):
        names = told.all_text_contents()
        assert len(set(names)) == 6 and all("lr=0.0" in name and name.endswith("_2026-11-23") for name in names)
        assert not any(is_cut(name) for name in told.all())
    gutter = tab.frame.locator(".overlay .gutter").first
    assert not is_cut(gutter)


def test_six_runs_are_seen_at_1024_and_their_names_broken_between_words(open_compared):
    tab = open_compared(ONE, TWO, LONG, *HASHED[:3])
    tab.page.set_viewport_size({"width": 1024, "height": 900})
    expect(heads(tab)).to_have_count(6)
    assert not is_cut(tab.frame.get_by_role("region", name="Verdicts"))
    lines = heads(tab).nth(2).evaluate(LINES)
    assert lines in (["built/", "exploding-", "gradient"], ["built/exploding-", "gradient"])


LINES = """node => {
    const range = document.createRange(), lines = new Map();
    for (const text of [...node.childNodes].filter(({nodeType}) => nodeType === Node.TEXT_NODE)) {
        for (let at = 0; at < text.length; at++) {
            range.setStart(text, at);
            range.setEnd(text, at + 1);
            const {top} = range.getBoundingClientRect();
            lines.set(top, (lines.get(top) ?? '') + text.data[at]);
        }
    }
    return [...lines.values()];
}"""
"""Returns the texts of a node, a line each."""


def test_link_to_more_runs_than_stand_side_by_side_says_which_it_left_out(open_compared):
    tab = open_compared(ONE, TWO, LONG, *HASHED[:4])
    expect(heads(tab)).to_have_count(6)
    told = tab.frame.get_by_role("alert")
    expect(told).to_contain_text(f"At most 6 runs stand side by side, and the link names 7: left out {HASHED[3]}.")
    assert HASHED[3] in unquote(tab.page.url)
    tab.frame.get_by_role("button", name=f"Take {TWO} away").click()
    expect(told).to_have_count(0)
    expect(heads(tab).last).to_have_attribute("aria-label", HASHED[3])


def test_run_that_is_gone_takes_no_place_of_six(open_compared):
    tab = open_compared("nobody", ONE, TWO, LONG, *HASHED[:3])
    expect(heads(tab)).to_have_count(6)
    told = tab.frame.get_by_role("alert")
    expect(told).to_contain_text("Not among TensorBoard’s runs: nobody.")
    expect(told).not_to_contain_text("left out")
