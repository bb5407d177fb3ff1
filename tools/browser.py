"""A real TensorBoard in a process of its own, and the Chromium that looks at it: for tests and pictures."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMIUM_ARGUMENTS = ["--no-sandbox"]

WITHOUT_TENSORFLOW = "import sys; sys.modules['tensorflow'] = None; from tensorboard.main import run_main; run_main()"
"""TensorBoard starts in seconds where it does not find TensorFlow, and serves a plugin the same."""

PATIENCE = 60.0
"""Seconds that TensorBoard may take to start."""


@contextmanager
def tensorboard(log_dir: Path, *arguments: str) -> Iterator[str]:
    """Runs TensorBoard on a free port; yields its address.

    Raises:
      RuntimeError: it does not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, "--logdir", str(log_dir), "--port", "0", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield _address(process)
    finally:
        process.terminate()
        process.wait(30)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = []
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and (line := process.stderr.readline()):
        said.append(line)
        if found := re.search(r"at (http://\S+)", line):
            return found[1].rstrip("/")
    raise RuntimeError("TensorBoard did not start: " + "".join(said))
