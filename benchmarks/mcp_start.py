"""How long an agent's program waits for `ollama-vision mcp`, beside a bare server of the SDK with one empty tool.

    python benchmarks/mcp_start.py [--rounds 9]

Runs in the project's own environment, in turns, another one first each time. From the start of the process to its list
of tools, spoken line by line, without a client. A difference is the median of the differences within each round, and so
is a ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MOST = 0.4
"""Seconds that ours may take longer."""
BARE = """
from mcp.server.mcpserver import MCPServer

server = MCPServer("bare")

@server.tool()
def nothing() -> str:
    return ""

server.run()
"""
PROGRAMS = {
    "bare server": [sys.executable, "-c", BARE],
    "ollama-vision mcp": [sys.executable, "-m", "ollama_vision", "mcp", "--root", str(ROOT / "examples/pictures")],
}
CLIENT = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}
SPOKEN = [
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": CLIENT},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
]


class Start(NamedTuple):
    """Seconds."""

    until_tools: float
    cpu: float
    """Of the whole process."""


def start(command: list[str]) -> Start:
    before = os.times()
    began = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write("".join(json.dumps(message) + "\n" for message in SPOKEN).encode())
        program.stdin.flush()
        answers = [json.loads(program.stdout.readline()) for _ in range(2)]
        took = time.perf_counter() - began
        program.stdin.close()
        program.wait()
    if program.returncode or not answers[1]["result"]["tools"]:
        raise SystemExit(f"{command[:4]} ended with {program.returncode}, and said {answers[1]}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Start(took, cpu)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    for command in PROGRAMS.values():
        start(command)  # so that its bytecode is written
    seen: dict[str, list[Start]] = {name: [] for name in PROGRAMS}
    for number in range(rounds):
        names = list(PROGRAMS)
        for name in names if number % 2 else reversed(names):
            seen[name].append(start(PROGRAMS[name]))
    bare, ours = seen.values()
    for name, starts in seen.items():
        waited, cpu = (median(each[at] for each in starts) for at in (0, 1))
        print(f"{name:20} {waited:6.2f} s until its tools are known, {cpu:5.2f} s of CPU time in all")
    more = median(our.until_tools - base.until_tools for our, base in zip(ours, bare, strict=True))
    cpu = median(our.cpu - base.cpu for our, base in zip(ours, bare, strict=True))
    ratio = median(our.until_tools / base.until_tools for our, base in zip(ours, bare, strict=True))
    kept = "kept" if more <= MOST else "NOT KEPT"
    print(f"ours takes {more:+.2f} s longer ({ratio:.2f} times; CPU {cpu:+.2f} s); at most {MOST} s: {kept}")
    return 0 if more <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
