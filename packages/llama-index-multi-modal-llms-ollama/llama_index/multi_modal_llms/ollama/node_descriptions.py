"""Nodes of LlamaIndex as a run's items, and what came of each: its answer or its error, and the node for a pipeline."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import Any, Literal

from llama_index.core.schema import BaseNode, Document, ImageDocument, ImageNode, NodeRelationship, TextNode

from ollama_vision.batch import AnswerOrError, Outcome, Source
from ollama_vision.errors import OllamaMultiModalError
from ollama_vision.pictures import ImageOptions, PictureSource

from .documents import is_binary_text

Output = Literal["text", "image"]
ERROR_KEY = "error"
_NAMESPACE = uuid.UUID("0f6b7f5e-6a0c-5d2b-9a39-6d1f0c6c2f1e")
"""Of the ids of text nodes: drawn once, and never to be changed."""


@dataclass(frozen=True)
class Description(AnswerOrError):
    """What came of one node."""

    index: int
    """Its place in what was given, from 0."""
    source: BaseNode
    """The node that was given; it is never changed."""
    node: BaseNode
    """What a pipeline gets: a text node, the picture node with its text, or, without a picture, the node itself."""


def holds_picture(node: BaseNode) -> bool:
    """Whether a node is asked about: a picture node, or what SimpleDirectoryReader made of a picture's bytes.

    A text node with the path of a picture in its metadata is a text: perhaps that picture's description. Reads the
    head of the file where the node's text is binary.
    """
    if isinstance(node, (ImageNode, ImageDocument)):
        return True
    if not is_binary_text(node):
        return False
    return PictureSource.may_hold_picture(node)


def place_of(node: BaseNode, index: int) -> str:
    """How errors name a node's picture beside its path or URL; where there is neither, by its file or its place."""
    if getattr(node, "image_path", None) or getattr(node, "image_url", None):
        return ""
    file, page = node.metadata.get("file_path"), node.metadata.get("page_label")
    if not file:
        return f"nodes[{index}]"
    return f"{file}, page {page}" if page else str(file)


def open_node(node: BaseNode, index: int, options: ImageOptions) -> Source | None:
    """A node's picture, for the engine; `None` for a node that holds none."""
    return PictureSource.of(node, options, where=place_of(node, index)) if holds_picture(node) else None


def description_of(outcome: Outcome[BaseNode], output: Output, request: str) -> Description:
    """The outcome, and the node that carries it."""
    source = outcome.item
    if outcome.skipped:
        node = source
    elif outcome.error is not None:
        node = _failed(source, outcome.error, output, request)
    else:
        fields = {_free_name(name, source): value for name, value in (outcome.fields or {}).items()}
        node = _node(source, outcome.text, fields, output, request)
    shared = {each.name: getattr(outcome, each.name) for each in fields_of(AnswerOrError)}
    return Description(outcome.index, source, node, **shared)


def _failed(source: BaseNode, error: OllamaMultiModalError, output: Output, request: str) -> BaseNode:
    """The node that carries an error, in its metadata: searched and shown to models is none of it."""
    node = _node(source, "", {ERROR_KEY: f"{type(error).__name__}: {error}"}, output, request)
    for keys in (node.excluded_embed_metadata_keys, node.excluded_llm_metadata_keys):
        keys.append(ERROR_KEY)
    return node


def _free_name(name: str, source: BaseNode) -> str:
    """A field's name in the metadata: where the source has one of that name already, both are kept."""
    return f"answer_{name}" if name in source.metadata or name == ERROR_KEY else name


def _node(source: BaseNode, text: str, more: dict[str, Any], output: Output, request: str) -> BaseNode:
    shared: dict[str, Any] = {
        "text": text,
        "metadata": {**source.metadata, **more},
        "excluded_embed_metadata_keys": list(source.excluded_embed_metadata_keys),
        "excluded_llm_metadata_keys": list(source.excluded_llm_metadata_keys),
    }
    if output == "image" and isinstance(source, ImageNode):
        # A copy that shares the picture's bytes, and nothing that could be changed through it.
        # Stores delete by the source, so a picture without one is its own.
        origin = {NodeRelationship.SOURCE: source.as_related_node_info(), **source.relationships}
        return source.model_copy(update={**shared, "relationships": origin})
    shared["id_"] = str(uuid.uuid5(_NAMESPACE, f"{source.node_id} {output} {request}"))
    shared["relationships"] = _origin(source)
    return TextNode(**shared) if output == "text" else ImageNode(**shared, **_picture_of(source))


def _origin(source: BaseNode) -> dict[NodeRelationship, Any]:
    """The document at the root stays the source, so that a store that deletes the document deletes this node too."""
    root = source.relationships.get(NodeRelationship.SOURCE)
    if root is None or isinstance(source, Document):
        return {NodeRelationship.SOURCE: source.as_related_node_info()}
    return {NodeRelationship.SOURCE: root, NodeRelationship.PARENT: source.as_related_node_info()}


def _picture_of(source: BaseNode) -> dict[str, Any]:
    """The picture of a document, as an ImageNode holds it: the document's own bytes would not survive JSON."""
    resource = getattr(source, "image_resource", None)
    if resource is None:
        return {"image_path": source.metadata.get("file_path")}
    data = resource.data
    return {
        "image": data.decode() if isinstance(data, bytes) else data,
        "image_path": str(resource.path) if resource.path else None,
        "image_url": str(resource.url) if resource.url else None,
        "image_mimetype": resource.mimetype,
    }
