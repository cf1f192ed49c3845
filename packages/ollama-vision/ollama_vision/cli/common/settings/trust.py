"""What the settings file of a working folder may not say by itself: it may have come with a downloaded archive.

Then it would decide where pictures and keys go, run a Python file, or have files written elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..access import UsageError
from .file import SettingsFile, users_path, users_settings

MODELS = ("model", "second", "embed")
CREDENTIALS = ("header", "cacert")
LISTENS = "ADDRESS"
"""How the help writes the host of a command that does not ask there, but is asked."""
_NAMES_A_FILE = re.compile(r"FILE|FOLDER|DIR|\.\w+$")
"""How an option that takes a path writes its value in the help, where it is not typed as one."""


def is_trusted(file: SettingsFile) -> bool:
    """Whether the user's own file trusts the folder that it is in, or one above. Raises UsageError."""
    if file.is_users:
        return True
    users = users_settings()
    folder = file.path.parent.resolve()
    return users is not None and any(folder.is_relative_to(Path(each).expanduser().resolve()) for each in users.trust)


def check_owner(file: SettingsFile) -> None:
    """Raises UsageError for a file that another user has put there, as into /tmp."""
    if os.name != "posix" or file.path.stat().st_uid in (os.geteuid(), 0) or is_trusted(file):
        return
    raise UsageError(
        f"{file.path} belongs to another user, so that nothing in it is taken. If you trust it, {_way_out(file)}"
    )


def check_reach(
    file: SettingsFile, values: Mapping[str, Any], metavars: Mapping[str, str], hosts: Iterable[str]
) -> None:
    """Raises UsageError.

    Args:
        values: what is to be taken of it, by the options' names.
        metavars: how the help writes what each takes.
        hosts: where would be asked, all said.
    """
    for name, value in values.items():
        if (why := _reach(name, value, metavars.get(name, ""), hosts)) and not is_trusted(file):
            option = name.replace("_", "-")
            raise UsageError(
                f"{file.path} sets {option}, {why}. A file that came with a folder may not: type --{option}, or, if "
                f"the file is yours, {_way_out(file)}"
            )


def _way_out(file: SettingsFile) -> str:
    return f'put trust = ["{file.path.parent.as_posix()}"] into {users_path()}.'


def _reach(name: str, value: Any, metavar: str, hosts: Iterable[str]) -> str | None:
    """What it would do beyond the folder."""
    words = [str(each) for each in (value if isinstance(value, list | tuple) else [value])]
    if name == "host" and metavar == LISTENS and not all(map(_is_this_machine_alone, words)):
        return "and so who may ask this machine"
    if name == "host" and not all(map(_is_here, words)):
        return "and so where your pictures go"
    if name in CREDENTIALS and not all(map(_is_here, hosts)):
        return "for a server that is not on this machine"
    if name in MODELS and any(word.strip().lower().endswith("cloud") for word in words):
        return "a model that runs in Ollama's cloud, where your pictures would go"
    if name == "schema" and any(".py" in word for word in words):
        return "a Python file that would be run"
    takes_path = isinstance(value, Path) or (value and isinstance(value, list) and isinstance(value[0], Path))
    if (takes_path or _NAMES_A_FILE.search(metavar)) and not all(map(_is_within, words)):
        return "a path that leads out of its folder"
    return None


def _is_here(host: str) -> bool:
    from ollama_vision.http import parse_address

    try:
        return parse_address(host).is_loopback
    except ValueError:
        return True  # said later, in better words: nothing is asked there


def _is_this_machine_alone(host: str) -> bool:
    from ollama_vision.http import ip_of

    address = ip_of(host)
    return host == "localhost" if address is None else address.is_loopback


def _is_within(path: str) -> bool:
    here = Path.cwd().resolve()
    return not path.startswith("~") and (here / path).resolve().is_relative_to(here)
