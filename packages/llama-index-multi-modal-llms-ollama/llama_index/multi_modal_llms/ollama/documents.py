"""LlamaIndex's documents, nodes and blocks as pictures: the bytes, file or URL that one holds."""

from __future__ import annotations

import os
import re
from typing import Any

from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.schema import BaseNode, NodeWithScore

from ollama_vision.pictures import Blob, ImageOptions, from_block_fields, image_block, image_error


def source_of(value: Any, options: ImageOptions, *, where: str) -> Blob | None:
    """An ImageBlock, document, node or NodeWithScore; `None` when it is none of these."""
    if isinstance(value, NodeWithScore):
        return source_of(value.node, options, where=where)
    if isinstance(value, ImageBlock):
        return image_block(value, options, where=where)
    if isinstance(value, BaseNode):
        return _node(value, options, where=where)
    return None


def _node(node: Any, options: ImageOptions, *, where: str) -> Blob:
    resource = getattr(node, "image_resource", None)
    data = getattr(node, "image", None) or (resource.data if resource else None)
    path = getattr(node, "image_path", None) or (resource.path if resource else None)
    url = getattr(node, "image_url", None) or (resource.url if resource else None)
    if not (data or path or url):
        return _file_of_metadata(node, where=where)
    return from_block_fields(data, path, url, options, where=where, name=type(node).__name__)


def _file_of_metadata(node: Any, *, where: str) -> Blob:
    name = type(node).__name__
    path = node.metadata.get("file_path")
    binary = is_binary_text(node)
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        if binary:
            raise image_error(where, name, "holds a picture's bytes read as text", _READERS_FILE, "binary text")
        text = "holds text and no picture" if _text_of(node) else "holds no picture"
        way_out = 'Give it image=, image_path=, image_url= or metadata["file_path"]; text belongs in the prompt.'
        raise image_error(where, name, text, way_out, "text" if _text_of(node) else "empty")
    return Blob.of_file(path, where=where, hint=_READERS_FILE if binary else "")


_READERS_FILE = (
    "SimpleDirectoryReader makes such a document when the package llama-index-readers-file is not installed: "
    "install it and load again; the file itself must still be there."
)


def _text_of(node: Any) -> str:
    resource = getattr(node, "text_resource", None)
    text = resource.text if resource else getattr(node, "text", None)
    return text if isinstance(text, str) else ""


def is_binary_text(node: Any) -> bool:
    """Whether a node's text is a file's bytes: what SimpleDirectoryReader makes of a picture that it cannot read."""
    return re.search("[\ufffd\x00-\x08\x0e-\x1a]", _text_of(node)[:4096]) is not None
