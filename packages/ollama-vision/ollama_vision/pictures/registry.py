"""Registry of input adapters: how other packages' values that hold a picture are led back to bytes, a file or a URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from .blob import Blob
    from .options import ImageOptions


Form: TypeAlias = Callable[..., "Blob | None"]
"""Called as `held_by` is: leads a value back to bytes, a file or a URL; gives `None` for one that is not its own."""

_forms: list[Form] = []


def accept(form: Form) -> None:
    """Ask that form too, from now on, in all of this process."""
    _forms.append(form)


def held_by(value: Any, options: ImageOptions, *, where: str) -> Blob | None:
    """What a value of another package holds; `None` when no form knows it. Raises ImageError."""
    return next((held for form in _forms if (held := form(value, options, where=where)) is not None), None)
