"""The prompts of a run, one for each file: filled before anything is asked, and looked up while it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from ollama_vision import words
from ollama_vision.errors import PromptError

from ..results.own_prompts import digest_of
from .template import PromptTemplate
from .words_of_pictures import SIDECAR, UnusableSidecar, words_of_file

if TYPE_CHECKING:
    from pathlib import Path

    from ..finding.found_files import FoundFile


@dataclass(frozen=True)
class PicturePrompts:
    """What each picture of a run is asked, where the prompt has placeholders. Pages share their document's."""

    template: PromptTemplate
    _said: Mapping[str, tuple[str | None, ...]]
    """By path: the words for the placeholders, in their names' order. What stands around them is the same of all."""

    @classmethod
    def of(
        cls,
        template: PromptTemplate,
        files: Iterable[FoundFile],
        *,
        limit: int | None = None,
        on_progress: Callable[[int], None] = lambda done: None,
    ) -> PicturePrompts:
        """Those of the files, or of the first so many: a run about no more pictures comes no further.

        Raises:
            PromptError: pictures that do not say what the prompt needs, or all of which nothing would be asked.
        """
        names, shared = sorted(template.names), dict[str | None, str]()
        said: dict[str, tuple[str | None, ...]] = {}
        unfit: dict[str, str] = {}
        for done, file in enumerate(islice(files, limit)):
            if done % 100 == 0:
                on_progress(done)
            path = str(file.path)
            told = fitting_words(template, path, partial(words_of_file, file.path, names), unfit)
            # Of a camera there are many pictures: one string for all of them.
            found = map(told.get, names)
            said[path] = tuple(None if word is None else shared.setdefault(word, word) for word in found)
        refuse_unfit(unfit, len(said))
        return cls(template, said)

    def prompt_for(self, path: str) -> str:
        """What is asked about that file. Raises KeyError for one that was not among them."""
        found = zip(sorted(self.template.names), self._said[path], strict=True)
        return self.template.fill({name: word for name, word in found if word is not None})

    def digest(self, path: str) -> str | None:
        """By which what is asked about it now is known; `None` where that is not known."""
        return digest_of(self.prompt_for(path)) if path in self._said else None

    def mean_length(self) -> float:
        """In characters."""
        lengths = [len(self.prompt_for(path)) for path in self._said]
        return sum(lengths) / len(lengths) if lengths else 0.0


def refuse_own_answers(template: PromptTemplate, files: Iterable[FoundFile], folder: Path | None) -> None:
    """Raises ValueError where text files with the answers, below `folder` or beside the pictures, would be read as what
    pictures say of themselves: the next run would ask about its own answers."""
    if SIDECAR not in template.names:
        return
    if folder is None or folder.resolve() in {root.resolve() for root in {file.root for file in files}}:
        raise ValueError(
            "sidecars are written where {sidecar.txt} is read, and the next run would ask about answers: name a "
            'folder, sidecars="...", that is not the pictures\' own, or leave one of the two out'
        )


def words_and_placeholders(prompt: str | PromptTemplate) -> tuple[str, tuple[str, ...]]:
    """The prompt of a `PictureQuestion`, and the names of the placeholders that are to be filled in it."""
    if isinstance(prompt, str):
        return prompt, ()
    return (prompt.text, tuple(sorted(prompt.names))) if prompt.placeholders else (prompt.fill({}), ())


def fitting_words(
    template: PromptTemplate, name: str, look: Callable[[], Mapping[str, str]], unfit: dict[str, str]
) -> Mapping[str, str]:
    """The words that `look` finds; what keeps a picture from being asked is put into `unfit`, by its name."""
    try:
        told = look()
    except UnusableSidecar as error:
        unfit[name] = f"has a text beside it that cannot be sent: {error}"
        return {}
    if missing := template.missing(told):
        unfit[name] = f"has no {' and no '.join(missing)}"
    elif not template.fill(told).strip():
        unfit[name] = "would be asked nothing: its prompt is empty"
    return told


def refuse_unfit(unfit: Mapping[str, str], of: int) -> None:
    """Raises PromptError where there is any."""
    if unfit:
        pictures = f"{len(unfit):,} of {words.counted(of, 'picture')}"
        lacks = "lacks" if len(unfit) == 1 else "lack"
        listed = words.names((f"{path} {why}" for path, why in unfit.items()), most=3)
        raise PromptError(
            f"{pictures} {lacks} what the prompt's placeholders stand for, and nothing was asked. Give a default "
            f"after a bar, such as {{exif.date|unknown}}, or leave those pictures out. {listed}.",
            unfit=dict(unfit),
            listed=listed,
        )
