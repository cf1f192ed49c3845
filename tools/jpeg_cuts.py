"""Cuts whole JPEGs everywhere, and counts what passes: `python -m tools.jpeg_cuts [FOLDER ...]`.

A thousand files are drawn from a seed; beside them stand the JPEGs of the folders that are named, however deep. Each is
cut at a hundred places before the end of its first picture, many of them at markers, and walked twice: as it is done,
and with the search through all of its picture data. Ends with 1 if a cut passes, or if the two say anything else.
"""

from __future__ import annotations

import io
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ollama_vision.pictures.formats.header import DamagedFile, FileHeader
from ollama_vision.pictures.formats.jpeg import JpegWalk, walk_jpeg
from tests.support.jpeg_cuts import drawn, places

DRAWN, CUTS = 1000, 100


class SearchedWalk(JpegWalk):
    """The walk that takes no short way."""

    def ends_with_its_only_scan(self) -> bool:
        return False


def walked(data: bytes) -> FileHeader | str:
    try:
        return walk_jpeg(io.BytesIO(data))
    except DamagedFile as error:
        return str(error)


def searched(data: bytes) -> tuple[FileHeader | str, int]:
    """The same by the long way, and where its first picture ends."""
    walk = SearchedWalk(io.BytesIO(data))
    try:
        return walk.run(), walk.tell()
    except DamagedFile as error:
        return str(error), len(data)


def files(folders: list[str]) -> Iterator[tuple[str, bytes]]:
    for number in range(DRAWN):
        yield f"drawn {number}", drawn(random.Random(number))
    seen: set[bytes] = set()
    for path in sorted(path for folder in folders for path in Path(folder).rglob("*.jp*g")):
        if path.is_file() and (data := path.read_bytes()).startswith(b"\xff\xd8") and data not in seen:
            seen.add(data)
            yield str(path), data


def main() -> int:
    counts: Counter[str] = Counter()
    for name, data in files(sys.argv[1:]):
        whole, (told, end) = walked(data), searched(data)
        counts["files told otherwise"] += whole != told
        if isinstance(told, str):
            counts["files that are no whole pictures: not cut"] += 1
            continue
        counts["files cut"] += 1
        for at in places(data[:end], random.Random(name), CUTS):
            short, (long, _) = walked(data[:at]), searched(data[:at])
            counts["cuts"] += 1
            counts["cuts that pass"] += not isinstance(short, str)
            counts["cuts told otherwise"] += short != long
    for what, count in counts.items():
        print(f"{count:10,} {what}")
    return int(any(counts[what] for what in ("files told otherwise", "cuts told otherwise", "cuts that pass")))


if __name__ == "__main__":
    sys.exit(main())
