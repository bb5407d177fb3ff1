"""The rules' pages as HTML, for a browser without a network: the Markdown of docs/rules, rendered without a script."""

import re
from html import escape

from tb_nnhealth.rules import DIAGNOSES
from tb_nnhealth.rules.pages import index, page

THEMES = ("light", "dark")

_UNSERVED = re.compile(r"\s*\(\[[^\]]*\]\(\.\.[^)]*\)\)")
"""A reference to a document that is not in the package."""

_INLINE = re.compile(r"`([^`]+)`|\[([^\]]+)\]\(([\w-]+)\.md\)")


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
    return (
        f'<!DOCTYPE html>\n<html lang="en" data-theme="{theme}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title} · tb_nnhealth</title>\n'
        '<link rel="stylesheet" href="static/style.css">\n</head>\n'
        f'<body class="handbook">\n<main class="card">\n{back}{rendered(text, theme)}</main>\n</body>\n</html>\n'
    )


def rendered(text: str, theme: str) -> str:
    """Returns the HTML of Markdown as docs/rules has it: headings, paragraphs, items, tables, code and links."""
    blocks = re.split(r"\n{2,}", _UNSERVED.sub("", text).strip())
    return "\n".join(_block(block, theme) for block in blocks) + "\n"


def _block(block: str, theme: str) -> str:
    if heading := re.fullmatch(r"(#+) (.*)", block):
        level = len(heading[1])
        return f"<h{level}>{_inline(heading[2], theme)}</h{level}>"
    if block.startswith("|"):
        return _table(block.splitlines(), theme)
    lead, *items = f"\n{block}".split("\n* ")
    paragraph = f"<p>{_inline(lead, theme)}</p>" if lead.strip() else ""
    listed = "".join(f"<li>{_inline(item, theme)}</li>" for item in items)
    return paragraph + (f"<ul>{listed}</ul>" if items else "")


def _table(lines: list[str], theme: str) -> str:
    head, _, *body = ([_inline(cell, theme) for cell in line.strip("|").split("|")] for line in lines)
    if not body:
        return "<p>There are none.</p>"
    rows = "".join(_row(cells, "td") for cells in body)
    return f"<table><thead>{_row(head, 'th')}</thead><tbody>{rows}</tbody></table>"


def _row(cells: list[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


def _inline(text: str, theme: str) -> str:
    """Returns escaped text with its code and its links to other rules."""

    def replaced(found: re.Match[str]) -> str:
        code, label, rule = found.groups()
        return f"<code>{code}</code>" if code else f'<a href="rule?name={rule}&amp;theme={theme}">{label}</a>'

    return _INLINE.sub(replaced, escape(" ".join(text.split()), quote=False))
