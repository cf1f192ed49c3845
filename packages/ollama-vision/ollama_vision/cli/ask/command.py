"""`ollama-vision ask`: one question about pictures, one answer."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from ollama_vision import words
from ollama_vision.errors import OllamaMultiModalError, PromptError
from ollama_vision.model import Answer, FrameBudget, VisionModel, record_of_answer, record_of_choice
from ollama_vision.pictures import PictureSource, PreparedImage

from ..common.default_model import NoModel
from ..common.exits import DONE, FAILED, STOPPED
from ..common.prompts import tell_unfit
from ..common.screen import NoOutput, Screen, named, silence_output, telling
from ..common.servers import NoServer, Servers, patience, servers_for
from ..common.shell_words import in_shell_words
from .conversations import KeepingError
from .going_on import Taken, exchanges_of, keep, what_is_taken
from .pictures import chosen_of, image_options, originals_of, read_picture
from .question import NoAnswer, Question, is_url

Picture: TypeAlias = "str | Path | bytes | PreparedImage"


def ask(question: Question) -> int:
    """Ask, show the answer, and give the exit code."""
    with Screen() as screen, telling(screen):
        try:
            pictures = [read_picture(picture) for picture in question.pictures]
            asked = (question.pages, question.frames, question.clip, question.drawing)
            # What comes from a URL is fetched once, to be asked about and to be kept.
            comes = question.log and any(is_url(str(picture)) for picture in question.pictures)
            chooses = comes or any(each is not None for each in asked)
            originals = originals_of(pictures, question) if chooses else []
            if question.template is not None:
                from .own_words import needs_bytes, question_for  # few questions have placeholders

                if not originals and needs_bytes(question.template, question.pictures):
                    originals = originals_of(pictures, question)
                question = replace(question, text=question_for(question.template, question.pictures, originals))
            taken = what_is_taken(question.pictures, pictures, originals) if question.log else ()
            with servers_for(question.access, screen, timeout=question.timeout) as servers:
                said = show_answer(question, pictures, originals, servers, screen)
            if question.log:
                keep_for_next_time(question, said, taken, screen)
        except PromptError as error:
            screen.complain(tell_unfit(error, screen))
            return STOPPED
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


@dataclass(frozen=True)
class Said:
    """A whole answer, and whose it is."""

    model: str
    text: str


def keep_for_next_time(question: Question, said: Said, taken: Sequence[Taken], screen: Screen) -> None:
    """For `--continue`. The answer is there: what goes wrong here takes nothing from it."""
    try:
        keep(question, said.model, said.text, taken)
    except KeepingError as error:
        screen.note(f"--continue will not know of this answer. {error}")


def show_answer(
    question: Question,
    pictures: Sequence[Picture],
    originals: Sequence[PictureSource],
    servers: Servers,
    screen: Screen,
) -> Said:
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
    if question.earlier:
        keywords["earlier"] = exchanges_of(question, llm.capabilities(), llm.context_window)
    screen.wait(f"Asking {model}")
    if question.labels:
        return Said(model, show_choice(llm, question, pictures, keywords, screen))
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
    return Said(model, item.text)


def say_object(record: Mapping[str, Any], screen: Screen) -> None:
    """In one line, for who reads it with a program."""
    screen.say(json.dumps(record, ensure_ascii=False) + "\n")


def show_choice(
    llm: VisionModel, question: Question, pictures: Sequence[Picture], keywords: Mapping[str, Any], screen: Screen
) -> str:
    """The label as the answer, and beside it how probable each is."""
    begin = time.monotonic()
    choice = llm.choose(question.text, question.labels, *pictures, calibration=question.calibration, **keywords)
    if question.as_json:
        say_object(record_of_choice(choice, llm.model, time.monotonic() - begin), screen)
        return choice.label
    screen.say(choice.label)
    screen.end_answer()
    if choice.probabilities is None:
        screen.note("There are no probabilities: the server or the model does not tell them all.")
    else:
        ranked = sorted(choice.probabilities.items(), key=lambda each: -each[1])
        screen.remark(", ".join(f"{label} {share:.1%}" for label, share in ranked) + ".")
    return choice.label
