"""What the tab gives away: the report, the scorecard, data and pictures; and the report as it opens from disk."""

import csv
import io
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import expect

from tb_nnhealth.reader import read_run
from tb_nnhealth.report import html
from tb_nnhealth.scorecard import Scorecard
from tests.browser.test_accessibility import AXE, VIOLATIONS, needs_axe, violations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("tensorboard", ["slow"], indirect=True),
]

ROW = "block/dense_2/kernel"
ZOOMED = f"&p.nnhealth.steps=20-90&p.nnhealth.row={quote(ROW, safe='')}"


@pytest.fixture
def menu(open_tab):
    """Opens the tab with a chosen row and range, and its menu."""

    def menu(run="sick/health", address=ZOOMED):
        tab = open_tab(run, address=address)
        tab.frame.locator(".menu > summary").click()
        return tab

    return menu


def taken(tab, role, name, **options):
    """Returns the name and the bytes of what an entry of the menu gives."""
    with tab.page.expect_download() as download:
        tab.frame.get_by_role(role, name=name, **options).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_report_is_that_of_the_command_line(menu, tensorboard):
    tab = menu()
    name, content = taken(tab, "link", "Report")
    run = read_run(tensorboard.log_dir / "sick")
    assert (name, content) == ("sick.report.html", html(run, Scorecard.from_run(run)).encode())
    expect(tab.frame.locator(".menu")).not_to_have_attribute("open", "")


@pytest.mark.parametrize(
    ("entry", "statistic", "rows"),
    [
        ("Training curves", "loss", {"step"}),
        ("Layers × steps", "update_ratio", {ROW, "block/dense_0/bias"}),
        ("Gradient flow", "gradient_rms", {ROW, "block/dense_0/bias"}),
        ("Charts of block/dense_2", "value_rms", {ROW, "block/dense_2/bias"}),
    ],
)
def test_data_of_each_chart_is_of_the_range(menu, entry, statistic, rows):
    name, content = taken(menu(), "link", entry)
    assert name.startswith("sick.") and name.endswith(".csv")
    lines = [
        line for line in csv.DictReader(io.StringIO(content.decode(), newline="")) if line["statistic"] == statistic
    ]
    assert rows <= {line["row"] for line in lines}
    assert {int(line["step"]) for line in lines} == set(range(20, 91))


def test_histograms_are_data_too(menu):
    _, content = taken(menu(), "link", f"Histograms of {ROW}")
    assert content.startswith(b"row,kind,step,from,to,elements\r\n")


