"""A key-value store that processes share: a folder with a file for each value."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import get_ident
from typing import Any

from llama_index.core.storage.kvstore.types import DEFAULT_COLLECTION, BaseKVStore


class SharedAnswers(BaseKVStore):
    """Values in files, and beside them who put one there: a file named by each process's id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def writers(self) -> set[int]:
        """The processes that put something."""
        return {int(file.stem) for file in self._folder.glob("*.pid")}

    def put(self, key: str, val: dict[str, Any], collection: str = DEFAULT_COLLECTION) -> None:
        # Renamed into its place when it is whole: another process reads while this one writes.
        unfinished = self._folder / f"{collection}-{key}.{os.getpid()}-{get_ident()}.part"
        unfinished.write_text(json.dumps(val), encoding="utf-8")
        unfinished.replace(self._folder / f"{collection}-{key}.json")
        (self._folder / f"{os.getpid()}.pid").touch()

    def get(self, key: str, collection: str = DEFAULT_COLLECTION) -> dict[str, Any] | None:
        file = self._folder / f"{collection}-{key}.json"
        if not file.exists():
            return None
        value: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return value

    def get_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, dict[str, Any]]:
        raise NotImplementedError

    def delete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        raise NotImplementedError

    async def aput(self, key: str, val: dict[str, Any], collection: str = DEFAULT_COLLECTION) -> None:
        raise NotImplementedError

    async def aget(self, key: str, collection: str = DEFAULT_COLLECTION) -> dict[str, Any] | None:
        raise NotImplementedError

    async def aget_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, dict[str, Any]]:
        raise NotImplementedError

    async def adelete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        raise NotImplementedError
