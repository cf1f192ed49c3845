"""Error messages' shared words: the table of what a model lacks (vision, tools, thinking), and each advice once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MORE_ROOM = "Give it more room: num_predict (max_tokens), context_window."
RIGHT_ADDRESS = "Is base_url right, with its port and path?"
SMALLER_PICTURES = "send fewer pictures, or smaller ones (image_options=ImageOptions(max_pixels=...))"

_ABILITIES: Mapping[str, tuple[str, str]] = {
    "vision": ("cannot see pictures", ""),
    "audio": ("cannot hear", ""),
    "tools": ("cannot call tools", "Or set is_function_calling_model=False: then agents and programs work with text."),
    "thinking": ("does not think", "Or leave think unset."),
    "insert": ("does not fill in before a suffix", ""),
    "completion": ("makes no text", ""),
    "embedding": ("makes no embeddings", "Models that do are embeddinggemma and nomic-embed-text, say."),
}
"""By Ollama's name of an ability: how its lack is said, and what else can be done."""


def lacks(missing: Iterable[str]) -> str:
    """What a model that lacks these abilities cannot do: "cannot see pictures and does not think"."""
    return " and ".join(_ABILITIES.get(ability, (f"has no {ability}", ""))[0] for ability in missing)


def without(missing: Iterable[str]) -> str:
    """What else can be done than to take another model, as sentences behind a space; perhaps none."""
    return "".join(f" {_ABILITIES[ability][1]}" for ability in missing if _ABILITIES.get(ability, ("", ""))[1])
