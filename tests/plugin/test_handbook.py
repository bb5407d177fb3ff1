"""The rules' pages as a browser gets them."""

from html.parser import HTMLParser

import pytest

from tb_nnhealth.faces.prose import rendered
from tb_nnhealth.plugin.handbook import rule_page
from tb_nnhealth.rules import DIAGNOSES, HEADINGS


class Tags(HTMLParser):
    """The tags of a page, checked to be closed in order, and its text by tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.links: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "link"):
            self.open.append(tag)
        if tag == "a":
            self.links.append(dict(attributes)["href"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


@pytest.mark.parametrize("name", DIAGNOSES)
def test_page_of_each_rule_is_read_without_markdown(name):
    page = Tags(rule_page(name, "light"))
    assert page.texts["h1"] == [name]
    assert set(HEADINGS) <= set(page.texts["h2"])
    text = "\n".join(part for tag, parts in page.texts.items() if tag != "code" for part in parts)
    for mark in ("`", "](", "## ", "\n* ", "|---"):
        assert mark not in text
    assert page.links == ["rule?theme=light"]


def test_list_leads_to_every_rule():
    assert Tags(rule_page("", "dark")).links == [f"rule?name={name}&theme=dark" for name in DIAGNOSES]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a < b and `x<y>`", "<p>a &lt; b and <code>x&lt;y&gt;</code></p>"),
        ("<b>no markup</b>", "<p>&lt;b&gt;no markup&lt;/b&gt;</p>"),
        ("it falls\n([why](../calibration.md#x)).", "<p>it falls.</p>"),
        ("[dead](dead-units.md)", '<p><a href="rule?name=dead-units&amp;theme=light">dead</a></p>'),
        ("[bad](javascript:alert)", "<p>[bad](javascript:alert)</p>"),
        ("[elsewhere](https://example.com/a.md)", "<p>[elsewhere](https://example.com/a.md)</p>"),
    ],
)
def test_markdown_of_the_pages(text, html):
    assert rendered(text, lambda rule: f"rule?name={rule}&theme=light") == html + "\n"


def test_a_rule_without_a_page_is_named():
    assert rendered("[dead](dead-units.md)", lambda rule: None) == "<p>dead</p>\n"
