"""Writes the rules' pages from their docstrings.

python -m tb_nnhealth.rules.pages docs/rules            # write
python -m tb_nnhealth.rules.pages docs/rules --check    # exit 1 where a page differs
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from tb_nnhealth.rules import DIAGNOSES, HEADINGS, Diagnosis, _learning

LEARNT = """Something is learnt, and the loss falls well, where the late loss without regularization is below 0.95 of
the best constant answer's, as far as the labels tell that, else where it has lost 30 % of its start
([why](../calibration.md#does-training-suffer))."""

BEGUN = {
    (
        "suffers",
        "severity_of_symptom",
        "is_held_back",
    ): """Nothing is learnt yet in a run that goes on and has seen fewer than 64
steps. Nor is it in one that has ended, or gone on for 1000 steps, and none of whose validations, of three or more, was
below 0.95 of the best constant answer's.""",
    ("learns_well",): "A run that goes on and has seen fewer than 64 steps is not judged by it.",
}
"""What holds of a run that has begun, by the names of the functions that a rule may ask how the loss went."""


WORDS = ("learnt", "learns", "falls well", "fall well", "suffers")
"""Words of the sections that ask how the loss went."""


def page(diagnosis: Diagnosis) -> str:
    """Returns a rule's page as Markdown."""
    rule = diagnosis.rule
    rows = [f"| `{t.name}` | {t.value:g} | {t.unit or '–'} | {t.source} |" for t in rule.thresholds]
    needs = ", ".join(f"`{name}`" for name in rule.needs)
    steps = f"{rule.min_samples} sampled {'step' if rule.min_samples == 1 else 'steps'} or more"
    measured = f"{needs} at {steps}" if needs else "nothing that is sampled"
    sections = [f"## {heading}\n\n{diagnosis.prose[heading]}" for heading in HEADINGS]
    asked = vars(importlib.import_module(diagnosis.check.__module__))
    is_of_loss = any(getattr(value, "__module__", None) == _learning.__name__ for value in asked.values())
    if is_of_loss and any(word in diagnosis.prose["How it is decided"] for word in WORDS):
        begun = [text for names, text in BEGUN.items() if not asked.keys().isdisjoint(names)]
        sections[2] += "\n\n" + " ".join([LEARNT, *begun[:1]])
    table = "| limit | default | unit | source |\n|---|---|---|---|\n" + "\n".join(rows)
    limits = ["## Limits", table if rows else "There are none."]
    if rule.consults:
        others = " and ".join(f"`{other.name}`" for other in rule.consults)
        limits.append(f"Those of {others} hold here, too.")
    facts = f"Category: {rule.category}. Needs: {measured}."
    return "\n\n".join([f"# {rule.name}", diagnosis.summary, facts, *sections[:3], *limits, *sections[3:]]) + "\n"


def index(diagnoses: Sequence[Diagnosis]) -> str:
    """Returns the list of all rules as Markdown."""
    rows = [f"| [{d.rule.name}]({d.rule.name}.md) | {d.rule.category} | {d.summary} |" for d in diagnoses]
    return "# Rules\n\n| rule | category | says |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def pages() -> dict[str, str]:
    """Returns every page by its file's name."""
    written = {f"{name}.md": page(diagnosis) for name, diagnosis in DIAGNOSES.items()}
    return {"README.md": index(tuple(DIAGNOSES.values())), **written}


def differing(directory: Path) -> list[str]:
    """Returns the names of pages that are missing, out of date, or of no rule."""
    expected = pages()
    present = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.md")}
    return sorted(name for name in expected.keys() | present.keys() if expected.get(name) != present.get(name))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Writes the rules' pages from their docstrings.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page differs")
    options = parser.parse_args(arguments)
    if options.check:
        names = differing(options.directory)
        for name in names:
            print(f"{options.directory / name} differs from its rule's docstring", file=sys.stderr)
        return 1 if names else 0
    options.directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (options.directory / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
