"""Registry of inputs, not of formats: other packages say how their values that hold a picture lead to its bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from ollama_vision.lazy import object_at

if TYPE_CHECKING:
    from .blob import Blob
    from .options import ImageOptions


Form: TypeAlias = Callable[..., "Blob | None"]
"""Called as `open_value` is: leads a value back to bytes, a file or a URL; gives `None` for one that is not its own."""

_forms: list[Form | str] = []
_names: list[str] = []


def accept(form: Form | str, *names: str) -> None:
    """Ask that form too, from now on, in all of this process; a "module:function" is imported when it is needed.

    `names` are the types of its values, for errors that tell what can be given.
    """
    _forms.append(form)
    _names.extend(names)


def accepted_names() -> tuple[str, ...]:
    """The types of other packages that are led back to pictures."""
    return tuple(_names)


def open_value(value: Any, options: ImageOptions, *, where: str) -> Blob | None:
    """What a value of another package holds; `None` when no form knows it. Raises ImageError."""
    return next((held for form in _callables() if (held := form(value, options, where=where)) is not None), None)


def _callables() -> Iterator[Form]:
    for index, form in enumerate(_forms):
        if isinstance(form, str):
            form = _forms[index] = object_at(form)
        yield form
