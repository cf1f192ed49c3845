"""Model metadata, and the replies that carry it: /api/show, /api/tags and /api/ps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import gojson
from .names import ModelName

_LONG_AGO = 1_767_225_600_000_000_000  # 2026-01-01, so that replies do not change from run to run


@dataclass(frozen=True)
class ModelFacts:
    """All that a server says about one model."""

    name: str
    capabilities: tuple[str, ...] = ("completion", "vision")
    context_length: int = 4096
    embedding_length: int = 0
    family: str = "llama"
    parameter_size: str = "1.89M"
    quantization_level: str = "Q8_0"
    size: int = 0
    size_vram: int = 0
    """Of `size`, what lies in the memory of a GPU while the model is loaded."""
    digest: str = "0" * 64
    modified_ns: int = _LONG_AGO
    template: str = "{{ .Prompt }}"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    model_info: Mapping[str, Any] = field(default_factory=dict)
    projector_info: Mapping[str, Any] = field(default_factory=dict)
    tensors: tuple[Mapping[str, Any], ...] = ()
    files: tuple[str, ...] = ()

    def under(self, name: str) -> ModelFacts:
        """The same model by another name."""
        return replace(self, name=name)

    @property
    def abilities(self) -> frozenset[str]:
        return frozenset(self.capabilities)

    @property
    def full_name(self) -> str:
        return ModelName.parse(self.name).full

    @property
    def details(self) -> dict[str, Any]:
        return {
            "parent_model": "",
            "format": "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": self.parameter_size,
            "quantization_level": self.quantization_level,
        }


def show(model: ModelFacts, *, verbose: bool = False) -> dict[str, Any]:
    """The reply of /api/show."""
    shown: dict[str, Any] = {"modelfile": _modelfile(model)}
    if model.parameters:
        shown["parameters"] = "\n".join(f"{name:<30} {value}" for name, value in _parameter_lines(model))
    shown["template"] = model.template
    shown["details"] = model.details
    shown["model_info"] = _trim(_model_info(model), verbose)
    if model.projector_info:
        shown["projector_info"] = _trim(model.projector_info, verbose)
    shown["tensors"] = [dict(tensor) for tensor in model.tensors]
    shown["capabilities"] = list(model.capabilities)
    shown["modified_at"] = gojson.timestamp(model.modified_ns)
    return shown


def tags(models: Sequence[ModelFacts]) -> dict[str, Any]:
    """The reply of /api/tags."""
    return {"models": [_tag(model) for model in models]}


def running(models: Sequence[tuple[ModelFacts, str, int]]) -> dict[str, Any]:
    """The reply of /api/ps, from models with the time of their expiry and their context."""
    return {
        "models": [
            {
                **_identity(model),
                "size": model.size,
                "digest": model.digest,
                "details": model.details,
                "expires_at": expires_at,
                "size_vram": model.size_vram,
                "context_length": context_length,
            }
            for model, expires_at, context_length in models
        ]
    }


def _identity(model: ModelFacts) -> dict[str, Any]:
    short = ModelName.parse(model.name).short
    return {"name": short, "model": short}


def _tag(model: ModelFacts) -> dict[str, Any]:
    details = dict(model.details)
    if model.context_length:
        details["context_length"] = model.context_length
    if model.embedding_length:
        details["embedding_length"] = model.embedding_length
    return {
        **_identity(model),
        "modified_at": gojson.timestamp(model.modified_ns),
        "size": model.size,
        "digest": model.digest,
        "details": details,
        "capabilities": list(model.capabilities),
    }


def _model_info(model: ModelFacts) -> Mapping[str, Any]:
    if model.model_info:
        return model.model_info
    return {
        "general.architecture": model.family,
        f"{model.family}.context_length": model.context_length,
        f"{model.family}.embedding_length": model.embedding_length,
    }


def _trim(info: Mapping[str, Any], verbose: bool) -> dict[str, Any]:
    """Long lists are left out, unless asked for, and so are the texts that have a field of their own."""
    hidden = ("general.name", "tokenizer.chat_template") if "tokenizer.ggml.model" in info else ()
    return {
        name: None if isinstance(value, list | tuple) and not verbose else value
        for name, value in sorted(info.items())
        if name not in hidden
    }


def _parameter_lines(model: ModelFacts) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for name, value in model.parameters.items():
        values = value if isinstance(value, list | tuple) else [value]
        lines += [(name, gojson.dumps(item).decode() if isinstance(item, str) else f"{item}") for item in values]
    return lines


def _modelfile(model: ModelFacts) -> str:
    short = ModelName.parse(model.name).short
    lines = [
        '# Modelfile generated by "ollama show"',
        "# To build a new Modelfile based on this, replace FROM with:",
        f"# FROM {short}",
        "",
        *(f"FROM {file}" for file in model.files or (short,)),
        "TEMPLATE {{ .Prompt }}",
        *(f"PARAMETER {name} {value}" for name, value in _parameter_lines(model)),
    ]
    return "\n".join(lines) + "\n"
