"""DocTags, the markup that Docling's models answer in, as Markdown: headings, lists, OTSL tables, code, figures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .answers import pipe_table
from .figures import SaveFigure, no_figure

_TOKEN = re.compile(r"<(?P<end>/?)(?P<name>[a-z][a-z_0-9]*)>|<_(?P<language>[^<>]{1,40})_>")
_LOCATION = re.compile(r"loc_(\d{1,3})")
_HEADING = re.compile(r"section_header_level_(\d)")
_CELLS = frozenset({"fcel", "ecel", "ched", "rhed", "srow", "lcel", "ucel", "xcel"})
_NO_OWN_TEXT = frozenset({"ecel", "lcel", "ucel", "xcel"})
_BLOCKS = frozenset(
    {"text", "paragraph", "title", "caption", "footnote", "page_header", "page_footer", "list_item", "formula", "code"}
    | {"otsl", "chart", "picture", "checkbox_selected", "checkbox_unselected", "inline", "key_value_region", "form"}
    | {"document_index"}
)
_BULLET = re.compile(r"^[-*•·◦▪]\s+")
_BROKEN_OFF = re.compile(r"</?[a-z_][a-z_0-9]*\Z")
"""A tag in which an answer was cut."""
_SPECIAL = re.compile(r"<\|?[a-z_]*(?:end_of_utterance|end_of_text)\|?>")


def markdown_of_doctags(answer: str, save: SaveFigure = no_figure) -> str:
    """What a page's DocTags say, as Markdown. An answer without a tag stays as it is: the model was asked otherwise."""
    answer = _BROKEN_OFF.sub("", _SPECIAL.sub("", answer))
    if not _TOKEN.search(answer):
        return answer.strip()
    writer = _Writer(save)
    at = 0
    for token in _TOKEN.finditer(answer):
        writer.text(answer[at : token.start()])
        at = token.end()
        if token["language"] is not None:
            writer.language(token["language"])
        elif token["end"]:
            writer.end(token["name"])
        else:
            writer.begin(token["name"])
    writer.text(answer[at:])
    return writer.markdown()


@dataclass
class _Block:
    kind: str
    text: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    language: str = ""
    rows: list[list[str]] = field(default_factory=lambda: [[]])
    caption: str = ""


class _Writer:
    def __init__(self, save: SaveFigure) -> None:
        self._save = save
        self._blocks: list[_Block] = []
        self._lists: list[int | None] = []
        """Of the lists that are open: the number of the last item; `None` for one without numbers."""
        self._written: list[str] = []
        self._was_item = False

    def begin(self, name: str) -> None:
        if (place := _LOCATION.fullmatch(name)) is not None:
            if self._blocks:
                self._blocks[-1].places.append(int(place[1]))
        elif name in ("ordered_list", "unordered_list"):
            self._lists.append(0 if name == "ordered_list" else None)
        elif self._blocks and self._blocks[-1].kind in ("otsl", "chart") and (name in _CELLS or name == "nl"):
            self._cell(self._blocks[-1], name)
        elif name in _BLOCKS or _HEADING.fullmatch(name):
            self._blocks.append(_Block(name))
        # All others are of pictures (their classes), of the whole, or not known: what is in them stays.

    def end(self, name: str) -> None:
        if name in ("ordered_list", "unordered_list"):
            self._lists = self._lists[:-1]
            self._was_item = self._was_item and bool(self._lists)
        elif any(block.kind == name for block in self._blocks):
            while self._blocks:
                block = self._blocks.pop()
                self._close(block)
                if block.kind == name:
                    break

    def text(self, text: str) -> None:
        if not self._blocks:
            if text.strip():
                self._write(text.strip())
            return
        block = self._blocks[-1]
        if block.kind in ("otsl", "chart") and block.rows[-1]:
            block.rows[-1][-1] += text
        else:
            block.text.append(text)

    def language(self, name: str) -> None:
        if self._blocks:
            self._blocks[-1].language = "" if name == "unknown" else name.lower()

    def _cell(self, block: _Block, name: str) -> None:
        if name == "nl":
            block.rows.append([])
        else:
            block.rows[-1].append("")

    def _close(self, block: _Block) -> None:
        outer = self._blocks[-1] if self._blocks else None
        text = "".join(block.text).strip()
        if block.kind == "caption" and outer is not None:
            outer.caption = text
        elif block.kind in ("otsl", "chart"):
            self._write(block.caption)
            self._write(pipe_table([row for row in block.rows if row]))
        elif block.kind == "picture":
            self._picture(block, text)
        elif outer is not None and outer.kind not in ("picture", "otsl", "chart"):
            outer.text.append(self._shown(block, text))
        else:
            self._write(self._shown(block, text), is_item=block.kind == "list_item")

    def _picture(self, block: _Block, text: str) -> None:
        words = block.caption or text
        saved = ""
        if len(block.places) >= 4:
            left, top, right, bottom = map(float, block.places[:4])
            saved = self._save((left, top, right, bottom), words)
        self._write(saved)
        self._write(words)

    def _shown(self, block: _Block, text: str) -> str:
        """A block's text as Markdown."""
        if heading := _HEADING.fullmatch(block.kind):
            return f"{'#' * min(6, int(heading[1]) + 1)} {text}" if text else ""
        if not text:
            return ""
        match block.kind:
            case "title":
                return f"# {text}"
            case "list_item":
                return self._item(text)
            case "code":
                return f"```{block.language}\n{text}\n```"
            case "formula":
                return f"$${text}$$"
            case "checkbox_selected":
                return f"- [x] {text}"
            case "checkbox_unselected":
                return f"- [ ] {text}"
        return text

    def _item(self, text: str) -> str:
        indent = "  " * max(0, len(self._lists) - 1)
        if self._lists and self._lists[-1] is not None:
            self._lists[-1] += 1
            numbered = re.match(r"\(?\d+[.)]\s", text)
            return f"{indent}{text}" if numbered else f"{indent}{self._lists[-1]}. {text}"
        return f"{indent}- {_BULLET.sub('', text)}"

    def _write(self, text: str, *, is_item: bool = False) -> None:
        if not text:
            return
        if is_item and self._was_item and self._written:
            self._written[-1] += f"\n{text}"
        else:
            self._written.append(text)
        self._was_item = is_item

    def markdown(self) -> str:
        while self._blocks:  # an answer that was cut
            self._close(self._blocks.pop())
        return "\n\n".join(self._written)
