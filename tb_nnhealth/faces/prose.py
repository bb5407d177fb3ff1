"""The prose of the rules as HTML: Markdown as docs/rules has it, rendered without a script."""

import re
from collections.abc import Callable, Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

Address = Callable[[str], str | None]
"""From a rule's name to where its page is, None where there is none to go to."""

_UNSERVED = re.compile(r"\s*\(\[[^\]]*\]\(\.\.[^)]*\)\)")
"""A reference to a document that is not in the package."""

_RULE = re.compile(r"[\w-]+\.md")

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_MARKDOWN.validateLink = lambda url: bool(_RULE.fullmatch(url))  # type: ignore[method-assign]


def rendered(text: str, address: Address) -> str:
    """Returns the HTML of Markdown as docs/rules has it; markup in it is text, and links lead to other rules only."""
    tokens = _MARKDOWN.parse(_UNSERVED.sub("", text))
    for block in tokens:
        if block.children:
            block.children = list(_addressed(block.children, address))
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return html


def inline(text: str) -> str:
    """Returns the HTML of one line of Markdown; markup in it is text."""
    html: str = _MARKDOWN.renderInline(text)
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
