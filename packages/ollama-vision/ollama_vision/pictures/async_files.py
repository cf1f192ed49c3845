"""Files with an async `read`, as FastAPI's UploadFile and those of aiofiles: read on the loop that they belong to."""

from __future__ import annotations

import inspect
import io
from typing import Any


class ReadFile(io.BytesIO):
    """What was read, under the name of where it came from."""

    def __init__(self, data: bytes, name: object) -> None:
        super().__init__(data)
        self.name = name


def is_async_file(value: Any) -> bool:
    return inspect.iscoroutinefunction(getattr(value, "read", None))


def refuse_async_file(value: Any, *, where: str) -> None:
    """Raises ImageError for a file that can only be awaited."""
    if is_async_file(value):
        name = _name_of(value)
        source = f"async file {name}" if isinstance(name, str) else f"async file ({type(value).__name__})"
        way_out = (
            "Pass what it gives, await file.read(), or the open file within it (UploadFile has it as file.file). "
            "acomplete and its siblings read it themselves when it stands in image_documents or in a list there."
        )
        raise _error(where, source, "can only be read with await, and this call does not wait so", way_out)


async def awaited(image_documents: Any) -> Any:
    """The same, with what async files hold in their place. Raises ImageError for one that cannot be read."""
    if isinstance(image_documents, (list, tuple)):
        if not any(map(is_async_file, image_documents)):
            return image_documents
        return [await _awaited(item, f"image_documents[{index}]") for index, item in enumerate(image_documents)]
    return await _awaited(image_documents, "image_documents")


async def _awaited(value: Any, where: str) -> Any:
    if not is_async_file(value):
        return value
    name = _name_of(value)
    try:
        # All of it, wherever somebody who looked at it before has left it, and for whoever looks at it next.
        if inspect.iscoroutinefunction(getattr(value, "seek", None)):
            await value.seek(0)
        data = await value.read()
        if inspect.iscoroutinefunction(getattr(value, "seek", None)):
            await value.seek(0)
    except (OSError, ValueError) as error:
        raise _error(where, f"async file {name}", f"cannot be read: {error}") from error
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise _error(where, f"async file {name}", "was opened as text", 'Open it with mode "rb".')
    return ReadFile(bytes(data), name)


def _name_of(value: Any) -> object:
    return getattr(value, "filename", None) or getattr(value, "name", None)


def _error(where: str, source: str, problem: str, way_out: str = "") -> Exception:
    from .error_words import image_error  # few ask, and every import of the client would pay

    return image_error(where, source, problem, way_out)
