"""What the embedded server costs: the wheel's size, the time to the first answer, the memory.

    python benchmarks/embedded.py

Each start is a process of its own, so that nothing is warm but the files on disk. It asks with the standard
library's client: the figures are the server's, not those of LlamaIndex.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

ENGINE = Path(__file__).resolve().parent.parent / "packages" / "ollama-vision"
RUNS = 7
ANSWERS = 50

# Time is counted from before the first import: what a test run pays for its first answer.
ONE_START = """
import time
began, worked = time.perf_counter(), time.process_time()
import base64, http.client, io, json, resource, sys
from ollama_embedded import EmbeddedOllama, draw_scene

file = io.BytesIO()
draw_scene("red circle", "blue star").save(file, "PNG")
image = base64.b64encode(file.getvalue()).decode()
body = json.dumps({"model": "shapes", "prompt": "Describe the image.", "images": [image], "stream": False})

def ask(url):
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("POST", "/api/generate", body)
    answer = json.loads(connection.getresponse().read())["response"]
    assert "red circle" in answer and "blue star" in answer, answer
    connection.close()

with EmbeddedOllama() as server:
    ask(server.url)
    first, work = time.perf_counter() - began, time.process_time() - worked
    again = time.perf_counter()
    for _ in range(int(sys.argv[1])):
        ask(server.url)
    each = (time.perf_counter() - again) / int(sys.argv[1])
unit = 1 if sys.platform == "darwin" else 1024
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(json.dumps({"first": first, "work": work, "each": each, "peak": peak}))
"""


def started_once() -> dict[str, float]:
    """One process: seconds to the first answer and for each later one, bytes of memory at the most."""
    command = [sys.executable, "-c", ONE_START, str(ANSWERS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def wheel_size() -> int:
    """Bytes of the engine's wheel, which holds the client, the command line, the server and the demo model."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, str(ENGINE)]
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        return wheel.stat().st_size


def processor() -> str:
    """Its name, where the system tells one."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def main() -> None:
    runs = [started_once() for _ in range(RUNS)]

    def middle(name: str) -> float:
        return statistics.median(run[name] for run in runs)

    def span(name: str, unit: float, form: str) -> str:
        least, most = (choose(run[name] for run in runs) for choose in (min, max))
        return f"{least * unit:{form}} to {most * unit:{form}} in {RUNS} runs"

    rows = [
        ("wheel", f"{wheel_size() / 1e6:.1f} MB"),
        ("first answer, imports included", f"{middle('first'):.2f} s ({span('first', 1, '.2f')})"),
        ("of which the processor works", f"{middle('work'):.2f} s ({span('work', 1, '.2f')})"),
        ("each later answer", f"{middle('each') * 1000:.0f} ms ({span('each', 1000, '.0f')})"),
        ("memory of the process at its peak", f"{middle('peak') / 1e6:.0f} MB ({span('peak', 1e-6, '.0f')})"),
    ]
    print("| what | measured |\n| --- | --- |")
    for what, figure in rows:
        print(f"| {what} | {figure} |")
    day = datetime.now(UTC).date().isoformat()
    print(f"\n{processor()}, {platform.system()}, Python {platform.python_version()}, {day}.")


if __name__ == "__main__":
    main()
