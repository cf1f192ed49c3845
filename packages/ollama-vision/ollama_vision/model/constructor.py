"""Constructor arguments, checked and completed to settings; nothing is dropped without a word."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ollama_vision.http import checked_headers, default_base_url, parse_address
from ollama_vision.protocol import OPTION_NAMES, check_options, check_values, near_name, option_defaults

from .keywords import KEYWORD_NAMES

OTHER_NAMES = {
    "think": "thinking",
    "host": "base_url",
    "url": "base_url",
    "api_base": "base_url",
    "api_key": "headers",
    "extra_headers": "headers",
    "json": "json_mode",
    "timeout": "request_timeout",
    "model_name": "model",
    "format": "json_mode",
    "max_new_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "options": "additional_kwargs",
}
"""What other clients call it."""


def read_arguments(
    name_of_class: str,
    given: Mapping[str, Any],
    fields: Collection[str],
    other_names: Mapping[str, str] = OTHER_NAMES,
) -> dict[str, Any]:
    """Fold Ollama's option names into `additional_kwargs`, and take credentials out of the address.

    Raises:
        TypeError: an argument that is neither a field nor an option.
        ValueError: an address that is none.
    """
    options = option_defaults({name: value for name, value in given.items() if name not in fields})
    window, option = given.get("context_window"), given.get("num_ctx")
    if window is not None and option is not None and window != option:
        raise TypeError(f"context_window ({window}) and num_ctx ({option}) are the same thing; pass one of them")
    for name in given:
        if name not in fields and name not in options and name != "max_tokens":
            other = other_names.get(name)
            hint = (
                f" Did you mean {other!r}?"
                if other
                else near_name(name, sorted({*fields, *OPTION_NAMES, "max_tokens"}))
            )
            raise TypeError(f"{name_of_class} has no argument {name!r}.{hint}")
    settings = {name: value for name, value in given.items() if name in fields}
    check_options(settings.get("additional_kwargs") or {}, "additional_kwargs", KEYWORD_NAMES)
    if options:
        settings["additional_kwargs"] = {**options, **(settings.get("additional_kwargs") or {})}
    check_values(settings.get("additional_kwargs") or {})
    address = parse_address(str(settings.get("base_url") or default_base_url()))
    settings["base_url"] = address.url
    headers = checked_headers(settings.get("headers") or {})
    if address.authorization:
        headers.setdefault("Authorization", address.authorization)
    settings["headers"] = headers
    return settings


def with_changes(given: Mapping[str, Any], changes: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """A constructor's arguments with changed ones, which win over what was given by another name.

    Raises:
        TypeError: two changes that are the same thing.
    """
    changed = dict(changes)
    if "host" in changed:
        if "base_url" in changed:
            raise TypeError("host and base_url are the same thing; pass one of them")
        changed["base_url"] = changed.pop("host")
    new = option_defaults({name: value for name, value in changed.items() if name not in fields})
    hidden = {*new, *(_OPTIONS_OF_FIELDS[name] for name in changed if name in _OPTIONS_OF_FIELDS)}
    before = {name: value for name, value in given.items() if not (name == "context_window" and "num_ctx" in new)}
    if "additional_kwargs" in before:
        before["additional_kwargs"] = {k: v for k, v in before["additional_kwargs"].items() if k not in hidden}
    return {**before, **changed}


_OPTIONS_OF_FIELDS = {"context_window": "num_ctx", "temperature": "temperature"}
"""Options among `additional_kwargs` that win over a field."""


def constructor_arguments(model: str, base_url: str | None, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """A constructor's arguments, the address only where one was given."""
    return {"model": model, **({"base_url": base_url} if base_url else {}), **kwargs}
