"""Translation of the engine's messages, which name Python's parameters, into options of the command: one table."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

Command = Literal["ask", "describe", "mcp", "read", "watch"]
Table: TypeAlias = "tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]"

_EVERYWHERE: Table = (
    # where
    (r"\bpass base_url\b", "give --host"),
    (r"\bbase_url\b", "--host"),
    (r"""[Pp]ass headers=\{"Authorization": "Bearer \.\.\."\}""", 'Give --header "Authorization: Bearer ..."'),
    (r"\bpass verify='(.*?)'", r"give --cacert \1"),
    (r"Pass a client certificate: cert=\(.*?\)\.", "From here none can be given: in Python it is cert=(...)."),
    (r"pass cert=\.", "none can be given from here: in Python it is cert=."),
    # how long
    (r"\(request_timeout\)", "(--timeout)"),
    (r"\bseconds \(wait\)", "seconds (--wait)"),
    (r"\braise request_timeout\b", "raise --timeout"),
    (r"\b(load (?:it|the model) first with) preload\(\)", r"\1 ollama run"),
    (r"(?:; use|, or use) preload\(\)[^.]*", ""),
    (r", with more max_retries, or send fewer at once", ""),
    # options
    (r"^(?:options|additional_kwargs) holds '([^']*)', which", r"--option \1: it"),
    (r"^the option (\w+) is", r"--option \1: it is"),
    (r"options_unchecked=\{\.\.\.\}", "--option-unchecked NAME=VALUE"),
    (r"num_predict \(max_tokens\) is", "--option num_predict: it is"),
    (r"\bnum_predict(?: \(max_tokens\))?(,| or) context_window\b", r"--option num_predict=N\1 --option num_ctx=N"),
    (r"\bcontext_window=(\d+)", r"--option num_ctx=\1"),
    (r" ?truncate=True lets the server drop old messages\.", ""),
    (r" check_capabilities=False sends them all the same\.", ""),
    (r"\bPass think=False\b", "Give --no-think"),
    (r"\bleave think unset\b", "leave --think out"),
    # what came
    (r" What came is in partial_text\.", ""),
    (r" (?:The text so far|The answer) is in partial_text\.", ""),
    (r" The text so far is in partial_text; (\w)", lambda found: f" {found[1].upper()}"),
    (r"\bThe answer is in partial_text\. ", ""),
    # which
    (r"\bvideos=True\b", "--videos"),
    (r"\bpolls=True\b", "--poll"),
    (r"\binclude=\[(.*?)\]", lambda found: f"--include {found[1]}"),
    (r"\bexclude=\[(.*?)\]", lambda found: f"--exclude {found[1].replace(', ', ' --exclude ')}"),
    (
        r"(?:image_documents(?:\[\d+\])?|pictures\[\d+\]) \((.+?)\) (?=is |has |holds |cannot |does |leads |says )",
        r"\1 ",
    ),
    (r"ImageOptions\(clip=\((\d+), None\)\)", r"--from \1"),
    # pictures
    (r", or give it: ImageOptions\(password=\.\.\.\)\.", "."),
    (r"ImageOptions\(password=\.\.\.\)", "--password"),
    (r"\bregion=\((.*?)\)", lambda found: f"--region {found[1].replace(', ', ',')}"),
    (r"\bthe region \((.*?)\)", lambda found: f"--region {found[1].replace(', ', ',')}"),
    (r"four floats are fractions, with 0\.0 and 1\.0", "four with a decimal point are fractions, with 0.0 and 1.0"),
    (r"are floats, such as \((.*?)\)", lambda found: f"have a decimal point: {found[1].replace(', ', ',')}"),
    (r"\btiles=\((\d+), (\d+)\)", r"--tiles \1x\2"),
    (r"\btiles='auto'", "--tiles auto"),
    (r"ImageOptions\(range=\((-?\d+), (-?\d+)\)\)", r"--range \1:\2"),
    (r"Raise ImageOptions\(url_\w+=\.\.\.\), or .*", 'Fetch it yourself: curl URL | ollama-vision ask - "..."'),
    (r"ImageOptions\(allow_private_urls=True\)\.", 'curl URL | ollama-vision ask - "...".'),
    (r"\bPass its bytes, or an open file\.", "Save it as a file, and name that."),
    (r", or raise ImageOptions\(max_source_pixels=\.\.\.\)", ""),
    (r"Put it into (?:a chat message as|an) AudioBlock, .*", "Sounds cannot be asked about from here."),
    (r"Put it into a chat message as VideoBlock, of which frames are sent\.", "Call it by its true name."),
    (r"Put it into a chat message as DocumentBlock\(path=\.\.\.\): .*", "Call it by its true name."),
    (r"Put text into the prompt, or into a TextBlock of the message\.", "Put text into the question."),
)
_BOXES: Table = (
    (r"\bName the convention: ", "Name it with --box-convention: "),
    (r"\bDoes the model count another way\? There are ", "Does the model count another way? --box-convention takes "),
    (r"give it, as capabilities\.picture_frame\(size\) or the reply's pictures tell it\.", "it is not known here."),
)
_IN: dict[Command, Table] = {
    "ask": (
        (r"\bPass its bytes, or an open file\.", 'Pipe it in: COMMAND | ollama-vision ask - "...".'),
        (r"detail='low' on the ImageBlocks(?: or image_options=ImageOptions\(max_pixels=\.\.\.\))?", "--detail low"),
        (r"\(image_options=ImageOptions\(max_pixels=\.\.\.\)\)", "(--detail low)"),
        (r"(?:ImageOptions\()?pages=\((\d+),\)\)?", r"--pages \1"),
        (r"(?:ImageOptions\()?pages=\((\d+), (\d+)\)\)?", r"--pages \1,\2"),
        (r"ImageOptions\(pages=(\d+)\)", r"--pages 1-\1"),
        (r"ImageOptions\(pages=\.\.\.\)", "--pages"),
        (r"ImageOptions\(frames=(\d+)\)", r"--frames \1"),
        *_BOXES,
    ),
    "describe": (
        (r"fewer pages, ImageOptions\(pages=\d+\)", "a question about each page (--pages each)"),
        (r"ImageOptions\(frames=(\d+)\)", r"--frames \1"),
        (r'\bstart="(append|restart)"', r"--\1"),
        (r"\bname another file: out=\.", "name another --out."),
        (r"\bName a file (on another disk|in a folder that can be written to): out=\.", r"Name an --out \1."),
        (r"\bprune=True\b", "--prune"),
        (r"\bnear_duplicates\b", "--near-duplicates"),
        (
            r'^sidecars are written where (.*): name a folder, sidecars="\.\.\.", that',
            r"--sidecar txt writes where \1: give a folder, --sidecar-dir, that",
        ),
        (r'\bname (a folder that can be written to), sidecars="\.\.\.",', r"give --sidecar-dir and \1,"),
        (
            r'\bsidecar_name="stem", or leave one of them out: exclude=\.',
            "--sidecar-name stem, or leave one of them out with --exclude.",
        ),
        (r'\bsidecar_format="xmp"', "--sidecar xmp"),
        (r"detail='low' on the ImageBlocks(?: or image_options=ImageOptions\(max_pixels=\.\.\.\))?", "--detail low"),
        (r"\(image_options=ImageOptions\(max_pixels=\.\.\.\)\)", "(--detail low)"),
        (r" ?Look at ImageOptions\(pages=\.\.\.\)\.", ""),
        (r"Choose: ImageOptions\(pages=10\) for .*", "Ask about each page by itself: leave --pages together out."),
        (r"; or name the pages(?: of the cover)? that you want.*", "; or ask with ollama-vision ask --pages 1."),
        (r"More than (\d+) have to be asked for: .*", r"More than \1 need ollama-vision ask --frames N."),
    ),
}


_SAVE_IT = "Save it below the folders that may be read, and name that file."
# What an agent can say stands in the arguments of tools, the rest on the command line of whoever started it.
_IN["mcp"] = (
    (r"\b(the )?region(?:=| )\((.*?)\)", r"\1region [\2]"),
    (r"\bregion=\[", "region ["),
    (r"\btiles=\((\d+), (\d+)\)", r'tiles "\1x\2"'),
    (r"\btiles='auto'", 'tiles "auto"'),
    (r"detail='low' on the ImageBlocks(?: or image_options=ImageOptions\(max_pixels=\.\.\.\))?", "a region of it"),
    (r" ?\(image_options=ImageOptions\(max_pixels=\.\.\.\)\)", ""),
    (r"Raise ImageOptions\(url_\w+=\.\.\.\), or .*", _SAVE_IT),
    (r"[^.]*ImageOptions\(allow_private_urls=True\)\.", f" {_SAVE_IT}"),
    (r"(?:Choose: |Look at )ImageOptions\(.*", "Ask about its pages one by one: read_document, or describe_folder."),
    (r"; or name the pages(?: of the cover)? that you want.*", "."),
    (r"fewer (pages|frames), ImageOptions\(\w+=(\d+)\)", r"one with no more than \2 \1"),
    (r", or leave it out: exclude=\[.*?\]|\. Or leave them out: exclude=\[.*?\]", ""),
    (
        r"Give the right one: ImageOptions\(password=\.\.\.\)\.",
        "Open it elsewhere, and save it without a password.",
    ),
    (r", or give it: ImageOptions\(password=\.\.\.\)\.", "."),
    (r"unless it is given: `ImageOptions\(password=\.\.\.\)`", "here"),
    (r" Of that, ImageOptions\(range=.*?\)\) shows all\.", ""),
    (r" \(only with videos=True\)", " (only by a pattern)"),
    (r"Take it with videos=True, or name it by itself\.", "Name it by itself."),
    (r", videos with videos=True, others with include=\[.*?\], and every file that is named by itself", ""),
)
_IN["watch"] = _IN["describe"]
_IN["read"] = (
    *_BOXES,
    (r"ImageOptions\(password=\.\.\.\)", "--password"),
    *_IN["describe"],
)


def in_shell_words(text: str, command: Command = "describe") -> str:
    """The same, with options of the command in place of the client's parameters, which a shell has none of."""
    for python, shell in (*_IN[command], *_EVERYWHERE):
        text = re.sub(python, shell, text)
    return text
