"""The settings file, TOML: found, read, and taken apart into options for every command and tables for one each."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..access import UsageError
from ..folders import config_folder

FILE_NAME = "ollama-vision.toml"
LARGEST = 1 << 20
"""Bytes. More is no list of options."""
TRUST = "trust"
"""Of the user's own file alone: folders whose files may say everything."""


@dataclass(frozen=True)
class SettingsFile:
    """What stands in it, nothing of it looked at yet."""

    path: Path
    is_users: bool
    """Of the user's configuration folder, not of the working folder."""
    text: str
    top: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Any]]
    trust: tuple[str, ...] = ()

    def place(self, key: str, table: str | None) -> str:
        """File and line of an option, for a message."""
        line = _line_of(self.text, key, table)
        return str(self.path) if line is None else f"{self.path}, line {line}"


def find_settings() -> SettingsFile | None:
    """Of the working folder, else of the user's configuration folder. Raises UsageError."""
    here = Path(FILE_NAME)
    users = users_path()
    if _is_there(here):
        path = here.absolute()
        is_users = users is not None and path.exists() and users.exists() and path.samefile(users)
        return read_settings(path, is_users=is_users)
    return users_settings()


def users_path() -> Path | None:
    folder = config_folder()
    return None if folder is None else folder / FILE_NAME


def users_settings() -> SettingsFile | None:
    """Raises UsageError."""
    path = users_path()
    return read_settings(path, is_users=True) if path is not None and _is_there(path) else None


def _is_there(path: Path) -> bool:
    """Whether the name is taken, by a link that leads nowhere too."""
    return os.path.lexists(path)


def read_settings(path: Path, *, is_users: bool) -> SettingsFile:
    """Raises UsageError for what is no TOML, or cannot be read."""
    text = _text_of(path)
    # Most have no such file, and are spared the import.
    import tomllib

    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}.") from None
    except RecursionError:
        raise UsageError(f"{path} is not TOML that can be read: it is nested too deeply.") from None
    trust = whole.pop(TRUST, [])
    if not isinstance(trust, list) or not all(isinstance(each, str) for each in trust):
        raise UsageError(f'{path}: trust is a list of folders, as in trust = ["/home/me/photos"].')
    if trust and not is_users:
        raise UsageError(f"{path}: which folders are trusted, only your own file can say: {users_path()}.")
    tables = {key: value for key, value in whole.items() if isinstance(value, dict)}
    top = {key: value for key, value in whole.items() if key not in tables}
    return SettingsFile(path, is_users, text, top, tables, tuple(trust))


def _text_of(path: Path) -> str:
    try:
        # A pipe of that name would be waited for.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path} is not a file: settings are read from one of that name.")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > LARGEST:
        raise UsageError(f"{path} is larger than {LARGEST:,} bytes: that is no list of options.")
    try:
        # Some editors begin a file with a byte order mark.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}, line {line}: it is not UTF-8. Save it as UTF-8.") from None


def _line_of(text: str, key: str, table: str | None) -> int | None:
    """Where a key stands; `None` where it is written in one of TOML's rarer ways."""
    current: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"""\s*\[\s*["']?([^\]"']*?)["']?\s*\]""", line):
            current = header[1]
            if current == key and table is None:
                return number
        elif current == table and re.match(rf"""\s*(["']?){re.escape(key)}\1\s*[=.]""", line):
            return number
    return None
