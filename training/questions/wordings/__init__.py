"""The wordings in which each kind of question is taught.

A template is plain text with ``{fields}``, which the caller fills, and alternations in square brackets, which are not
nested: ``"[What is|Tell me] the color of the {kind}[ in the {image}|]?"``. Templates use American spelling and the case
of a sentence; where a template begins with a field, the caller capitalizes what it fills in.
"""

import itertools
import random
import re
from collections.abc import Iterator, Mapping

from training.questions.wordings import of_json, of_pairs, of_places, of_shapes

ALTERNATION = re.compile(r"\[([^\[\]]*)\]")


def templates(block: str) -> tuple[str, ...]:
    """The templates of a block of text: one a line, or several on a line with " / " between them."""
    return tuple(part.strip() for part in re.split(r" / |\n", block) if part.strip())


def expansions(template: str) -> Iterator[str]:
    """Every wording of a template, its fields still to be filled."""
    parts = ALTERNATION.split(template)
    for choice in itertools.product(*(part.split("|") if index % 2 else [part] for index, part in enumerate(parts))):
        yield _sentence("".join(choice))


def pick(template: str, rng: random.Random) -> str:
    """One wording of a template, each alternative being equally likely; its fields are still to be filled."""
    return _sentence(ALTERNATION.sub(lambda found: rng.choice(found[1].split("|")), template))


def _sentence(text: str) -> str:
    """An alternative that is empty may leave a small letter in front."""
    return text[:1].upper() + text[1:]


_BLOCKS: Mapping[str, str] = {
    **of_shapes.BLOCKS,
    **of_places.BLOCKS,
    **of_json.BLOCKS,
    **of_pairs.BLOCKS,
}
WORDINGS: Mapping[str, tuple[str, ...]] = {kind: templates(block) for kind, block in _BLOCKS.items()}
"""The templates of each kind of question."""
