"""Describes each picture that is named, word by word as the answer comes.

python examples/describe.py [PICTURE ...]
"""

from __future__ import annotations

import sys
from contextlib import closing

from asking import PICTURES, vision_model


def main(pictures: list[str]) -> None:
    with vision_model() as model:
        for picture in pictures:
            print(f"{picture}: ", end="")
            # Closing it ends the answer on the server too, should the loop be left early.
            with closing(model.stream("Describe the image.", picture)) as answer:
                for piece in answer:
                    print(piece.delta, end="", flush=True)
            print()


if __name__ == "__main__":
    main(sys.argv[1:] or [str(PICTURES / "one-shape.png"), str(PICTURES / "three-shapes.webp")])
