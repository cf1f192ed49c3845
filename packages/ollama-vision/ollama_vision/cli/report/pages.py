"""HTML of whole pages: head, totals, failures, tools, and what stands around the cards; values in, markup out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import page_frame
from .cards import Askings, duration
from .html import Html, element, joined, script
from .page_frame import CLOSING, title_line
from .totals import Totals

STYLES = ("report.css",)


@dataclass(frozen=True)
class PageFacts:
    """One page of a folder of pages, as the index lists it."""

    number: int
    href: str
    first: int
    last: int
    first_name: str
    last_name: str
    failed: int = 0


@dataclass(frozen=True)
class Notes:
    """What a reader must know of the report itself."""

    written: str
    """When the results were last written, as text."""
    root: str
    replaced: int
    is_cut: bool


def opening(title: str, own_script: str) -> Html:
    """From the first byte to the start of the body."""
    return page_frame.opening(title, STYLES, own_script)


def closing(own_script: str) -> Html:
    return joined(script(own_script), CLOSING)


def header(title: str, totals: Totals, notes: Notes) -> Html:
    """Title, dates, the numbers, who was asked, and what is not as it was."""
    dates = f"Results of {notes.written}"
    if totals.first:
        first, last = totals.first[:10], totals.last[:10]
        dates += f" · pictures dated {first}" + (f" to {last}" if last != first else "")
    return element(
        "header",
        title_line(title),
        element("p", dates, class_="label"),
        _numbers(totals),
        _askings(totals),
        _notes(totals, notes),
    )


def _numbers(totals: Totals) -> Html:
    prompt = sum(tally.prompt_tokens for tally in totals.tallies)
    answered = sum(tally.completion_tokens for tally in totals.tallies)
    failed = f"{totals.failed:,}"
    share = f"{_percent(totals.failed, totals.pictures)} of all" if totals.failed else "nothing to look after"
    tiles = [
        _number("Pictures", f"{totals.pictures:,}", _answers(totals)),
        _number(
            "Failed", element("a", failed, href="#failures") if totals.failed else failed, share, bad=totals.failed > 0
        ),
        *([_looks(totals)] if totals.read else []),
        _number("Tokens", f"{totals.tokens:,}", f"{prompt:,} prompt, {answered:,} answer"),
        _number("Time answering", duration(totals.seconds), _each(totals)),
    ]
    return element("dl", *tiles, class_="numbers")


def _looks(totals: Totals) -> Html:
    share = f"{_percent(totals.looks, totals.read)} of what was read" if totals.looks else "nothing that differs"
    return _number("Need a look", f"{totals.looks:,}", share, bad=totals.looks > 0)


def _answers(totals: Totals) -> str:
    count = totals.answers
    all_answered = count == totals.pictures and not totals.failed
    each = "one answer each" if all_answered else "1 answer" if count == 1 else f"{count:,} answers"
    if totals.near:
        each += f", which {totals.near:,} near {'copy has' if totals.near == 1 else 'copies have'} too"
    return each if totals.cards == totals.pictures else f"{each}, under {totals.cards:,} names"


def _each(totals: Totals) -> str:
    return f"{duration(totals.seconds / totals.answers)} an answer" if totals.answers else ""


def _number(name: str, value: str, more: str, *, bad: bool = False) -> Html:
    return element(
        "div",
        element("dt", name),
        element("dd", element("strong", value), element("small", more)),
        class_="bad" if bad else None,
    )


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole
    return f"{share:.1f} %" if share >= 0.1 else "under 0.1 %"


def _askings(totals: Totals) -> Html:
    """Who was asked what, a row each."""
    prompts = totals.askings.prompts
    texts = ("Model", *(["Prompt"] if prompts else []), "Request")
    heads = (*texts, "Answers", "Failed", "Tokens", "Seconds each")
    rows = []
    for (model, request), tally in zip(totals.askings.all, totals.tallies, strict=True):
        each = f"{tally.seconds / tally.answers:.1f}" if tally.answers else ""
        numbers = (f"{tally.answers:,}", f"{tally.failed:,}", f"{tally.total_tokens:,}", each)
        rows.append(
            element(
                "tr",
                element("th", model or "unnamed model", scope="row"),
                *([element("td", prompts.get(request, "not written down"))] if prompts else []),
                element(
                    "td", element("code", request[:12]), title=f"Hash of model, prompt, schema and options: {request}"
                ),
                *(element("td", number, class_="n") for number in numbers),
            )
        )
    if not rows:
        return joined()
    head = element(
        "tr",
        *(element("th", name, scope="col", class_="n" if i >= len(texts) else None) for i, name in enumerate(heads)),
    )
    return element("div", element("table", element("thead", head), element("tbody", *rows)), class_="askings")


def _notes(totals: Totals, notes: Notes) -> Html:
    states = totals.states
    lines = []
    if states["missing"]:
        lines.append(f"{_pictures(states['missing'])} not there any more (paths are counted from {notes.root}).")
    if states["changed"]:
        lines.append(f"{_pictures(states['changed'])} another one now than was asked about.")
    if states["unreadable"]:
        lines.append(f"{_pictures(states['unreadable'])} shown without a thumbnail: no picture could be made of it.")
    if notes.replaced:
        were = "line of the results was" if notes.replaced == 1 else "lines of the results were"
        lines.append(f"{notes.replaced:,} earlier {were} replaced by a later answer to the same question.")
    if notes.is_cut:
        lines.append("The last line of the results was cut off while it was written, and is left out.")
    return element("ul", *(element("li", line) for line in lines), class_="notes") if lines else joined()


def _pictures(count: int) -> str:
    return "1 picture is" if count == 1 else f"{count:,} pictures are"


def failures_opening(totals: Totals) -> Html:
    """Before the rows of what failed; open unless they would fill the screen."""
    kinds = ", ".join(f"{count:,} {name}" for name, count in totals.errors.most_common())
    summary = element("summary", element("h2", f"{totals.failed:,} failed"), " ", element("span", kinds))
    is_open = " open" if sum(totals.errors.values()) <= 12 else ""
    return joined(Html(f'<details id="failures"{is_open}>'), summary, Html("<ol>"))


FAILURES_CLOSING = Html("</ol></details>")


def tools(totals_askings: Askings, *, label: str, has_failures: bool, of: int, has_looks: bool = False) -> Html:
    """The filter: words, only errors, which models."""
    chips = []
    if has_failures:
        chips.append(_chip("only-errors", "Only errors", checked=False))
    if has_looks:
        chips.append(_chip("only-looks", "Only what needs a look", checked=False))
    if len(totals_askings.all) > 1:
        chips += [
            _chip(f"asking-{i}", totals_askings.name(i), checked=True, data_asking=i)
            for i in range(len(totals_askings.all))
        ]
    return element(
        "form",
        element(
            "input",
            id="filter",
            type="search",
            placeholder=label,
            aria_label=label,
            autocomplete="off",
            spellcheck="false",
        ),
        *chips,
        _threshold(),
        element("output", f"{of:,} pictures" if of != 1 else "1 picture", id="count", for_="filter"),
        class_="tools",
        role="search",
        hidden=True,
    )


def _threshold() -> Html:
    """Where answers have probabilities: of what, from which on, and in which order; a script fills and shows it."""
    orders = {"name": "by name", "near": "nearest to the threshold first", "most": "most probable first"}
    return element(
        "fieldset",
        element("select", id="share", aria_label="Probability of"),
        element("input", id="threshold", type="range", min=0, max=1, step="0.01", value="0.5", aria_label="Threshold"),
        element("output", "0.50", id="at", for_="threshold"),
        element("output", "", id="above", for_="threshold"),
        element(
            "select",
            *(element("option", words, value=value) for value, words in orders.items()),
            id="order",
            aria_label="Order",
        ),
        id="shares",
        hidden=True,
    )


def _chip(identity: str, name: str, *, checked: bool, data_asking: int | None = None) -> Html:
    box = element("input", type="checkbox", id=identity, checked=checked, data_asking=data_asking)
    return element("label", box, element("span", name), class_="chip")


def nothing_left() -> Html:
    button = element("button", "Show all", id="clear", type="button")
    return element("p", "No picture fits. ", button, id="nothing", hidden=True)


def viewer() -> Html:
    """Where a picture opens larger."""
    return element(
        "dialog",
        element("button", "Close", type="button", id="close"),
        element("div", element("img", alt="", id="large"), id="stage"),
        element(
            "div",
            element("button", "Previous", type="button", id="before"),
            element("p", element("b", "", id="caption"), " ", element("a", "Open the file", id="file", href="#")),
            element("button", "Next", type="button", id="after"),
            class_="bar",
        ),
        id="viewer",
        aria_labelledby="caption",
    )


def page_header(title: str, page: PageFacts, count: int, index: str) -> Html:
    """Above the cards of one page of a folder of pages."""
    where = f"Page {page.number} of {count} · pictures {page.first:,} to {page.last:,} · "
    return element(
        "header",
        title_line(element("a", title, href=index)),
        element("p", where, element("a", "totals, failures and search in all", href=index), class_="label"),
        turning(page.number, count, index),
        class_="small",
    )


def turning(number: int, count: int, index: str) -> Html:
    """Previous and next."""
    before = element("a", "← Previous", href=page_name(number - 1), rel="prev") if number > 1 else element("span")
    after = element("a", "Next →", href=page_name(number + 1), rel="next") if number < count else element("span")
    return element("nav", before, element("a", "All pages", href=index), after, aria_label="Pages", class_="turning")


def page_name(number: int) -> str:
    return f"{number:04}.html"


def pages_list(pages: Sequence[PageFacts]) -> Html:
    rows = [
        element(
            "li",
            element(
                "a",
                element("b", f"{page.first:,} to {page.last:,}"),
                element("span", element("bdi", page.first_name), " … ", element("bdi", page.last_name)),
                *([element("em", f"{page.failed:,} failed")] if page.failed else []),
                href=page.href,
            ),
        )
        for page in pages
    ]
    return element("section", element("h2", "All pages"), element("ol", *rows, class_="pages"), id="pages")
