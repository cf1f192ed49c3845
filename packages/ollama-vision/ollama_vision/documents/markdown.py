"""Markdown and HTML taken off a text: headings, emphasis, lists, tables, links, code, tags. What is printed stays."""

from __future__ import annotations

import re

_TAGS = (
    "a|abbr|b|blockquote|big|body|caption|center|cite|code|col|colgroup|dd|del|div|dl|dt|em|figcaption|figure|font|footer"
    "|h[1-6]|head|header|hr|html|i|img|ins|kbd|li|main|mark|ol|p|page|page_number|pre|q|s|samp|section|small|span|strike"
    "|strong|sub|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|br"
)
_WITHIN_WORDS = "a|abbr|b|big|cite|code|del|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var"
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_INLINE_TAG = re.compile(rf"</?(?:{_WITHIN_WORDS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BLOCK_TAG = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
CELL = "\x1f"
"""Stands between the cells of a table."""
_CELL_TAG = re.compile(r"<t[dh]\b[^<>]*>", re.IGNORECASE)
_BETWEEN_CELLS = re.compile(r"\s*(?=</?(?:t[drh]|thead|tbody|tfoot)\b)", re.IGNORECASE)
_ROW_END = re.compile(r"</(?:table|li|p|h[1-6]|div|caption)>|<(?:br|hr|p|li|tr|table)\b[^<>]*>", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_ESCAPED = 0xF0000
"""Of a private area of Unicode: where escaped signs stand until all marks are gone."""
_HIDDEN = re.compile("[\U000f0021-\U000f007e]")
_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})\s*[\w+-]*\s*$")
_HEADING = re.compile(r"^\s{0,3}#{1,6}(?:\s+|$)")
_HEADING_END = re.compile(r"\s+#+\s*$")
_QUOTE = re.compile(r"^\s*(?:>\s?)+")
_RULE = re.compile(r"^\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,}|={3,})$")
_TABLE_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_LINK = re.compile(r"\[([^\[\]]+)\]\(<?[^()\s<>]*(?:\([^()\s]*\))?>?(?:\s+\"[^\"]*\")?\)")
_ADDRESS = re.compile(r"<((?:https?://|mailto:)?[^\s<>]+[@.:][^\s<>]+)>")
_FOOTNOTE = re.compile(r"\[\^([\w-]+)\]:?")
_MATH = re.compile(
    r"\\\((.+?)\\\)|\\\[(.+?)\\\]|\$\$(.+?)\$\$|\$(?=\S)([^$\n]*[\\^_{}][^$\n]*)(?<=\S)\$(?!\d)", re.DOTALL
)
_STYLES = re.compile(r"\\(?:mathrm|mathbf|mathit|text|textbf|textit|operatorname|left|right|displaystyle)\b\s*|[{}^_]")
_EMPHASIS = (
    re.compile(r"(\*{1,3})(?=\S)(.+?)(?<=\S)\1"),
    re.compile(r"(?<![\w_])(_{1,3})(?=\S)(.+?)(?<=\S)\1(?![\w_])"),
    re.compile(r"(~~)(?=\S)(.+?)(?<=\S)\1"),
    re.compile(r"(`+)(.+?)\1"),
)


def without_marks(text: str) -> str:
    """What a page shows when the text is its Markdown. Lines stay lines, and between cells stands `CELL`."""
    text = _MATH.sub(_formula, text)
    text = _ESCAPE.sub(lambda found: chr(_ESCAPED + ord(found[1])), text)
    if "<" in text:
        text = _ADDRESS.sub(r"\1", _COMMENT.sub("", text))
        text = _ROW_END.sub("\n", _BETWEEN_CELLS.sub("", text))
        text = _CELL_TAG.sub(CELL, _INLINE_TAG.sub("", text))
        text = _BLOCK_TAG.sub(" ", text)
    if "[" in text:
        text = _FOOTNOTE.sub(r"\1", _LINK.sub(r"\1", _IMAGE.sub(" ", text)))
    lines = [_without_marks_of_line(line) for line in text.split("\n")]
    text = "\n".join(line for line in lines if line is not None)
    for marks in _EMPHASIS:
        if any(sign in text for sign in "*_~`"):
            # Twice, for marks within marks.
            text = marks.sub(r"\2", marks.sub(r"\2", text))
    return _HIDDEN.sub(lambda found: chr(ord(found[0]) - _ESCAPED), text)


def _without_marks_of_line(line: str) -> str | None:
    if _FENCE.match(line) or _RULE.match(line) or ("-" in line and _TABLE_RULE.match(line)):
        return None
    line = _QUOTE.sub("", line)
    if heading := _HEADING.match(line):
        line = _HEADING_END.sub("", line[heading.end() :])
    cells = line.strip()
    return line.replace("|", CELL) if cells.startswith("|") or cells.endswith("|") else line


def _formula(found: re.Match[str]) -> str:
    """TeX's signs of a formula, of which a page shows the letters and numbers."""
    inner = next(group for group in found.groups() if group is not None)
    return _STYLES.sub("", inner)
