"""Go's typed JSON decoding (encoding/json): which value fits which type, with Go's error for one that does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .gojson import GoError, kind_of

Check = Callable[[Any, str, str], None]
"""Gets a value, the Go struct and the path of its field; raises `GoError`. `null` fits every type."""


def hold(value: Any, check: Check, struct: str = "", path: str = "") -> None:
    """Refuse the first value within, in the order of the request, that does not fit its type."""
    try:
        check(value, struct, path)
    except RecursionError:
        raise GoError("exceeded max depth") from None


def mismatch(value: Any, struct: str, path: str, go_type: str, *, shown: str = "") -> GoError:
    kind = shown or kind_of(value)
    return GoError(f"json: cannot unmarshal {kind} into Go struct field {struct}.{path} of type {go_type}")


def anything(value: Any, struct: str, path: str) -> None:
    """Go's `any`."""


def text(value: Any, struct: str, path: str) -> None:
    if not isinstance(value, str | None):
        raise mismatch(value, struct, path, "string")


def flag(value: Any, struct: str, path: str) -> None:
    if not isinstance(value, bool | None):
        raise mismatch(value, struct, path, "bool")


def number(value: Any, struct: str, path: str) -> None:
    if value is not None and kind_of(value) != "number":
        raise mismatch(value, struct, path, "float64")


def integer(value: Any, struct: str, path: str) -> None:
    if value is None:
        return
    if kind_of(value) != "number":
        raise mismatch(value, struct, path, "int")
    if isinstance(value, float) or not -(2**63) <= value < 2**63:
        raise mismatch(value, struct, path, "int", shown=f"number {value}")


def list_of(check: Check, go_type: str) -> Check:
    def checked(value: Any, struct: str, path: str) -> None:
        if not isinstance(value, list | None):
            raise mismatch(value, struct, path, go_type)
        for item in value or ():
            check(item, struct, path)

    return checked


def struct_of(go_type: str, fields: Mapping[str, Check], *, decodes_itself: bool = False) -> Check:
    """A Go struct, whose fields are found in any case. Errors within it carry its name; one without a name has "", and
    one that decodes itself (`UnmarshalJSON`) that of the struct around it."""
    spelled = {field.lower(): field for field in fields}
    name = "" if go_type.startswith("struct {") else go_type.rpartition(".")[2]

    def checked(value: Any, struct: str, path: str) -> None:
        if not isinstance(value, Mapping | None):
            raise mismatch(value, struct, path, go_type)
        for key, item in (value or {}).items():
            field = spelled.get(key.lower())
            if field is not None:
                fields[field](item, struct if decodes_itself else name, f"{path}.{field}" if path else field)

    return checked
