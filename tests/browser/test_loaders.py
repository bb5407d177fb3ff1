"""What depends on how TensorBoard loads: the same tab with the fast loader and with the slow one."""

import json
import urllib.request

import pytest
from playwright.sync_api import expect

from tb_nnhealth import Scorecard
from tests.browser.runs import STEPS

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_verdict_is_the_scorecards(open_tab, tensorboard):
    tab = open_tab("sick/health")
    card = json.loads(Scorecard.from_logdir(tensorboard.log_dir / "sick").to_json())
    verdict = tab.frame.get_by_role("region", name="Verdict")
    expect(verdict.get_by_role("heading")).to_contain_text("This run will not train as it stands")
    expect(verdict.get_by_role("img")).to_have_attribute("aria-label", f"score {card['score']} of 100")
    chips = verdict.get_by_role("group", name="Categories").get_by_role("button")
    assert chips.count() == len(card["categories"])
    expect(verdict).to_contain_text(f"{STEPS} · {STEPS} samples")
    compiling = verdict.locator("dt", has_text="Compiling").locator("xpath=following-sibling::dd[1]")
    expect(compiling).to_have_text("1.5 s once")


def test_download_is_the_scorecard_to_the_byte(open_tab, tensorboard):
    tab = open_tab("good/health")
    with tab.page.expect_download() as download:
        tab.frame.locator(".menu > summary").click()
        tab.frame.get_by_role("link", name="Scorecard").click()
    assert download.value.suggested_filename == "good.scorecard.json"
    expected = Scorecard.from_logdir(tensorboard.log_dir / "good").to_json().encode()
    assert download.value.path().read_bytes() == expected


def test_training_run_is_followed_without_a_jump(open_tab, live_steps):
    tab = open_tab("live/health")
    tab.wait_for("live/health", live_steps(5))
    expect(tab.frame.locator(".progress")).to_contain_text("training")
    tab.frame.locator(".labels button").nth(1).click()
    expect(tab.frame.get_by_role("region", name="Charts of the chosen row")).to_be_visible()
    tab.frame.locator("#statistic").select_option("variables\nvalue_rms")
    summary = tab.frame.locator("details.part > summary").last
    summary.click()
    opened = tab.frame.locator("details.part").last.get_attribute("open")
    scroll = "document.scrollingElement.scrollTop = 200"
    tab.frame.locator("body").evaluate(f"() => {{ {scroll} }}")
    tab.wait_for("live/health", live_steps(25))
    assert tab.frame.locator("body").evaluate("() => document.scrollingElement.scrollTop") == 200
    assert tab.frame.locator("details.part").last.get_attribute("open") == opened
    expect(tab.frame.locator(".labels button").nth(1)).to_have_attribute("aria-selected", "true")
    expect(tab.frame.locator("#statistic")).to_have_value("variables\nvalue_rms")


def test_reload_button_brings_news_at_once(open_tab, live_steps):
    tab = open_tab("live/health")
    stop = "() => { for (let timer = 1; timer < 10_000; timer++) clearInterval(timer); }"
    tab.frame.locator("body").evaluate(stop)  # The page asks no more of its own.
    steps = live_steps(5)
    tab.page.wait_for_timeout(1500)
    tab.page.locator("app-header-reload button").click()
    tab.wait_for("live/health", steps)


def test_every_message_of_tensorboard_is_answered(open_tab):
    """TensorBoard waits for the answers, and keeps those that it waits for."""
    tab = open_tab("good/health")
    tab.frame.locator("body").evaluate(
        """() => {
            const send = MessagePort.prototype.postMessage;
            window.sent = [];
            MessagePort.prototype.postMessage = function (text) { window.sent.push(text); send.call(this, text); };
        }"""
    )
    tab.page.locator("app-header-reload button").click()
    tab.page.wait_for_timeout(1500)
    sent = [json.loads(text) for text in tab.frame.locator("body").evaluate("() => window.sent")]
    assert "experimental.DataReloaded" in {message["type"] for message in sent}
    assert all(message["isReply"] and message["id"] is not None for message in sent)


def test_served_below_the_path_prefix(tensorboard):
    address = f"{tensorboard.address}/data/plugin/nnhealth/runs"
    assert "/at/home/" in address
    with urllib.request.urlopen(address) as answer:
        assert "good/health" in json.load(answer)["runs"]
