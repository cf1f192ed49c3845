"""What is measured: each job, who does it, and the goal that it is held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from roster import FLOOR, OURS, PEERS, PREPARED

Unit = Literal["x", "ms", "MB", "us"]
ALL = (FLOOR, *PEERS, OURS)


@dataclass(frozen=True)
class Goal:
    """At most so much: a ratio to the floor of the same round, or a figure as it is."""

    most: float
    unit: Unit = "x"


@dataclass(frozen=True)
class Job:
    """One thing that a worker does in each round."""

    name: str
    title: str
    order: dict[str, Any]
    """What the worker is told."""
    figure: str
    """Which of its figures the tables show first."""
    who: tuple[str, ...] = ALL
    goals: dict[str, dict[str, Goal]] = field(default_factory=dict)
    """Client -> figure -> goal."""
    in_quick: bool = True
    fresh: bool = False
    """In a process of its own each time."""
    most_rounds: int = 100


def _picture(size: str, title: str, repeat: int, most: float, *, in_quick: bool = True) -> Job:
    order = {"job": "picture", "size": size, "repeat": repeat}
    goals = {OURS: {"cpu_ms": Goal(most)}}
    return Job(f"picture-{size}", title, order, "cpu_ms", goals=goals, in_quick=in_quick)


def _stream(
    name: str, title: str, most: float, *, who: tuple[str, ...] = ALL, in_quick: bool = True, **order: Any
) -> Job:
    goals = {OURS: {"cpu_ms": Goal(most)}}
    return Job(name, title, {"job": "stream", **order}, "cpu_ms", who, goals, in_quick)


_WELL_KNOWN = (FLOOR, "llms-ollama", OURS)
_TELLS_ALL = (FLOOR, "ollama", "llms-ollama", OURS)

JOBS = (
    _picture("1mp", "1 MP JPEG, 0.37 MB", 20, 1.0),
    _picture("4mp", "4 MP JPEG, 1.4 MB", 8, 0.6),
    _picture("12mp", "12 MP JPEG, 3.6 MB", 4, 0.4),
    _picture("19mb", "48 MP JPEG, 19 MB", 2, 0.25, in_quick=False),
    _stream("stream", "2,000 pieces", 1.4, count=2000),
    _stream("astream", "2,000 pieces, async", 1.2, count=2000, on_loop=True),
    _stream("stream-long", "10,000 pieces", 1.4, count=10_000, in_quick=False, who=_WELL_KNOWN),
    _stream("astream-long", "10,000 pieces, async", 1.2, count=10_000, on_loop=True, in_quick=False, who=_WELL_KNOWN),
    _stream("stream-apart", "400 pieces, 1 ms apart", 1.3, count=400, extra="apart"),
    _stream("astream-apart", "400 pieces, 1 ms apart, async", 1.3, count=400, extra="apart", on_loop=True),
    _stream(
        "stream-thinking", "1,000 pieces of thinking, 1,000 of text", 1.4, count=1000, extra="thinking", who=_TELLS_ALL
    ),
    _stream("stream-tools", "1,000 pieces, 10 tool calls", 1.4, count=1000, extra="tools", who=_TELLS_ALL),
    Job(
        "together",
        "128 at once, 1 MP each, 200 ms of server time",
        {"job": "together", "size": "1mp", "count": 128},
        "wall_ms",
        (*ALL, PREPARED),
        {
            OURS: {"wall_ms": Goal(1.0), "stall_ms": Goal(0.1)},
            PREPARED: {"stall_ms": Goal(0.2)},
        },
    ),
    Job(
        "memory-in-a-row",
        "50 pictures of 12 MP in a row",
        {"job": "memory", "size": "12mp", "count": 50, "at_once": False},
        "grown_mb",
        goals={OURS: {"grown_mb": Goal(2, "MB")}},
        fresh=True,
        most_rounds=1,
    ),
    Job(
        "memory-at-once",
        "16 pictures of 12 MP at once",
        {"job": "memory", "size": "12mp", "count": 16, "at_once": True},
        "grown_mb",
        goals={OURS: {"grown_mb": Goal(5, "MB")}},
        fresh=True,
        most_rounds=1,
    ),
    Job(
        "construct",
        "making the object",
        {"job": "construct", "repeat": 50},
        "wall_ms",
        goals={OURS: {"wall_ms": Goal(1, "ms")}},
    ),
    Job(
        "prepare",
        "a 12 MP JPEG to the default size",
        {"job": "prepare", "size": "12mp", "repeat": 4},
        "cpu_ms",
        (PREPARED,),
        {PREPARED: {"cpu_ms": Goal(70, "ms")}},
    ),
)

QUESTION = "What is in the picture?"
DEMO = Job(
    "demo",
    "a 12 MP photograph, the embedded server and its demo model",
    {"job": "demo", "question": QUESTION, "expected": "blue square"},
    "wall_ms",
    ("llms-ollama", "langchain", OURS, PREPARED),
    {PREPARED: {"wall_ms": Goal(0.35)}},
    most_rounds=7,
)
"""Its ratio is to llama-index-llms-ollama: httpx alone would be a client that sends photographs as they are."""

IMPORTS = {
    "llms-ollama": ("import llama_index.core", "from llama_index.llms.ollama import Ollama"),
    "0.6.1": ("import llama_index.core", "from llama_index.multi_modal_llms.ollama import OllamaMultiModal"),
    "langchain": ("import langchain_core.language_models", "from langchain_ollama import ChatOllama"),
    OURS: ("import llama_index.core", "from llama_index.multi_modal_llms.ollama import OllamaMultiModal"),
}
"""What a program has imported already, and what the client's name adds to it."""
IMPORT_GOAL = Goal(50, "ms")
HELP_GOAL = Goal(150, "ms")
