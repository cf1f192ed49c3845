"""`ollama-vision ask`: one question about pictures, one answer."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from ollama_vision import words
from ollama_vision.errors import OllamaMultiModalError
from ollama_vision.model import Answer, FrameBudget, VisionModel, record_of_answer, record_of_choice
from ollama_vision.pictures import VIDEOS, FrameRoom, ImageOptions, PictureSource, PreparedImage, ServerSizes

from ..common.access import STANDARD_INPUT
from ..common.default_model import NoModel
from ..common.exits import DONE, FAILED, STOPPED
from ..common.screen import NoOutput, Screen, named, silence_output, telling
from ..common.servers import NoServer, Servers, patience, servers_for
from ..common.settings_in_use import settings_in_use
from ..common.shell_words import in_shell_words
from .question import NoAnswer, Question

Picture: TypeAlias = "str | Path | bytes | PreparedImage"


def ask(question: Question) -> int:
    """Ask, show the answer, and give the exit code."""
    with Screen() as screen, telling(screen):
        try:
            pictures = [read_picture(picture) for picture in question.pictures]
            asked = (question.pages, question.frames, question.clip, question.drawing)
            chooses = any(each is not None for each in asked)
            originals = originals_of(pictures, question) if chooses else []
            with servers_for(question.access, screen, timeout=question.timeout) as servers:
                show_answer(question, pictures, originals, servers, screen)
        except (OllamaMultiModalError, NoModel, NoServer, NoAnswer, NoOutput) as error:
            screen.complain(in_shell_words(str(error), "ask"))
            return FAILED
        except (TypeError, ValueError) as error:
            # The client's word on an option that it does not send.
            screen.complain(in_shell_words(str(error), "ask"))
            return STOPPED
        except BrokenPipeError:
            silence_output()
            return FAILED
    return DONE


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


def show_answer(
    question: Question,
    pictures: Sequence[Picture],
    originals: Sequence[PictureSource],
    servers: Servers,
    screen: Screen,
) -> None:
    """Put the question to the model and its answer on the screen; raises when there is no text in it.

    Args:
        originals: the pictures once more, where pages or frames of them are chosen, or it is drawn on them.
    """
    model = question.model or servers.model_that_sees(screen)
    llm = VisionModel(
        model,
        image_options=image_options(question),
        additional_kwargs=dict(question.options),
        options_unchecked=dict(question.options_unchecked),
        json_mode=question.format == "json",
        **patience(question.timeout),
        **servers.settings[0],
    )
    keywords: dict[str, Any] = {} if question.system is None else {"system": question.system}
    if isinstance(question.format, dict):
        keywords["schema"] = question.format
    if question.think is not None:
        keywords["think"] = question.think

    if originals:
        capabilities = llm.capabilities()
        room = FrameBudget.of(capabilities, question.options.get("num_ctx", llm.context_window))
        pictures = prepared = chosen_of(originals, capabilities.server_sizes, room)
        if question.drawing is not None:
            from .drawing import check_drawing  # most answers are read and not drawn

            check_drawing(question.drawing, prepared, capabilities)
    screen.wait(f"Asking {model}")
    if question.labels:
        show_choice(llm, question, pictures, keywords, screen)
        return
    item: Answer | None = None
    begin = time.monotonic()
    if question.stream and question.format is None and not question.as_json:  # JSON is found in an answer that is whole
        with closing(llm.stream(question.text, *pictures, **keywords)) as answer:
            for item in answer:
                screen.say(item.delta)
    else:
        item = llm.ask(question.text, *pictures, **keywords)
        if not question.as_json:
            screen.say(item.text)
        elif item.text.strip():
            say_object(record_of_answer(item, model, time.monotonic() - begin), screen)
    screen.end_answer()
    if item is None or not item.text.strip():
        raise NoAnswer(f"{model} answered with nothing. Ask in other words, or ask another model.")
    if item.finish_reason == "length":
        raise NoAnswer(
            f"The answer of {model} is not whole: it ran into the limit. Give it more room with --option "
            "num_predict=N or --option num_ctx=N, or ask for less."
        )
    if question.drawing is not None:
        from .drawing import draw_answer

        screen.wait("Drawing boxes")
        count, problems = draw_answer(question.drawing, item, originals[0])
        for problem in problems:
            screen.note(in_shell_words(problem, "ask"))
        screen.remark(f"{words.counted(count, 'box', 'boxes')} drawn in {named(str(question.drawing.out))}.")


def say_object(record: Mapping[str, Any], screen: Screen) -> None:
    """In one line, for who reads it with a program."""
    screen.say(json.dumps(record, ensure_ascii=False) + "\n")


def show_choice(
    llm: VisionModel, question: Question, pictures: Sequence[Picture], keywords: Mapping[str, Any], screen: Screen
) -> None:
    """The label as the answer, and beside it how probable each is."""
    begin = time.monotonic()
    choice = llm.choose(question.text, question.labels, *pictures, calibration=question.calibration, **keywords)
    if question.as_json:
        say_object(record_of_choice(choice, llm.model, time.monotonic() - begin), screen)
        return
    screen.say(choice.label)
    screen.end_answer()
    if choice.probabilities is None:
        screen.note("There are no probabilities: the server or the model does not tell them all.")
    else:
        ranked = sorted(choice.probabilities.items(), key=lambda each: -each[1])
        screen.remark(", ".join(f"{label} {share:.1%}" for label, share in ranked) + ".")
