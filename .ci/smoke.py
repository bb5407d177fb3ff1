"""Uses an installed tb_nnhealth as someone does who only looks at logs: no TensorFlow, no checkout.

python smoke.py LOGDIR      # LOGDIR holds one run, of a model with dead units
"""

import importlib.util
import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

BIN = Path(sys.executable).parent
ROUTES = "data/plugin/nnhealth"


def main(log_dir: str) -> None:
    for name in ("tensorflow", "keras"):
        assert importlib.util.find_spec(name) is None, f"{name} is installed here"
    import tb_nnhealth

    assert Path(tb_nnhealth.__file__).is_relative_to(Path(sys.prefix)), tb_nnhealth.__file__

    assert "dead-units" in nnhealth("rules").stderr
    assert "What to try" in nnhealth("explain", "dead-units").stderr
    assert "dead-units" in nnhealth("show", log_dir).stderr
    assert nnhealth("check", log_dir, "--fail-on", "error", code=1).stdout == ""
    exported = nnhealth("export", log_dir).stdout
    assert "dead-units" in {finding["rule"] for finding in json.loads(exported)["findings"]}
    assert exported == tb_nnhealth.Scorecard.from_logdir(Path(log_dir) / "dead-units").to_json()
    assert "<testsuite " in nnhealth("export", log_dir, "--format", "junit").stdout
    assert json.loads(nnhealth("export", log_dir, "--format", "sarif").stdout)["version"] == "2.1.0"
    assert nnhealth("diff", log_dir, log_dir).stdout == ""
    check_tensorboard(log_dir, exported)
    print("smoke test passed")


def nnhealth(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([BIN / "nnhealth", *arguments], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == code, f"nnhealth {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done


def check_tensorboard(log_dir: str, exported: str) -> None:
    """Starts TensorBoard, and fails where it does not serve the run, its scorecard and the page."""
    command = [BIN / "tensorboard", "--logdir", log_dir, "--port", "0", "--reload_interval", "1"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        address = find_address(server)
        (run,) = wait_for(lambda: json.loads(get(f"{address}{ROUTES}/runs"))["runs"])
        assert run == "dead-units/health", run
        wait_for(lambda: get(f"{address}{ROUTES}/scorecard?run={run}") == exported)
        assert "import" in get(f"{address}{ROUTES}/static/index.js")
    finally:
        server.terminate()
        server.wait(30)


def find_address(server: subprocess.Popen[str]) -> str:
    said = ""
    for line in server.stderr:
        said += line
        if found := re.search(r" at (http://\S+)", line):
            return found[1]
    raise AssertionError(f"TensorBoard did not start:\n{said}")


def wait_for(answer, seconds: float = 30.0):
    """Returns the first true answer; what TensorBoard has not loaded yet is asked for again."""
    deadline = time.monotonic() + seconds
    while not (found := answer()):
        assert time.monotonic() < deadline, "TensorBoard does not serve the run"
        time.sleep(0.5)
    return found


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as response:
        assert response.status == 200, url
        return response.read().decode()


if __name__ == "__main__":
    main(sys.argv[1])
