"""Model metadata of a GGUF pair: what it can do and how big it is, from its files' headers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..protocol.catalog import ModelFacts
from .gguf import Header, read_header


def facts_of(model: Path, mmproj: Path | None, *, name: str, parameters: Mapping[str, Any]) -> ModelFacts:
    """Read both headers; a missing or damaged file is an error here, before anything is served."""
    header = read_header(model)
    projector = read_header(mmproj) if mmproj else None
    family = str(header.metadata.get("general.architecture", "unknown"))
    files = [path for path in (model, mmproj) if path]
    return ModelFacts(
        name=name,
        capabilities=_capabilities(header, projector, family),
        context_length=int(header.metadata.get(f"{family}.context_length", 4096)),
        embedding_length=int(header.metadata.get(f"{family}.embedding_length", 0)),
        family=family,
        parameter_size=_short_count(header.parameter_count),
        quantization_level=header.quantization,
        size=sum(path.stat().st_size for path in files),
        digest=_digest(files),
        modified_ns=model.stat().st_mtime_ns,
        template=str(header.metadata.get("tokenizer.chat_template", "{{ .Prompt }}")),
        parameters=parameters,
        model_info=_info(header),
        projector_info=_info(projector) if projector else {},
        tensors=header.tensors,
        files=tuple(str(path) for path in files),
    )


def _capabilities(header: Header, projector: Header | None, family: str) -> tuple[str, ...]:
    template = str(header.metadata.get("tokenizer.chat_template", ""))
    able = {
        "completion": f"{family}.pooling_type" not in header.metadata,
        "vision": projector is not None or f"{family}.vision.block_count" in header.metadata,
        "audio": projector is not None and bool(projector.metadata.get("clip.has_audio_encoder")),
        "tools": "tools" in template,
        "thinking": "enable_thinking" in template or "<think>" in template,
    }
    return tuple(name for name, can in able.items() if can)


def _info(header: Header) -> dict[str, Any]:
    return {**header.metadata, "general.parameter_count": header.parameter_count}


def _short_count(count: int) -> str:
    for size, letter in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")):
        if count >= size:
            return f"{count / size:.2f}{letter}" if letter == "M" else f"{count / size:.1f}{letter}"
    return str(count)


def _digest(files: list[Path]) -> str:
    """A name for this very model: from the files' facts, since hashing gigabytes would delay the start."""
    digest = hashlib.sha256()
    for path in files:
        facts = path.stat()
        digest.update(f"{path.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
