"""The `[tool.nnhealth]` table of the `pyproject.toml` above the working directory.

    [tool.nnhealth.rules.dead-units]
    warning = 0.6              # a limit
    ignore = ["encoder/*"]     # layers that the rule leaves out

    [tool.nnhealth.rules.few-samples]
    enabled = false            # the rule is off

It is what a project sets for all its trainings, and for all who look at them from within the project.
"""

import dataclasses
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tb_nnhealth.configuration import Settings, SettingsError, checked, perhaps
from tb_nnhealth.records import HealthRun

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "pyproject.toml"


def project_settings() -> Settings | None:
    """Returns what the nearest `pyproject.toml` with a table of ours sets, None where there is none.

    It is looked for in the working directory and upwards from it.

    Raises:
      SettingsError: a `pyproject.toml` on the way cannot be read, or holds settings that do not exist.
    """
    for path in _files():
        table = _table(path)
        if table is not None:
            where = f"in {path}"
            for key in table:
                if key != "rules":
                    raise SettingsError(
                        f"Expected [tool.nnhealth] to hold rules{perhaps(key, ['rules'])}. Received: {key!r} {where}"
                    )
            return checked(table.get("rules", {}), where)
    return None


def judged_here(run: HealthRun) -> HealthRun:
    """Returns the run with the settings of the project that this process works in, where it has some.

    Else it keeps those of the project in which it was trained.

    Raises:
      SettingsError: as of `project_settings`.
    """
    return judged_by(run, project_settings())


def judged_by(run: HealthRun, settings: Settings | None) -> HealthRun:
    """Returns the run with the settings of a project, with its own where there are none."""
    return run if settings is None else dataclasses.replace(run, project=settings)


def _files() -> Iterator[Path]:
    try:
        directory = Path(os.getcwd())
    except FileNotFoundError:  # the working directory was deleted
        return
    for parent in (directory, *directory.parents):
        if os.path.isfile(parent / FILE):
            yield parent / FILE


def _table(path: Path) -> dict[str, Any] | None:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"Expected a file that can be read. Received: {path} ({error.strerror})") from error
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, or nested too deep
        reason = " ".join(str(error).split())
        raise SettingsError(f"Expected a file in TOML. Received: {path} ({reason})") from error
    tool = document.get("tool")
    table = tool.get("nnhealth") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise SettingsError(f"Expected [tool.nnhealth] as a table. Received: tool.nnhealth={table!r} in {path}")
    return table
