"""What importing the package and the plugin's loader takes beyond NumPy and TensorBoard."""

import statistics
import subprocess
import sys
from typing import Any

BASE = "import numpy, tensorboard.plugins.base_plugin"
ADDED = {
    "package": "import tb_nnhealth",
    "loader": "from tb_nnhealth.plugin.loader import NNHealthLoader",
}
PROGRAM = """
import sys, time
{base}
started = time.perf_counter()
{added}
print(time.perf_counter() - started)
assert "tensorflow" not in sys.modules and "keras" not in sys.modules
"""


def measure(rounds: int) -> list[dict[str, Any]]:
    """Returns the milliseconds of each import, in fresh processes."""
    rows = []
    for number in range(rounds):
        for name, added in ADDED.items():
            program = PROGRAM.format(base=BASE, added=added)
            done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
            rows.append({"import": name, "round": number, "milliseconds": round(1000 * float(done.stdout), 2)})
    return rows


def medians(rows: list[dict[str, Any]]) -> dict[str, float]:
    return {
        name: statistics.median(float(row["milliseconds"]) for row in rows if row["import"] == name) for name in ADDED
    }
