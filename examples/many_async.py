"""Many pictures at once, a few at a time: every picture ends with an answer or with its error.

python examples/many_async.py [FOLDER]
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from asking import PICTURES, vision_model
from ollama_vision import OllamaMultiModalError, VisionModel

ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".gif"}
AT_ONCE = 4
"""As many as the server answers side by side (OLLAMA_NUM_PARALLEL); more only wait there."""


async def describe_all(model: VisionModel, files: list[Path]) -> dict[Path, str | OllamaMultiModalError]:
    places = asyncio.Semaphore(AT_ONCE)

    async def describe(file: Path) -> str | OllamaMultiModalError:
        async with places:
            try:
                return (await model.aask("Describe the image.", file, deadline=600)).text
            except OllamaMultiModalError as error:  # one bad picture does not end the others
                return error

    return dict(zip(files, await asyncio.gather(*map(describe, files)), strict=True))


def main(folder: Path) -> int:
    files = sorted(file for file in folder.iterdir() if file.suffix in ENDINGS)
    with vision_model() as model:
        answers = asyncio.run(describe_all(model, files))
    failed = {file: answer for file, answer in answers.items() if isinstance(answer, OllamaMultiModalError)}
    for file, answer in answers.items():
        print(f"{file.name}: {'FAILED: ' if file in failed else ''}{answer}")
    print(f"{len(answers) - len(failed)} of {len(answers)} pictures described")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES))
