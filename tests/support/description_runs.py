"""Runs of ImageDescriber: everything that one gave, and what stopped it."""

from __future__ import annotations

from typing import Any

from llama_index.multi_modal_llms.ollama import Description, ImageDescriber, OllamaMultiModal
from llama_index.multi_modal_llms.ollama.asking_llm import LlmOnHost
from ollama_vision import errors
from ollama_vision.batch.asking.balancer import Balancer


def told(results: Any) -> tuple[list[Description], errors.RunStoppedError | None]:
    """Everything that a run gave, and what stopped it."""
    given: list[Description] = []
    try:
        for description in results:
            given.append(description)
    except errors.RunStoppedError as stopped:
        return given, stopped
    return given, None


def run(llm: Any, nodes: Any, **settings: Any) -> tuple[list[Description], errors.RunStoppedError | None]:
    return told(ImageDescriber(llm=llm, **{"num_workers": 1, "wait": 0, **settings}).iter(nodes))


def run_waiting(llm: Any, nodes: Any, **settings: Any) -> tuple[list[Description], errors.RunStoppedError | None]:
    """The same with what a describer waits unless it is told otherwise."""
    said = {name: settings.pop(name) for name in ("on_wait", "on_host_fault") if name in settings}
    return told(ImageDescriber(llm=llm, **settings).iter(nodes, **said))


def greys(given: list[Description]) -> list[int]:
    assert [each.error for each in given] == [None] * len(given)
    return sorted(int(each.text) for each in given)


def some(count: int, **settings: Any) -> tuple[Balancer, list[float], list[Any]]:
    """Hosts, their clock, and what they say of waiting."""
    clock, said = [0.0], list[Any]()
    llms = [OllamaMultiModal(model="m", base_url=f"http://127.0.0.1:{port}") for port in range(1, count + 1)]
    hosts = Balancer([*map(LlmOnHost, llms)], now=lambda: clock[0], waiting=lambda *each: said.append(each), **settings)
    return hosts, clock, said
