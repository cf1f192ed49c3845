"""Ollama's options (`num_ctx`, `seed`, ...): which there are, and a wrong name refused with the near one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._keywords import CallKeywords, ChatKeywords, CompleteKeywords, Options, names

OPTION_NAMES = names(Options)
# fmt: off
IGNORED_OPTION_NAMES = frozenset((
    "mirostat", "mirostat_eta", "mirostat_tau", "tfs_z", "numa", "low_vram", "f16_kv", "logits_all", "vocab_only",
    "use_mlock", "penalize_newline", "embedding_only", "rope_frequency_base", "rope_frequency_scale",
))
"""Options of older releases: today's servers take them and do nothing."""
# fmt: on
CALL_NAMES = frozenset(
    ("options", "options_unchecked", "max_tokens", "image_options", "deadline", "max_retries", "extra_headers")
)
"""What a call takes for itself; the rest of what every endpoint takes stands beside `options` in the body."""
FIELD_NAMES = names(CallKeywords, without=Options) - CALL_NAMES
GENERATE_NAMES = names(CompleteKeywords, without=CallKeywords)
CHAT_NAMES = names(ChatKeywords, without=CallKeywords)


def option_defaults(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The Ollama options among a constructor's keywords, `max_tokens` included."""
    options = {name: value for name, value in kwargs.items() if name in OPTION_NAMES | IGNORED_OPTION_NAMES}
    if "max_tokens" in kwargs:
        if "num_predict" in kwargs:
            raise TypeError("max_tokens and num_predict are the same thing; pass one of them")
        options["num_predict"] = kwargs["max_tokens"]
    return options


def near_name(name: str, names: Sequence[str]) -> str:
    """` Did you mean 'x'?`, or nothing."""
    import difflib  # 5 ms, and only mistakes need it

    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def check_options(options: Mapping[str, Any], where: str) -> None:
    """Refuse what is no option of the server's: it would be sent, and change nothing.

    Raises:
        TypeError: names it, and the near one or the place where it belongs.
    """
    for name in options:
        if name in OPTION_NAMES or name in IGNORED_OPTION_NAMES:
            continue
        if name == "max_tokens":
            hint = " Here it is num_predict."
        elif name in FIELD_NAMES | GENERATE_NAMES | CHAT_NAMES | CALL_NAMES:
            hint = f" Pass it to the call, {name}=..."
        else:
            near = near_name(name, sorted(OPTION_NAMES))
            hint = near or " One that is newer than this program goes through options_unchecked={...}."
        raise TypeError(f"{where} holds {name!r}, which is no option of Ollama's.{hint}")


def mapping(name: str, value: Any) -> Mapping[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise ValueError(f"{name} is {value!r}; it must be a dict of Ollama's option names")
    return value or {}
