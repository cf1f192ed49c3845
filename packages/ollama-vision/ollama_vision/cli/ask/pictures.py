"""The pictures of `ask`: read, opened, and those pages and frames taken that were asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ollama_vision.pictures import VIDEOS, FrameRoom, ImageOptions, PictureSource, PreparedImage, ServerSizes

from ..common.access import STANDARD_INPUT
from ..common.settings_in_use import settings_in_use
from .question import NoAnswer, Question


def read_picture(picture: str | Path) -> str | Path | bytes:
    """The picture as the client takes it: standard input is read here, the rest by the client."""
    if picture != STANDARD_INPUT:
        return picture
    if sys.stdin.isatty():
        raise NoAnswer('"-" means a picture that is piped in, as in: curl URL | ollama-vision ask - "What is this?"')
    return sys.stdin.buffer.read()


def originals_of(pictures: Sequence[str | Path | bytes], question: Question) -> list[PictureSource]:
    """The pictures, opened but not decoded. Raises ValueError for `--pages` and `--frames` where there are
    none."""
    options = image_options(question)
    originals = [PictureSource.of(one, options, where=f"pictures[{at}]") for at, one in enumerate(pictures)]
    # What is always meant is for pictures that have it; what is typed is meant for these.
    meant = settings_in_use().names
    if question.pages is not None and "pages" not in meant and not any(original.has_pages() for original in originals):
        raise ValueError(
            "--pages is for PDF, TIFF and DICOM files, and there is none among the pictures: leave it out."
        )
    if question.frames is not None and "frames" not in meant and not any(map(_moves, originals)):
        raise ValueError("--frames is for videos and animations, and there is none among the pictures: leave it out.")
    has_videos = any(original.kind() in VIDEOS for original in originals)
    if question.clip is not None and not {"from_", "to"} & meant and not has_videos:
        raise ValueError("--from and --to are for videos, and there is none among the pictures: leave them out.")
    return originals


def _moves(original: PictureSource) -> bool:
    """Whether it has frames: a document's pages, and a still, are none."""
    if original.has_pages():
        return False
    if original.kind() in VIDEOS:  # of which one frame may be asked for
        return True
    options = original.options.model_copy(update={"pages": None})
    return replace(original, options=options).select_pages().total > 1


def chosen_of(
    originals: Sequence[PictureSource], sizes: ServerSizes | None, room: FrameRoom | None = None
) -> list[PreparedImage]:
    """What is sent of the pictures: `--pages` chooses of those that have pages, `--frames` of those that have frames,
    and stills beside them are sent whole. Of scenes no more are taken than there is `room` for."""
    prepared: list[PreparedImage] = []
    for original in originals:
        options = original.options.for_server(sizes)
        if not original.has_pages():
            options = options.model_copy(update={"pages": None})
        prepared += replace(original, options=options, room=room if options.by_scenes else None).pictures()
    return prepared


def image_options(question: Question) -> ImageOptions:
    return ImageOptions(
        range=question.range,
        region=question.region,
        tiles=question.tiles,
        pages=question.pages,
        frames=question.frames,
        clip=question.clip,
    ).with_detail(question.detail)
