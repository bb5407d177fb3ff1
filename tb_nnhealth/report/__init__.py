"""The static report: a run and its scorecard as one HTML file that opens from disk, without a server or a script.

It holds nothing but what the run and the scorecard hold, so the same run gives the same bytes. All text is escaped,
shortened to wording.LONGEST characters, and without control characters: names in a log are not to be trusted. Its
size is bounded, whatever the run: by MOST_… here and in the modules beside this one.
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from tb_nnhealth.faces import wording
from tb_nnhealth.faces.bands import bands
from tb_nnhealth.faces.facts import facts
from tb_nnhealth.faces.flight import cost_of, lines, summary
from tb_nnhealth.faces.prose import inline
from tb_nnhealth.faces.rates import rates_of
from tb_nnhealth.faces.verdict import WORDS, spent, state_of, title_of, verdict
from tb_nnhealth.records import HealthRun
from tb_nnhealth.report.axis import HEIGHT
from tb_nnhealth.report.drawing import WIDTH
from tb_nnhealth.report.findings import failures, measured, others
from tb_nnhealth.report.flow import flows
from tb_nnhealth.report.gallery import shown as gallery_shown
from tb_nnhealth.report.heatmap import heat_maps
from tb_nnhealth.report.layers import COLUMNS, UNITS, listed, opened, start
from tb_nnhealth.report.rates import TALL, rates_chart
from tb_nnhealth.report.timeline import beginnings, reach_of
from tb_nnhealth.report.training import OF_WHAT, learning_rate, training_curves
from tb_nnhealth.scorecard import Scorecard

MOST_SETTINGS = 60
MOST_OTHERS = 12

_HERE = Path(__file__).parent
_JOINT = re.compile("(?<=[/_])|(?<=[a-z0-9])(?=[A-Z])")


def html(run: HealthRun, scorecard: Scorecard) -> str:
    """Returns the report of a run.

    Args:
      run: the run.
      scorecard: the run's.
    """
    style = (_HERE / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    told, healthy, over = facts(run), bands(scorecard), reach_of(run)
    begun, shown = beginnings(scorecard, over), opened(run, scorecard, healthy, over)
    return _template().render(
        card=scorecard, facts=told, top=verdict(run, scorecard), style=Markup(style), style_hash=Markup(digest),
        began=wording.moment(run.created), costs=_costs(run.costs, told["model"]["sampling"]), rate=learning_rate(run),
        failures=failures(run, scorecard), others=others(scorecard), begun=begun,
        curves=training_curves(run, over, begun), flows=flows(run, healthy), maps=heat_maps(run, healthy),
        layers=listed(scorecard), layer_count=len(scorecard.layers), opened=shown,
        losses=list(dict.fromkeys(str(loss) for loss in scorecard.model["losses"] if loss)),
        flight=_flight(run, scorecard), layer_statistics=COLUMNS, units=UNITS, settings=_settings(told["model"]),
        parts={part.facts["path"]: part.place for part in shown}, gallery=gallery_shown(run),
    )  # fmt: skip


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    names = ("count", "duration", "number", "plural", "quantity", "sentence", "short", "steps", "words")
    environment.filters.update({name: getattr(wording, name) for name in names})
    environment.filters.update(
        measured=measured,
        start=start,
        inline=lambda text: Markup(inline(text)),
        product=math.prod,
        base64=_base64,
        breakable=_breakable,
    )
    environment.globals.update(
        words_of=WORDS,
        state_of=state_of,
        title_of=title_of,
        most_others=MOST_OTHERS,
        of_what=OF_WHAT,
        width=WIDTH,
        height=HEIGHT,
        tall=TALL,
    )
    return environment.get_template("report.html")


def _flight(run: HealthRun, scorecard: Scorecard) -> dict[str, Any] | None:
    """Returns what is shown of the preflight; None where there was none."""
    told, rates = summary(run, scorecard), rates_of(run)
    return told and {
        "told": told["told"],
        "cost": cost_of(run),
        "lines": lines(run, scorecard),
        "rates": None if rates is None else rates_chart(rates),
    }


def _breakable(name: Any) -> Markup:
    """Returns a name that may break after each slash and underline, and within what is written LikeThis."""
    return Markup("<wbr>").join(_JOINT.split(wording.plain(str(name))))


def _base64(text: str) -> Markup:
    """Returns a picture that the reader has checked, whose text is not to be shortened."""
    return Markup(base64.b64encode(base64.b64decode(text)).decode())


def _shown(value: Any) -> Any:
    return wording.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _costs(costs: Mapping[str, float], settings: Mapping[str, Any]) -> dict[str, str]:
    """Returns what measuring and compiling took, nothing where that is not known."""
    compiling = costs.get("compile", 0.0)
    return {
        "measuring": spent(costs, settings),
        "compiling": f"{wording.duration(compiling)} once" if compiling > 0 else "",
    }


def _settings(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns how the model was compiled and measured, each setting as one line."""
    given = {**model["compile"], **model["sampling"]}
    lines = [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in given.items()
    ]
    return lines[:MOST_SETTINGS]
