"""Checks of the server, its models, and the answer to the test question. Facts in, checks out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ollama_vision import words
from ollama_vision.errors import (
    AuthenticationError,
    ConnectionFailedError,
    DeadlineError,
    ModelNotFoundError,
    OllamaMultiModalError,
    SilenceTimeoutError,
)
from ollama_vision.server import OllamaServer

from ..common.default_model import GOOD_FIRST_MODEL
from ..common.shell_words import in_shell_words
from .check import Check, ok, warn, worst
from .check import fail as failed
from .facts import USUAL_CONTEXT, Choice, Loaded, Model, Origin, Told, loaded_as, same_model

SLOW = 10.0
"""Tokens a second. A description of a picture is about a hundred: ten seconds of waiting."""
GET_ONE = f"Get one that sees: ollama-vision pull {GOOD_FIRST_MODEL}"


def server(origin: Origin, version: Told[str]) -> Check:
    facts = {"url": origin.url, "source": origin.source}
    where = f"{origin.url} ({origin.source})"
    if isinstance(version, str):
        return ok("server", f"{where} answers", **facts)
    if isinstance(version, AuthenticationError):
        return failed("server", f"{where} wants to know who asks (401)", in_shell_words(str(version)), **facts)
    if isinstance(version, ConnectionFailedError):
        # Its words tell a proxy, a certificate and a server that is not started apart, each with its own way out.
        return failed("server", f"{where} does not answer", in_shell_words(str(version)), **facts)
    if isinstance(version, SilenceTimeoutError):
        way = "It is starting, or it hangs: look at its log."
        return failed("server", f"{where} takes connections and answers nothing", way, **facts)
    way = "Look whether that is Ollama's address, with its port and path, and what stands in between."
    return failed("server", f"{where} answers wrongly: {version}", way, **facts)


def is_out_of_reach(answer: Told[Any]) -> bool:
    """Whether asking the same server something else makes no sense."""
    return isinstance(answer, ConnectionFailedError | AuthenticationError | SilenceTimeoutError | DeadlineError)


def not_made(name: str, why: str) -> Check:
    """A check that could not be made: nothing is known, neither good nor bad."""
    return warn(name, f"not checked: {why}", is_made=False)


def version(told: Told[str]) -> Check:
    if not isinstance(told, str):
        return not_made("version", "the server did not say its version")
    oldest = OllamaServer.oldest_supported
    facts = {"version": told, "oldest_supported": oldest}
    supported = OllamaServer.is_supported(told)
    if supported is None:
        message = f"{told or 'no version'}: built from source; whether it is as new as {oldest} cannot be told"
        return warn("version", message, f"Look whether its source is that of {oldest} or later.", **facts)
    if not supported:
        message = f"{told} is too old: it cuts long prompts, pictures included, without a word"
        return failed("version", message, f"Update Ollama to {oldest} or later.", **facts)
    return ok("version", f"{told} (at least {oldest} is needed)", **facts)


def models(told: Told[Sequence[Model]], running: Told[Sequence[Loaded]]) -> Check:
    if isinstance(told, OllamaMultiModalError):
        return failed("models", f"the server does not list its models: {told}")
    seeing = [model for model in told if model.sees]
    untold = [model for model in told if model.sees is None]
    loaded = [] if isinstance(running, OllamaMultiModalError) else list(running)
    facts = {"models": [_told_of(model, loaded_as(model.name, loaded)) for model in told]}
    if seeing:
        listed = "; ".join(_in_words(model, loaded_as(model.name, loaded)) for model in seeing)
        return ok("models", f"{len(seeing)} of {len(told)} see pictures: {listed}", **facts)
    if untold:
        names = ", ".join(model.name for model in untold)
        message = f"the server does not say which of its models see: {names}"
        return warn("models", message, "Name one with --model. Newer Ollamas say it.", **facts)
    has = f"none of {len(told)} sees pictures" if told else "there is none yet"
    return failed("models", has, GET_ONE, **facts)


def _told_of(model: Model, loaded: Loaded | None) -> dict[str, Any]:
    return {
        "name": model.name,
        "sees": model.sees,
        "thinks": model.thinks,
        "size": model.size,
        "context_length": model.context_length,
        "size_in_memory": loaded.size if loaded else None,
    }


def _in_words(model: Model, loaded: Loaded | None) -> str:
    facts = [f"context {model.context_length:,}"] if model.context_length else []
    facts += [f"{words.size(loaded.size)} in memory"] if loaded and loaded.size else []
    return f"{model.name} ({', '.join(facts)})" if facts else model.name


def choose(
    named: str | None, environment: str | None, models: Sequence[Model], running: Sequence[Loaded]
) -> Choice | None:
    """The model to ask: the one that was named, else one that costs the least waiting and displaces no other."""
    if named:
        return Choice(named, "--model")
    if environment:
        return Choice(environment, "OLLAMA_VISION_MODEL")
    seeing = [model for model in models if model.sees]
    for model in seeing:
        if loaded_as(model.name, running):
            return Choice(model.name, "sees, and is loaded")
    if not seeing:
        return None
    if len(seeing) == 1:
        return Choice(seeing[0].name, "the only one that sees")
    return Choice(min(seeing, key=lambda model: (model.size, model.name)).name, "the smallest one that sees")


def model(choice: Choice, told: Told[Model], known: Sequence[Model]) -> Check:
    asked = f"{choice.name} ({choice.why})"
    if isinstance(told, ModelNotFoundError):
        has = ", ".join(model.name for model in known) or "no model at all"
        way = f"Get it, with: ollama-vision pull {choice.name}; or choose another with --model."
        return failed("model", f"{asked} is not on the server, which has {has}", way, model=choice.name)
    if isinstance(told, OllamaMultiModalError):
        return failed("model", f"the server cannot show {asked}: {told}", model=choice.name)
    facts = _told_of(told, None)
    if told.sees is False:
        others = [model.name for model in known if model.sees and not same_model(model.name, choice.name)]
        way = f"Choose one that does, with --model: {', '.join(others)}" if others else GET_ONE
        return failed("model", f"{asked} does not see pictures", way, **facts)
    words = ["sees" if told.sees else "may see (the server does not say)"]
    words += [] if told.thinks is None else ["can think" if told.thinks else "does not think"]
    words += [f"context up to {told.context_length:,} tokens"] if told.context_length else []
    return ok("model", f"{asked}: {', '.join(words)}", **facts)


def memory(told: Told[Sequence[Loaded]], asked: str | None, rate: float | None) -> Check:
    """How much of what is loaded lies on a GPU; `rate` is how fast the asked model spoke, in tokens a second."""
    if isinstance(told, OllamaMultiModalError):
        return not_made("memory", f"the server does not say what is loaded ({told})")
    facts = {
        "loaded": [
            {"name": each.name, "size": each.size, "size_vram": each.size_vram, "context_length": each.context_length}
            for each in told
        ]
    }
    if asked is not None and loaded_as(asked, told) is None:
        message = f"{asked} left the memory right after its answer: its place there cannot be seen"
        way = "Each picture waits until it is loaded again: keep it, with keep_alive or OLLAMA_KEEP_ALIVE."
        return warn("memory", message, way, **facts)
    if not told:
        return ok("memory", "no model is loaded", **facts)
    judged = [_place(each, rate if asked is not None and same_model(each.name, asked) else None) for each in told]
    way = next((each.what_to_do for each in judged if each.what_to_do), "")
    return Check("memory", worst(judged), "; ".join(each.message for each in judged), way, facts)


def _place(loaded: Loaded, rate: float | None) -> Check:
    share = loaded.on_gpu
    if share is None:
        return ok("memory", f"{loaded.name}: the server tells no size")
    what = f"{loaded.name} {words.size(loaded.size)}"
    if share == 1:
        return ok("memory", f"{what}, 100 % GPU")
    if share > 0:
        percent = words.percent(loaded.size_vram, loaded.size)
        way = "Take a smaller model or a shorter context (context_window), or free the GPU: ollama stop MODEL."
        return warn("memory", f"{what}, {percent} % GPU, the rest on the CPU, which is slow", way)
    if rate is not None and rate < SLOW:
        way = "Take a smaller model. If there is a GPU, the server's log says why it is not used."
        return warn("memory", f"{what}, all on the CPU, which is slow here: {rate:.1f} tokens a second", way)
    return ok("memory", f"{what}, all on the CPU")


def context(choice: Choice, told: Told[Sequence[Loaded]], longest: int | None) -> Check:
    """How long prompt and answer may be together, as the model is loaded now."""
    loaded = None if isinstance(told, OllamaMultiModalError) else loaded_as(choice.name, told)
    if loaded is None or not loaded.context_length:
        return not_made("context", f"{choice.name} is not loaded, or the server does not say with how much")
    most = f", of {longest:,} at most" if longest else ""
    message = f"{choice.name} is loaded with {loaded.context_length:,} tokens for pictures, question and answer{most}"
    facts = {"context_length": loaded.context_length, "longest": longest}
    if loaded.context_length < min(USUAL_CONTEXT, longest or USUAL_CONTEXT):
        way = f"A picture takes up to 4,096 tokens: set context_window to {USUAL_CONTEXT} or more."
        return warn("context", message, way, **facts)
    return ok("context", message, **facts)
