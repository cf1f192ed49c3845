"""What a page of a document says of itself: its text layer, whether there is ink on it, what of it cannot be drawn."""

from __future__ import annotations

import io

from .decoders.decode import decoder
from .formats.kinds import JPEG, PNG
from .ink import LONGEST, has_ink
from .page_text import PageFacts
from .prepared import PreparedImage


def page_facts(picture: PreparedImage) -> PageFacts:
    """Those of a page as it is sent.

    Its text is known of a page that came of a `PictureSource` with `document=True`. Whether there is ink was measured
    then, too; of a file that is sent byte for byte it is measured now, which decodes it. Raises ImageError for one that
    has changed.
    """
    if picture.facts is not None:
        return picture.facts
    # A JPEG decodes at 1/2, 1/4 or 1/8 of its size for a fraction of the cost.
    image = decoder(JPEG if picture.format == "jpeg" else PNG)(io.BytesIO(picture.read()))
    image.draft(None, (LONGEST, LONGEST))
    return PageFacts(has_ink=has_ink(image))
