"""What a model can do, before anything is sent to it; what an object from a server is set to."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from llama_index.core.base.llms.types import AudioBlock, ChatMessage, TextBlock
from PIL import Image

from llama_index.multi_modal_llms.ollama import ModelCapabilities, OllamaMultiModal
from ollama_vision import errors
from ollama_vision.server.capabilities import SUPPORTED_VERSION, version_of
from tests.support.endpoints import twelve
from tests.support.shown_capabilities import CHATS, TOOL, paths, shows, tags
from tests.support.wire_attempts import attempt
from tests.support.wire_server import CLOSE, HOLD, SHOW, Script, WireServer, answer, client, reply


def checking(server: WireServer, **settings: Any) -> OllamaMultiModal:
    return client(server, check_capabilities=True, **settings)


@twelve
def test_what_a_model_cannot_do_is_refused_before_it_is_asked(endpoint: str) -> None:
    listed = tags({"m:latest": ["completion"], "wise": ["completion", "thinking"], "blind": ["completion"]})
    with WireServer(routes={"/api/show": shows("completion"), "/api/tags": listed}) as server:
        outcome = attempt(checking(server), endpoint, think=True)
        assert paths(server) == ["/api/show", "/api/version", "/api/tags"]
    error = outcome.error
    assert type(error) is errors.CapabilityError
    assert outcome.raised_by_call
    assert (error.missing, error.candidates) == (("thinking",), ("wise",))
    assert "'m'" in str(error)
    assert "can do all that the call needs: wise." in str(error)


@pytest.mark.parametrize("endpoint", CHATS)
def test_candidates_can_do_all_that_the_call_needs(endpoint: str) -> None:
    listed = tags({"one": ["completion", "tools"], "two": ["thinking"], "both": ["thinking", "tools"]})
    with WireServer(routes={"/api/show": shows("completion"), "/api/tags": listed}) as server:
        error = attempt(checking(server), endpoint, think=True, tools=[TOOL]).error
    assert type(error) is errors.CapabilityError
    assert (error.missing, error.candidates) == (("thinking", "tools"), ("both",))
    assert "does not think and cannot call tools" in str(error)


@pytest.mark.parametrize("endpoint", ["complete", "acomplete"])
def test_a_suffix_needs_a_model_that_fills_in(endpoint: str) -> None:
    with WireServer(routes={"/api/show": shows("completion")}) as server:
        error = attempt(checking(server), endpoint, suffix="x").error
    assert type(error) is errors.CapabilityError
    assert error.missing == ("insert",)


@pytest.mark.parametrize("endpoint", CHATS)
def test_sound_needs_a_model_that_hears(endpoint: str) -> None:
    blocks = [TextBlock(text="x"), AudioBlock(audio=b"RIFF", format="wav")]
    with WireServer(routes={"/api/show": shows("completion", "vision")}) as server:
        error = attempt(checking(server), endpoint, [ChatMessage(role="user", blocks=blocks)]).error
    assert type(error) is errors.CapabilityError
    assert error.missing == ("audio",)
    assert "hear" in str(error)


@twelve
def test_a_call_that_needs_nothing_asks_nothing(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        assert attempt(checking(server), endpoint, think=False).text == "A"
        assert len(server.requests) == 1


@twelve
def test_a_model_is_asked_about_once(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        llm = checking(server)
        for _ in range(3):
            assert attempt(llm, endpoint, think=True).text == "A"
        assert paths(server).count("/api/show") == 1
        attempt(llm.model_copy(update={"model": "other"}), endpoint, think=True)
        assert paths(server).count("/api/show") == 2


@twelve
def test_check_capabilities_false_asks_nothing(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        assert attempt(client(server), endpoint, think=True).text == "A"
        assert len(server.requests) == 1


def test_an_older_server_that_says_nothing_is_trusted() -> None:
    with WireServer(answer("chat", "A"), routes={"/api/show": reply(200, {"details": {}})}) as server:
        llm = checking(server)
        assert attempt(llm, "chat", think=True).text == "A"
        assert llm.capabilities().abilities is None


@pytest.mark.parametrize("endpoint", ["chat", "achat"])
def test_models_of_an_older_server_are_asked_one_by_one_but_not_all(endpoint: str) -> None:
    models: dict[str, None] = {f"model-{number}": None for number in range(30)}
    wise = {"model-3", "model-25"}
    asked: list[str] = []

    class Shows(WireServer):
        def _script_for(self, seen: Any) -> Script:
            if seen.path != "/api/show":
                return super()._script_for(seen)
            asked.append(seen.json["model"])
            return shows("completion", *(["thinking"] if seen.json["model"] in wise else []))

    with Shows(routes={"/api/tags": tags(models)}) as server:
        error = attempt(checking(server), endpoint, think=True).error
    assert type(error) is errors.CapabilityError
    assert error.candidates == ("model-3",)
    assert asked == ["m", *(f"model-{number}" for number in range(20))]


NO_LIST: dict[str, Script] = {
    "nothing known": tags({"a": None}),
    "no such path": reply(404, "404 page not found"),
    "a fault": reply(500, {"error": "it broke"}),
    "a cut": [CLOSE],
    "another form": reply(200, {"models": "none"}),
}


@pytest.mark.parametrize("endpoint", ["chat", "acomplete"])
@pytest.mark.parametrize("listed", NO_LIST)
def test_a_server_that_does_not_tell_hides_no_refusal(listed: str, endpoint: str) -> None:
    class Shows(WireServer):
        def _script_for(self, seen: Any) -> Script:
            if seen.path == "/api/show" and seen.json["model"] == "a":
                return reply(500, {"error": "this model is damaged"})
            return super()._script_for(seen)

    routes = {"/api/show": shows("completion"), "/api/tags": NO_LIST[listed]}
    with Shows(routes=routes) as server:
        error = attempt(checking(server), endpoint, think=True).error
    assert type(error) is errors.CapabilityError
    assert error.candidates == ()
    assert "does not tell" in str(error)


def test_no_model_fits() -> None:
    routes = {"/api/show": shows("completion"), "/api/tags": tags({"a": ["completion"]})}
    with WireServer(routes=routes) as server:
        error = attempt(checking(server), "chat", think=True).error
    assert "No model on that server can do all that the call needs." in str(error)


@pytest.mark.parametrize("more", [{}, {"think": True}], ids=["sight alone", "sight and thinking"])
def test_a_model_is_suggested_only_where_it_would_do(scene: Image.Image, more: dict[str, Any]) -> None:
    routes = {"/api/show": shows("completion"), "/api/tags": tags({"a": ["completion"]})}
    with WireServer(routes=routes) as server:
        error = attempt(checking(server), "complete", "What is it?", scene, **more).error
    assert ("ollama pull" in str(error)) is (not more), error


@twelve
@pytest.mark.parametrize(
    ("model", "there", "words"),
    [
        ("shape", ["shapes:latest", "gemma3:4b"], "Did you mean 'shapes'? That server has: shapes, gemma3:4b."),
        ("llava", ["gemma3:4b", "llava:13b-v1.6-q4_K_M"], "Did you mean 'llava:13b-v1.6-q4_K_M'?"),
        ("zzz", ["shapes:latest"], "ollama pull zzz. That server has: shapes."),
        ("shapes", [], "That server has no model at all."),
    ],
)
def test_an_unknown_model_is_answered_with_near_names(endpoint: str, model: str, there: list[str], words: str) -> None:
    missing = reply(404, {"error": f"model '{model}' not found"})
    with WireServer(missing, routes={"/api/tags": tags(dict.fromkeys(there))}) as server:
        outcome = attempt(client(server, model=model), endpoint)
    assert type(outcome.error) is errors.ModelNotFoundError
    assert outcome.raised_by_call
    assert words in str(outcome.error)
    assert f"ollama pull {model}" in str(outcome.error)
    assert outcome.error.status == 404


@pytest.mark.parametrize("listed", [reply(404, "no"), [CLOSE], reply(200, "<html>")])
def test_near_names_are_a_courtesy(listed: Script) -> None:
    with WireServer(reply(404, {"error": "model 'm' not found"}), routes={"/api/tags": listed}) as server:
        assert type(attempt(client(server), "chat").error) is errors.ModelNotFoundError


@pytest.mark.parametrize("endpoint", ["chat", "achat"])
def test_a_deadline_ends_the_search_for_near_names(endpoint: str) -> None:
    missing = reply(404, {"error": "model 'm' not found"})
    with WireServer(missing, routes={"/api/tags": [HOLD]}) as server:
        outcome = attempt(client(server, deadline=0.3), endpoint)
    assert type(outcome.error) is errors.ModelNotFoundError


@pytest.mark.parametrize("version", ["0.12.5", "0.9.0", "0.1.30-rc2"])
def test_an_old_server_warns_once(version: str) -> None:
    with WireServer(answer("chat", "A"), routes={"/api/version": reply(200, {"version": version})}) as server:
        llm = checking(server)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                assert attempt(llm, "chat", think=True).text == "A"
        # What other tests have left to the collector may be told of here too.
        (said,) = [str(each.message) for each in caught if each.category is UserWarning]
        assert "Update it to 0.12.6 or later" in said


@pytest.mark.parametrize(
    "said",
    [
        *(reply(200, {"version": version}) for version in ("0.12.6", "0.12.6-rc1", "0.0.0", "1.0.0", "dev", None, 7)),
        reply(404, "404 page not found"),
        reply(403),
        [CLOSE],
    ],
)
def test_no_warning_for_others_nor_for_those_that_do_not_say(said: Script) -> None:
    with WireServer(answer("chat", "A"), routes={"/api/version": said}) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert attempt(checking(server), "chat", think=True).text == "A"


def test_versions_are_read() -> None:
    assert version_of("0.12.6-rc1") == (0, 12, 6) == SUPPORTED_VERSION
    assert version_of("0.0.0") is version_of("") is version_of("nightly") is None


def test_capabilities_of_a_reply() -> None:
    known = ModelCapabilities.from_show(SHOW)
    assert known.context_length == 131072
    assert known.missing({"vision", "flight"}) == ("flight",)
    for odd in ({}, {"model_info": None}, {"model_info": {"general.architecture": 7}}, {"capabilities": "vision"}):
        assert ModelCapabilities.from_show(odd).context_length is None
        assert ModelCapabilities.from_show(odd).missing({"vision"}) == ()


async def test_acapabilities() -> None:
    with WireServer() as server:
        known = await client(server).acapabilities()
    assert known.abilities is not None
    assert "vision" in known.abilities


def test_a_lack_is_said_in_the_same_words_before_and_after_asking() -> None:
    """By the check beforehand, and of the server's own refusal."""
    said = reply(400, {"error": '"m" does not support thinking'})
    with WireServer(said) as server:
        refused = attempt(client(server), "chat", think=True).error
    routes = {"/api/show": reply(200, {"capabilities": ["completion", "vision"], "model_info": {}})}
    with WireServer(answer("chat", "A"), routes=routes) as server:
        beforehand = attempt(client(server, check_capabilities=True), "chat", think=True).error
    for error in (refused, beforehand):
        assert isinstance(error, errors.CapabilityError)
        assert " does not think" in str(error)
        assert str(error).endswith("Or leave think unset.")
