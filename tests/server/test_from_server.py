"""`from_server`: settings that fit the model, by what its server says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_vision import errors
from tests.support.shown_capabilities import paths, shows, tags
from tests.support.wire_server import Script, WireServer, reply

Make = Callable[..., OllamaMultiModal]


async def _afrom_server(*args: Any, **kwargs: Any) -> OllamaMultiModal:
    return await OllamaMultiModal.afrom_server(*args, **kwargs)


both = pytest.mark.parametrize(
    "make",
    [OllamaMultiModal.from_server, lambda *args, **kwargs: asyncio.run(_afrom_server(*args, **kwargs))],
    ids=["from_server", "afrom_server"],
)


def loaded(**lengths: int) -> Script:
    return reply(
        200, {"models": [{"name": name + ":latest", "context_length": size} for name, size in lengths.items()]}
    )


@both
@pytest.mark.parametrize(
    ("running", "given", "window"),
    [
        (loaded(), {}, 8192),
        (loaded(m=32768), {}, 32768),
        (loaded(other=32768), {}, 8192),
        (loaded(m=500_000), {}, 131072),
        (loaded(m=32768), {"context_window": 4096}, 4096),
        (reply(200, {"models": None}), {}, 8192),
    ],
)
def test_the_context_is_what_is_loaded_and_never_above_the_models_own(
    make: Make, running: Script, given: dict[str, Any], window: int
) -> None:
    with WireServer(routes={"/api/ps": running}) as server:
        llm = make("m", server.url, **given)
        assert paths(server) == ["/api/version", "/api/show", "/api/ps"]
    assert llm.context_window == window == llm.metadata.context_window


@both
@pytest.mark.parametrize(
    ("abilities", "given", "calls_tools"),
    [
        (["completion", "tools"], {}, True),
        (["completion", "vision"], {}, False),
        (["completion"], {"is_function_calling_model": True}, True),
    ],
)
def test_the_model_says_whether_it_calls_tools(
    make: Make, abilities: list[str], given: dict[str, Any], calls_tools: bool
) -> None:
    with WireServer(routes={"/api/show": shows(*abilities)}) as server:
        llm = make("m", server.url, **given)
        assert llm.is_function_calling_model is calls_tools
        asked = len(server.requests)
        assert llm.capabilities().abilities == frozenset(abilities)
        assert len(server.requests) == asked


@both
def test_other_settings_are_kept(make: Make) -> None:
    with WireServer() as server:
        llm = make("m", server.url, temperature=0.1, headers={"X-Key": "k"}, top_k=3)
        assert {seen.headers["x-key"] for seen in server.requests} == {"k"}
    assert (llm.model, llm.temperature, llm.additional_kwargs) == ("m", 0.1, {"top_k": 3})


@both
def test_a_server_that_is_too_old_is_refused(make: Make) -> None:
    routes = {"/api/version": reply(200, {"version": "0.12.5"})}
    too_old = pytest.raises(errors.ServerError, match=r"runs Ollama 0\.12\.5, which cuts long prompts")
    with WireServer(routes=routes) as server, too_old:
        make("m", server.url)


@both
def test_an_unknown_model_is_refused_with_near_names(make: Make) -> None:
    routes = {"/api/show": reply(404, {"error": "model 'shape' not found"}), "/api/tags": tags({"shapes:latest": None})}
    with WireServer(routes=routes) as server, pytest.raises(errors.ModelNotFoundError, match="Did you mean 'shapes'"):
        make("shape", server.url)


@both
def test_no_server_is_an_error_of_the_tree(make: Make) -> None:
    with WireServer() as server:
        url = server.url
    with pytest.raises(errors.ConnectionFailedError):
        make("m", url, max_retries=0)
