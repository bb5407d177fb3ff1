"""Where the runs of an output directory are: their logs, and a small JSON for each training and each verdict."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Run:
    """A case's training with one seed, in an output directory."""

    output: Path
    name: str
    seed: int

    @property
    def logs(self) -> Path:
        """The directory that the callback writes to."""
        return self.output / "logs" / self.name / str(self.seed)

    @property
    def trained(self) -> Path:
        """The JSON that is there once the training has ended: what it raised."""
        return self.output / "trained" / f"{self.name}.{self.seed}.json"

    @property
    def judged(self) -> Path:
        """The JSON of the last verdict."""
        return self.output / "judged" / f"{self.name}.{self.seed}.json"

    @property
    def printed(self) -> Path:
        """What the training's process printed, kept where it did not end."""
        return self.output / "printed" / f"{self.name}.{self.seed}.txt"

    @property
    def is_trained(self) -> bool:
        return self.trained.exists()


@dataclass(frozen=True)
class Task:
    """A training to do."""

    part: str
    run: Run

    @property
    def title(self) -> str:
        return f"{self.run.name} {self.run.seed}"


def write(path: Path, content: Any) -> None:
    """Writes JSON, wholly or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(unfinished, path)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
