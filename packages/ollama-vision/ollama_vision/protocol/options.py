"""Ollama's options (`num_ctx`, `seed`, ...): names, types, checks, and the nearest name to a wrong one. Pure."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from functools import cache
from typing import Any, TypedDict, get_args, get_type_hints

from ollama_vision.user_warnings import warn_user


class Options(TypedDict, total=False):
    """The server's options (`api.Options` in its source); `None` leaves one to the server."""

    num_ctx: int | None
    num_batch: int | None
    num_gpu: int | None
    main_gpu: int | None
    use_mmap: bool | None
    num_thread: int | None
    draft_num_predict: int | None
    num_keep: int | None
    seed: int | None
    num_predict: int | None
    top_k: int | None
    top_p: float | None
    min_p: float | None
    typical_p: float | None
    repeat_last_n: int | None
    temperature: float | None
    repeat_penalty: float | None
    presence_penalty: float | None
    frequency_penalty: float | None
    stop: str | Sequence[str] | None


def names(keywords: type[Any], *, without: type[Any] | None = None) -> frozenset[str]:
    """The names in one of these, or those that it has beyond another one."""
    return frozenset(keywords.__annotations__) - (frozenset(without.__annotations__) if without else frozenset())


OPTION_NAMES = names(Options)
# fmt: off
IGNORED_OPTION_NAMES = frozenset((
    "mirostat", "mirostat_eta", "mirostat_tau", "tfs_z", "numa", "low_vram", "f16_kv", "logits_all", "vocab_only",
    "use_mlock", "penalize_newline", "embedding_only", "rope_frequency_base", "rope_frequency_scale",
))
"""Options of older releases: today's servers take them and do nothing."""
# fmt: on
_ALL_NAMES = OPTION_NAMES | IGNORED_OPTION_NAMES


def option_defaults(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The Ollama options among a constructor's keywords, `max_tokens` included."""
    options = {name: value for name, value in kwargs.items() if name in _ALL_NAMES}
    if "max_tokens" in kwargs:
        if "num_predict" in kwargs:
            raise TypeError("max_tokens and num_predict are the same thing; pass one of them")
        options["num_predict"] = kwargs["max_tokens"]
    return options


def near_name(name: str, names: Sequence[str]) -> str:
    """` Did you mean 'x'?`, or nothing."""
    import difflib  # 5 ms, and only mistakes need it

    near = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
    return f" Did you mean {near[0]!r}?" if near else ""


def check_options(options: Mapping[str, Any], where: str, keywords: Container[str]) -> None:
    """Refuse what is no option of the server's: it would be sent, and change nothing. `keywords` are those of calls.

    Raises:
        TypeError: names it, and the near one or the place where it belongs.
    """
    for name in options:
        if name in OPTION_NAMES or name in IGNORED_OPTION_NAMES:
            continue
        if name == "max_tokens":
            hint = " Here it is num_predict."
        elif name in keywords:
            hint = f" Pass it to the call, {name}=..."
        else:
            near = near_name(name, sorted(OPTION_NAMES))
            hint = near or " One that is newer than this program goes through options_unchecked={...}."
        raise TypeError(f"{where} holds {name!r}, which is no option of Ollama's.{hint}")


def check_values(options: Mapping[str, Any]) -> None:
    """Refuse a value of another type than the server's: it would answer 500, after the pictures were sent.

    Raises:
        TypeError: names the option, its value, and what it must be.
    """
    for name, value in options.items():
        if value is not None and name in OPTION_NAMES and not _fits(value, kinds := _kinds()[name]):
            given = f"{_shown(value)} ({type(value).__name__})"
            raise TypeError(f"the option {name} is {given}; it must be {_IN_WORDS[kinds[0]]}")


@cache
def _kinds() -> Mapping[str, tuple[Any, ...]]:
    """By option: what its value may be, as `Options` has it."""
    return {name: get_args(hint) for name, hint in get_type_hints(Options).items()}


_IN_WORDS: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text, or a list of texts",
}


def _fits(value: Any, kinds: Sequence[Any]) -> bool:
    if bool in kinds or isinstance(value, bool):
        return bool in kinds and isinstance(value, bool)
    if str in kinds:
        is_list = isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)
        return is_list or isinstance(value, str)
    if isinstance(value, float):
        # The server cuts off what stands behind the point of a number that is to be whole.
        return math.isfinite(value) and (float in kinds or value.is_integer())
    return isinstance(value, int)


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text[:60]}..." if len(text) > 60 else text


def request_options(
    defaults: Mapping[str, Any],
    unchecked: Mapping[str, Any],
    own: Mapping[str, Any],
    given: Mapping[str, Any],
    keywords: Container[str],
) -> dict[str, Any]:
    """The options that a request sends: a call's by name, then its `options`, then the object's own, then defaults.

    Args:
        defaults: those that the object has fields for.
        unchecked: further ones of the object, sent as they are.
        own: further ones of the object (`additional_kwargs`).
        given: the call's keywords.
        keywords: the names of those.

    Raises:
        TypeError, ValueError: an option that there is not, or a value that it cannot have.
    """
    named = option_defaults(given)
    per_call, unchecked_now = _mapping("options", given), _mapping("options_unchecked", given)
    if own:
        check_options(own, "additional_kwargs", keywords)
    if per_call:
        check_options(per_call, "options", keywords)
    check_values({**defaults, **own, **per_call, **named})
    options = {**defaults, **unchecked, **own, **per_call, **unchecked_now, **named}
    for name in options.keys() & IGNORED_OPTION_NAMES:
        warn_user(f"Ollama ignores the option {name!r}; it has no effect")
    if options.get("num_predict") == 0:
        raise ValueError(
            "num_predict (max_tokens) is 0, which is no limit at all on one of Ollama's paths and one token on the "
            "other; use preload() to load a model without an answer"
        )
    if isinstance(options.get("stop"), str):  # the server wants a list and calls a string an internal error
        options["stop"] = [options["stop"]]
    return {name: value for name, value in options.items() if value is not None}


def _mapping(name: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    value = given.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise ValueError(f"{name} is {value!r}; it must be a dict of Ollama's option names")
    return value or {}
