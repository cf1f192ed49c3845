"""What a constructor is given -> the fields of the object; nothing is dropped without a word."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import LLMMetadata
from llama_index.core.constants import DEFAULT_NUM_OUTPUTS
from llama_index.core.multi_modal_llms.base import MultiModalLLMMetadata

from ._address import default_base_url, parse_address
from ._headers import checked_headers
from ._options import OPTION_NAMES, check_options, check_values, near_name, option_defaults

if TYPE_CHECKING:
    from .base import OllamaMultiModal

_OTHER_NAMES = {
    "think": "thinking",
    "host": "base_url",
    "url": "base_url",
    "api_base": "base_url",
    "api_key": "headers",
    "extra_headers": "headers",
    "json": "json_mode",
    "system": "system_prompt",
    "timeout": "request_timeout",
    "model_name": "model",
    "format": "json_mode",
    "max_new_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "options": "additional_kwargs",
}
"""What other clients call it."""


def read_arguments(data: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Fold Ollama's option names into `additional_kwargs`, and take credentials out of the address.

    Raises:
        TypeError: an argument that is neither a field nor an option.
        ValueError: an address that is none.
    """
    given = {name: value for name, value in data.items() if name != "class_name"}  # core adds it to its dumps
    options = option_defaults({name: value for name, value in given.items() if name not in fields})
    window, option = given.get("context_window"), given.get("num_ctx")
    if window is not None and option is not None and window != option:
        raise TypeError(f"context_window ({window}) and num_ctx ({option}) are the same thing; pass one of them")
    for name in given:
        if name == "prompt_key":
            raise TypeError("OllamaMultiModal has no argument 'prompt_key': it had no effect. Leave it out.")
        if name not in fields and name not in options and name != "max_tokens":
            other = _OTHER_NAMES.get(name)
            hint = (
                f" Did you mean {other!r}?"
                if other
                else near_name(name, sorted({*fields, *OPTION_NAMES, "max_tokens"}))
            )
            raise TypeError(f"OllamaMultiModal has no argument {name!r}.{hint}")
    settings = {name: value for name, value in given.items() if name in fields}
    check_options(settings.get("additional_kwargs") or {}, "additional_kwargs")
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


def addressed(model: str, base_url: str | None, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """A constructor's arguments, the address only where one was given."""
    return {"model": model, **({"base_url": base_url} if base_url else {}), **kwargs}


class OllamaMetadata(LLMMetadata, MultiModalLLMMetadata):  # type: ignore[misc]
    """What LlamaIndex's components ask of an LLM, and of a multimodal one."""

    temperature: float | None = None
    """Tracers show the metadata as the call's parameters."""


def metadata_of(llm: OllamaMultiModal) -> OllamaMetadata:
    """From the fields alone."""
    options = llm.additional_kwargs
    limit = options.get("num_predict")
    return OllamaMetadata(
        context_window=options.get("num_ctx") or llm.context_window,
        num_output=limit if isinstance(limit, int) and limit > 0 else DEFAULT_NUM_OUTPUTS,
        model_name=llm.model,
        temperature=options.get("temperature", llm.temperature),
        is_chat_model=True,
        is_function_calling_model=llm.is_function_calling_model,
    )
