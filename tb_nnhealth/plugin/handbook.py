"""The rules' pages as HTML, for a browser without a network: the Markdown of docs/rules, rendered without a script."""

from html import escape

from tb_nnhealth.faces.prose import rendered
from tb_nnhealth.rules import DIAGNOSES
from tb_nnhealth.rules.pages import index, page

THEMES = ("light", "dark")


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
