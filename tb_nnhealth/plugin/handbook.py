"""The rules' pages as HTML, for a browser without a network: the Markdown of docs/rules, rendered without a script."""

import re
from collections.abc import Callable, Iterable, Iterator
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tb_nnhealth.rules import DIAGNOSES
from tb_nnhealth.rules.pages import index, page

THEMES = ("light", "dark")

Address = Callable[[str], str | None]
"""From a rule's name to where its page is, None where there is none to go to."""

_UNSERVED = re.compile(r"\s*\(\[[^\]]*\]\(\.\.[^)]*\)\)")
"""A reference to a document that is not in the package."""

_RULE = re.compile(r"[\w-]+\.md")

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_MARKDOWN.validateLink = lambda url: bool(_RULE.fullmatch(url))  # type: ignore[method-assign]


def rule_page(name: str, theme: str) -> str:
    """Returns a rule's page; the list of all rules where the name is empty.

    Args:
      name: of a rule, or "".
      theme: one of THEMES.

    Raises:
      KeyError: there is no such rule.
    """
    text = page(DIAGNOSES[name]) if name else index(tuple(DIAGNOSES.values()))
    back = f'<p><a href="rule?theme={theme}">All rules</a></p>\n' if name else ""
    title = escape(name or "Rules")

    def address(rule: str) -> str:
        return f"rule?name={rule}&theme={theme}"

    return (
        f'<!DOCTYPE html>\n<html lang="en" data-theme="{theme}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title} · tb_nnhealth</title>\n'
        '<link rel="stylesheet" href="static/style.css">\n</head>\n'
        f'<body class="handbook">\n<main class="card">\n{back}{rendered(text, address)}</main>\n</body>\n</html>\n'
    )


def rendered(text: str, address: Address) -> str:
    """Returns the HTML of Markdown as docs/rules has it; markup in it is text, and links lead to other rules only."""
    tokens = _MARKDOWN.parse(_UNSERVED.sub("", text))
    for block in tokens:
        if block.children:
            block.children = list(_addressed(block.children, address))
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return html


def _addressed(parts: Iterable[Token], address: Address) -> Iterator[Token]:
    """Yields the parts of a text, of a link that leads nowhere its words alone."""
    target: str | None = None
    for part in parts:
        if part.type == "link_open":
            target = address(str(part.attrGet("href")).removesuffix(".md"))
            if target is not None:
                part.attrSet("href", target)
        if target is not None or not part.type.startswith("link_"):
            yield part
