"""Resources: the pictures and documents below the roots, listed by pages and read as the bytes that they are."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from itertools import islice
from mimetypes import guess_type
from typing import TYPE_CHECKING

from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    BlobResourceContents,
    ListResourcesResult,
    ReadResourceResult,
    Resource,
)

from ollama_vision.errors import ImageError, OllamaMultiModalError

from .service import in_thread

if TYPE_CHECKING:
    from .service import Service

PER_PAGE = 500
MOST_BYTES = 32 << 20
"""Of one resource: it is sent as one message, a third longer in base64."""


async def list_resources(service: Service, cursor: str | None) -> ListResourcesResult:
    """The pictures of all roots, from where the last page ended. Raises MCPError."""
    begin = int(cursor) if cursor is not None and cursor.isdecimal() else 0
    if cursor is not None and not cursor.isdecimal():
        raise MCPError(INVALID_PARAMS, f"There is no page {cursor[:80]!r} of the resources: begin without a cursor.")
    resources = await in_thread(lambda: list(islice(_resources(service, begin), PER_PAGE + 1)))
    more = str(begin + PER_PAGE) if len(resources) > PER_PAGE else None
    return ListResourcesResult(resources=resources[:PER_PAGE], next_cursor=more)


def _resources(service: Service, begin: int) -> Iterator[Resource]:
    """Those of all roots, without the first `begin`."""
    from ollama_vision import batch

    for root in service.roots.folders:
        try:
            found = batch.find_pictures(root, on_error="keep")
        except ImageError:
            continue  # a folder without a picture, or one that is gone: the others may have some
        for at in range(min(begin, len(found.files)), len(found.files)):
            file = found.files[at]
            yield Resource(
                uri=file.path.as_uri(),
                name=file.path.relative_to(root).as_posix(),
                mime_type=guess_type(file.path.name)[0],
                size=file.size,
            )
        begin = max(0, begin - len(found.files))


async def read_resource(service: Service, uri: str) -> ReadResourceResult:
    """The file as it is. Raises MCPError for what is no picture below a root."""
    try:
        data, media_type = await asyncio.to_thread(_read, service, uri)
    except (OllamaMultiModalError, OSError) as error:
        raise MCPError(INVALID_PARAMS, service.in_words(str(error)), {"uri": uri}) from error
    return ReadResourceResult(contents=[BlobResourceContents(uri=uri, blob=data, mime_type=media_type)])


def _read(service: Service, uri: str) -> tuple[str, str]:
    from ollama_vision.pictures import Blob

    if not uri.lower().startswith("file:"):
        raise ImageError(f"{uri} is no resource here: they are file:/// URLs of what is below {service.roots}.")
    blob = Blob.of_file(service.roots.find(uri), where="")
    kind = blob.kind()
    if kind.family not in ("picture", "document", "video") or not kind.media_type:
        raise ImageError(f"{uri} is no picture, document or video: it is {kind.phrase}.")
    if len(blob) > MOST_BYTES:
        raise ImageError(
            f"{uri} has {len(blob):,} bytes, and no more than {MOST_BYTES:,} are sent. Ask about it with look."
        )
    with blob.open() as file:
        return base64.b64encode(file.read()).decode(), kind.media_type