@pytest.mark.parametrize("view", ["heatmap", "flow", "curves"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_picture_holds_what_is_shown(menu, view, dark, tmp_path):
    tab = menu(address=f"&p.nnhealth.view={view}&p.nnhealth.row={quote(ROW, safe='')}")
    tab.page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", dark)
    tab.frame.locator(f":root[data-theme={'dark' if dark else 'light'}]").wait_for()
    if not tab.frame.locator(".menu[open]").count():
        tab.frame.locator(".menu > summary").click()
    name, content = taken(tab, "button", "Picture of the timeline")
    assert name == f"sick.{view}.png"
    image = Image.open(io.BytesIO(content)).convert("RGB")
    box = tab.frame.locator(".timeline").bounding_box()
    assert image.width == pytest.approx(2 * box["width"], abs=2)
    assert image.height >= 2 * box["height"]
    assert image.getpixel((2, 2)) == ((28, 31, 38) if dark else (255, 255, 255))
    colours = image.getcolors(image.width * image.height)
    assert len(colours) > 100
    ground = max(count for count, _ in colours)
    assert ground < 0.97 * image.width * image.height


@pytest.mark.parametrize(
    ("run", "address", "file"),
    [("sick/health", "", "sick.health.png"), (None, "&p.nnhealth.page=runs", "runs.health.png")],
)
def test_picture_of_the_page(menu, run, address, file):
    tab = menu(run, address)
    tab.frame.locator("main:visible section, main:visible tbody tr").first.wait_for()
    name, content = taken(tab, "button", "Picture of the page")
    assert name == file
    image = Image.open(io.BytesIO(content)).convert("RGB")
    box = tab.frame.locator("main:visible").bounding_box()
    assert image.width / image.height == pytest.approx(box["width"] / (box["height"] + 44), rel=0.02)
    assert len(image.getcolors(image.width * image.height)) > 100


def pictured(tab, entry: str, around, part) -> Image.Image:
    """Returns what a picture has where the page has a part of what is pictured."""
    _, content = taken(tab, "button", entry)
    image = Image.open(io.BytesIO(content)).convert("RGB")
    whole, box = around.bounding_box(), part.bounding_box()
    scale = image.width / whole["width"]
    left, top = box["x"] - whole["x"], box["y"] - whole["y"] + 44
    return image.crop(tuple(round(scale * side) for side in (left, top, left + box["width"], top + box["height"])))


def inked(image: Image.Image) -> int:
    """Returns how many pixels differ from the most frequent colour."""
    colours = [count for count, _ in image.getcolors(image.width * image.height)]
    return sum(colours) - max(colours)


def test_picture_of_the_flow_has_its_slider_and_its_box(menu):
    tab = menu(address="&p.nnhealth.view=flow")
    timeline = tab.frame.locator(".timeline")
    slider = tab.frame.get_by_role("slider", name="Step", exact=True)
    assert inked(pictured(tab, "Picture of the timeline", timeline, slider)) > 1000
    box = tab.frame.get_by_role("checkbox", name="biases and scales too")
    tab.frame.locator(".menu > summary").click()
    off = inked(pictured(tab, "Picture of the timeline", timeline, box))
    box.check()
    tab.frame.locator(".menu > summary").click()
    on = inked(pictured(tab, "Picture of the timeline", timeline, box))
    assert 40 < off < on


def test_picture_has_the_fields_and_their_text(menu):
    tab = menu(address="&p.nnhealth.rows=dense_2")
    field = tab.frame.get_by_role("searchbox")
    picture = pictured(tab, "Picture of the timeline", tab.frame.locator(".timeline"), field)
    assert inked(picture.crop((16, 8, picture.width - 40, picture.height - 8))) > 200


def test_picture_has_the_arrows_of_what_folds(menu):
    tab = menu()
    for arrow in (tab.frame.locator(".part > summary .chevron"), tab.frame.locator(".statistics > summary .chevron")):
        if not tab.frame.locator(".menu[open]").count():
            tab.frame.locator(".menu > summary").click()
        assert inked(pictured(tab, "Picture of the page", tab.frame.locator("main:visible"), arrow.first)) > 20


def test_picture_cuts_no_text_inside_a_letter(menu):
    tab = menu()
    value = tab.frame.locator(".measured dd").nth(2)
    value.evaluate("dd => dd.replaceChildren('HHHHH '.repeat(3) + 'H'.repeat(80))")
    picture = pictured(tab, "Picture of the page", tab.frame.locator("main:visible"), value)
    end = picture.crop((picture.width - 16, 0, picture.width, picture.height // 2))
    assert inked(picture) > 100 and inked(end) == 0, "what is left out is told by dots"


def test_menu_goes_by_keyboard(open_tab):
    tab = open_tab("sick/health")
    summary = tab.frame.locator(".menu > summary")
    summary.focus()
    summary.press("Enter")
    first = tab.frame.get_by_role("link", name="Report")
    expect(first).to_be_visible()
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Escape")
    expect(first).not_to_be_visible()
    expect(summary).to_be_focused()


def test_menu_closes_where_one_looks_elsewhere(menu):
    tab = menu()
    tab.frame.locator("h1").click()
    expect(tab.frame.get_by_role("link", name="Report")).not_to_be_visible()


def test_names_with_markup_stay_text(menu):
    tab = menu("exp<b>1/health", address="")
    name, content = taken(tab, "link", "Layers × steps")
    assert re.fullmatch(r"exp_b_1\.statistic\.\w+\.csv", name)
    assert b"<img src=x onerror=window.top.__xss=1>/kernel" in content
    assert tab.page.evaluate("window.__xss") is None


@needs_axe
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_menu_breaks_no_rule_of_accessibility(menu, dark):
    tab = menu()
    tab.page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", dark)
    tab.page.wait_for_timeout(300)
    assert violations(tab) == []


@pytest.fixture
def report(tensorboard, tmp_path) -> Path:
    run = read_run(tensorboard.log_dir / "sick")
    path = tmp_path / "report.html"
    path.write_text(html(run, Scorecard.from_run(run)), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_opens_from_disk_without_a_script(report, browser, scheme):
    context = browser.new_context(java_script_enabled=False, color_scheme=scheme, offline=True)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("requestfailed", lambda request: said.append(request.url))
    page.goto(report.as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text("This run will not train as it stands")
    details = page.locator("article details").first
    details.locator("summary").click()
    expect(details.get_by_role("heading", name="How it is decided")).to_be_visible()
    ground = page.locator("html").evaluate("node => getComputedStyle(node).backgroundColor")
    assert ground == ("rgb(20, 22, 27)" if scheme == "dark" else "rgb(244, 246, 248)")
    assert said == []
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_report_is_as_wide_as_the_window(report, browser, width):
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(report.as_uri())
    page.evaluate("() => document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_breaks_no_rule_of_accessibility(report, browser, scheme):
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(report.as_uri())
    page.evaluate("() => document.querySelectorAll('details').forEach((part) => (part.open = true))")
    page.evaluate("code => { (0, eval)(code); }", AXE.read_text(encoding="utf-8"))
    assert page.evaluate(VIOLATIONS) == []
    context.close()


def test_a_link_to_a_layer_opens_its_part(report, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    part = page.locator("details.layer").nth(3)
    expect(part.locator("figure").first).not_to_be_visible()
    page.get_by_role("table").get_by_role("link", name="block/dense_3", exact=True).click()
    expect(part.locator("figure").first).to_be_visible()
    context.close()


def test_printed_report_has_what_is_folded(report, browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto(report.as_uri())
    folded = page.locator("article details").first.get_by_role("heading", name="How it is decided", include_hidden=True)
    assert not folded.is_visible()
    page.emulate_media(media="print")
    expect(folded).to_be_visible()
    expect(page.locator("details.layer").first.get_by_role("table", include_hidden=True)).not_to_be_visible()
    assert page.pdf().startswith(b"%PDF")
    context.close()


def test_a_link_is_copied_where_there_is_no_clipboard(open_tab):
    """Plain http on a network: only the outer page of this test keeps a clipboard, to look into."""
    tab = open_tab("sick/health", address=ZOOMED, permissions=["clipboard-read", "clipboard-write"])
    tab.frame.locator("body").evaluate("() => Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    tab.frame.get_by_role("button", name="Copy link").click()
    expect(tab.frame.get_by_text("Copied")).to_be_visible()
    assert tab.page.evaluate("() => navigator.clipboard.readText()") == tab.page.url
