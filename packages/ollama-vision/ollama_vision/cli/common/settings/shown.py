"""The file's values to look at, without its secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "(not shown)"
SECRETS = frozenset({"password"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CREDENTIALS = re.compile(r"(://)\S*@")
"""In any text: up to the last `@`, which a password may hold as well."""


def without_credentials(host: str) -> str:
    """A server's address, with a scheme or without, and no name, password or query: as it is meant, or wrong."""
    scheme = _SCHEME.match(host)
    start = scheme[0] if scheme else ""
    bare = host[len(start) :].rpartition("@")[2]
    address = re.split(r"[?#]", bare)[0]
    return f"{start}{address}" + ("?..." if address != bare else "")


def masked_values(written: Mapping[str, Any]) -> dict[str, Any]:
    """As they stand in the file: options, and a table for each command that has one."""
    return {
        key: masked_values(value) if isinstance(value, Mapping) else _shown(key.replace("_", "-"), value)
        for key, value in written.items()
    }


def line_of_values(written: Mapping[str, Any]) -> str:
    """The same in one line, in TOML's words."""
    masked = masked_values(written)
    top = {key: value for key, value in masked.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in masked.items() if isinstance(value, dict) and value}
    return "; ".join(
        filter(None, [_in_words(top), *(f"[{name}] {_in_words(table)}" for name, table in tables.items())])
    )


def _in_words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {json.dumps(value, ensure_ascii=False, default=str)}" for key, value in values.items())


def _shown(word: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_shown(word, each) for each in value]
    if word in SECRETS:
        return HIDDEN
    if not isinstance(value, str):
        return value
    if word == "header":
        return f"{value.partition(':')[0]}: {HIDDEN}" if ":" in value else HIDDEN
    return without_credentials(value) if word == "host" else _CREDENTIALS.sub(r"\1", value)
