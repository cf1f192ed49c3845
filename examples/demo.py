"""`make demo`: the demo model says, picture by picture, what it sees in examples/pictures."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from PIL import Image

from ollama_embedded import EmbeddedOllama
from ollama_vision import OllamaMultiModalError, VisionModel

PICTURES = Path(__file__).parent / "pictures"
QUESTION = "Describe the image."
ABOUT_THE_MODEL = (
    "The demo model can tell colours, shapes, places and counts of up to four drawn shapes;\n"
    "it cannot tell anything about other things, photographs or text."
)


def facts(picture: Path) -> str:
    """What kind of file it is, as a person would say it."""
    with Image.open(picture) as image:
        width, height = image.size
        turned = ", stored on its side" if image.getexif().get(0x0112, 1) != 1 else ""
        return f"{image.format}, {width} x {height}{turned}"


def main() -> int:
    pictures = sorted(file for file in PICTURES.iterdir() if file.suffix != ".json")
    width = max(len(picture.name) for picture in pictures)
    try:
        with EmbeddedOllama() as server:
            print(f"A small Ollama is running at {server.url}; its model is {server.model!r}.")
            print(f"Question: {QUESTION}\n")
            model = VisionModel(server.model, server.url, temperature=0.0)
            for picture in pictures:
                print(f"{picture.name:<{width}}  ({facts(picture)})\n  ", end="", flush=True)
                with closing(model.stream(QUESTION, picture)) as answer:
                    for piece in answer:
                        print(piece.delta, end="", flush=True)
                print("\n")
    except OllamaMultiModalError as error:
        print(f"\nThe demo did not get its answer: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(ABOUT_THE_MODEL)
    print('\nAsk it yourself:\n  .venv/bin/ollama-vision ask --demo examples/pictures/wide.png "Is there a red star?"')
    return 0


if __name__ == "__main__":
    sys.exit(main())
