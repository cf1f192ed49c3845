"""`ollama-vision read`: the files and lines that scripts hold on to, exit codes, and going on where a run was."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

from ollama_embedded import EmbeddedOllama, Request
from tests.support.command_line import CommandLine
from tests.support.documents import (
    INVOICE,
    LETTER,
    MINUTES,
    TEXTS,
    Reader,
    born_digital,
    shown,
)
from tests.support.pdf_files import LOCKED, PASSWORD
from tests.support.read_lines import lines, questions


def test_documents_become_markdown_in_the_same_folders(
    vision: CommandLine, reads_right: Reader, served: Callable[..., EmbeddedOllama]
) -> None:
    done = vision("read", "scan.pdf", "letters/", "--out", "text/", "--host", served(reads_right).url)
    assert done.code == 0, done.err
    assert Path("text/scan.pdf.md").read_text() == "<!-- page 1 -->\n\nA bar.\n\n<!-- page 2 -->\n"
    assert Path("text/letters/old/b.pdf.md").read_text() == f"<!-- page 1 -->\n\n{LETTER}\n"
    marks = re.findall(r"^<!-- page (\d) -->$", Path("text/letters/a.pdf.md").read_text(), re.MULTILINE)
    assert marks == ["1", "2", "3"]
    assert {path.suffix for path in Path("text").rglob("*") if path.is_file()} == {".md", ".jsonl", ".json"}
    by_place = {(line["document"], line["page"]): line for line in lines()}
    assert {place: line["verdict"] for place, line in by_place.items()} == {
        ("scan.pdf", 1): "no layer",
        ("scan.pdf", 2): "no ink",
        ("letters/a.pdf", 1): "agrees",
        ("letters/a.pdf", 2): "agrees",
        ("letters/a.pdf", 3): "agrees",
        ("letters/old/b.pdf", 1): "agrees",
    }
    one = by_place["letters/a.pdf", 2]
    assert (one["text"], one["source"], one["findings"], one["cer"], one["wer"]) == (MINUTES, "model", [], 0.0, 0.0)
    assert (one["model"], one["error"], one["pages"]) == ("m:latest", None, 3)
    assert one["usage"]["completion_tokens"] > 0
    assert len(one["request"]) == 64
    assert by_place["scan.pdf", 2]["text"] == ""
    assert by_place["scan.pdf", 1]["cer"] is None
    assert done.err.startswith("Reading 3 documents with m:latest.")
    assert "pages/min" in done.err


def test_pages_that_need_a_look_are_named_and_the_exit_code_is_1(
    vision: CommandLine, letters: Path, served: Callable[..., EmbeddedOllama]
) -> None:
    (letters / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing")
    says = {
        shown(letters / "a.pdf", 1): LETTER,
        shown(letters / "a.pdf", 2): MINUTES.replace("48,900", "49,800"),
        shown(letters / "a.pdf", 3): INVOICE.replace("Nails 500 pieces 7.25\n", ""),
    }
    host = served(Reader(says)).url
    done = vision("read", "letters", "--host", host)
    assert done.code == 1
    looks = [line for line in done.err.splitlines() if line.startswith("Look at ")]
    assert looks[:2] == [
        "Look at letters/a.pdf, page 2: numbers differ (48,900 -> 49,800)",
        "Look at letters/a.pdf, page 3: only in layer (Nails 500 pieces 7.25)",
    ]
    assert looks[2].startswith("Look at letters/broken.pdf: failed: is a PDF document that cannot be read")
    assert len(looks) == 3
    (broken,) = [line for line in lines() if line["document"] == "letters/broken.pdf"]
    assert (broken["page"], broken["verdict"], broken["text"], broken["findings"]) == (None, "failed", "", [])
    assert broken["error"]["type"] == "ImageError"
    assert not Path("text/broken.pdf.md").exists()
    again = vision("read", "letters", "--host", host)
    assert (again.code, "Nothing is left to read." in again.err) == (1, True)
    assert [line for line in again.err.splitlines() if line.startswith("Look at ")] == looks


def test_what_is_no_document_has_no_page(
    vision: CommandLine, folder: Path, served: Callable[..., EmbeddedOllama]
) -> None:
    """A name says little: what another program wrote under it, or a download that failed, has no page 1."""
    (folder / "mail").mkdir()
    contents = {
        "random.pdf": bytes(range(256)) * 8,
        "text.pdf": b"Dear Ms Miller, this is text.",
        "web.pdf": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "empty.pdf": b"",
        "random.jpg": bytes(range(255, -1, -1)) * 8,
        "begun.png": b"\x89PNG\r\n\x1a\n",
        "begun.tiff": b"II*\x00\x08\x00\x00\x00",
    }
    for name, content in contents.items():
        (folder / "mail" / name).write_bytes(content)
    (folder / "mail" / "letter.pdf").write_bytes(born_digital(LETTER))
    server = served(LETTER)
    done = vision("read", "mail", "--host", server.url)
    assert (done.code, questions(server)) == (1, 1)
    failed = [line for line in lines() if line["error"]]
    assert {line["document"] for line in failed} == {f"mail/{name}" for name in contents}
    told = [(line["page"], line["verdict"], line["text"], line["findings"]) for line in failed]
    assert told == [(None, "failed", "", [])] * len(contents)
    assert [path.name for path in Path("text").rglob("*.md")] == ["letter.pdf.md"]
    assert vision("read", "mail", "--pages", "2", "--host", server.url, "--out", "second").code == 1
    assert {(line["page"], line["verdict"]) for line in lines("second/pages.jsonl")} == {(None, "failed")}


def test_nothing_is_asked_twice_and_changed_files_anew(
    vision: CommandLine, letters: Path, reads_right: Reader, served: Callable[..., EmbeddedOllama]
) -> None:
    server = served(reads_right)
    words = ("read", "letters", "--host", server.url)
    assert vision(*words, "--pages", "2").code == 0
    assert Path("text/a.pdf.md").read_text() == f"<!-- page 2 -->\n\n{MINUTES}\n"
    assert questions(server) == 1
    assert vision(*words, "--pages", "2-3,9").code == 0
    assert questions(server) == 2
    first = vision(*words)
    assert first.code == 0
    assert questions(server) == 4
    assert Path("text/a.pdf.md").read_text().count("<!-- page") == 3
    assert len(lines()) == 4
    (letters / "old" / "b.pdf").write_bytes(born_digital(MINUTES))
    says = {shown(letters / "old" / "b.pdf"): MINUTES}
    reads_right._says.update({name: [text] for name, text in says.items()})
    assert vision(*words).code == 0
    assert questions(server) == 5
    assert [line["text"] for line in lines() if line["document"] == "letters/old/b.pdf"] == [MINUTES]
    assert Path("text/old/b.pdf.md").read_text() == f"<!-- page 1 -->\n\n{MINUTES}\n"
    Path("text/a.pdf.md").unlink()
    assert vision(*words).code == 0
    assert questions(server) == 5
    assert Path("text/a.pdf.md").read_text().count("<!-- page") == 3


def test_a_document_known_by_its_bytes_has_its_own_name(
    vision: CommandLine, letters: Path, reads_right: Reader, served: Callable[..., EmbeddedOllama]
) -> None:
    server = served(reads_right)
    (letters / "copy.pdf").write_bytes((letters / "a.pdf").read_bytes())
    outcome = vision("read", "letters", "--host", server.url)
    assert outcome.code == 0
    assert "3 copies of 3 pages were not asked again." in outcome.err
    (letters / "moved.pdf").write_bytes((letters / "a.pdf").read_bytes())
    asked = questions(server)
    assert vision("read", "letters", "--host", server.url).code == 0
    assert questions(server) == asked == 4
    assert all(line["document"] == line["path"] for line in lines())
    texts = [Path(f"text/{name}.pdf.md").read_text() for name in ("a", "copy", "moved")]
    assert texts[0] == texts[1] == texts[2]


def test_a_file_that_was_edited_stays(
    vision: CommandLine, letters: Path, reads_right: Reader, served: Callable[..., EmbeddedOllama]
) -> None:
    words = ("read", "letters", "--host", served(reads_right).url)
    assert vision(*words).code == 0
    edited, notes = Path("text/a.pdf.md"), Path("text/old/b.pdf.md")
    edited.write_text(edited.read_text().replace("Anna", "Hanna"))
    notes.write_text("# My notes\n")
    done = vision(*words)
    assert (done.code, edited.read_text().count("Hanna"), notes.read_text()) == (0, 1, "# My notes\n")
    assert "2 files of others, or edited since, stay as they are" in done.err


def test_layers_preferred_need_no_server(vision: CommandLine, letters: Path) -> None:
    done = vision("read", "letters", "--layer", "prefer", "--host", "http://127.0.0.1:9")
    assert done.code == 0, done.err
    assert {(line["source"], line["verdict"]) for line in lines()} == {("layer", "from layer")}
    assert [line["text"] for line in lines() if line["document"] == "letters/a.pdf"] == [*TEXTS]
    stopped = vision("read", "scan.pdf", "--layer", "prefer", "--host", "http://127.0.0.1:9", "--append")
    assert stopped.code == 2
    assert "Nothing answers at" in stopped.err


def test_layers_ignored(vision: CommandLine, letters: Path, served: Callable[..., EmbeddedOllama]) -> None:
    done = vision("read", "letters/old", "--layer", "ignore", "--host", served("Something else.").url)
    assert done.code == 0
    assert [(line["verdict"], line["cer"], line["findings"]) for line in lines()] == [("not compared", None, [])]


def test_another_layer_is_another_request(
    vision: CommandLine, letters: Path, served: Callable[..., EmbeddedOllama]
) -> None:
    words = ("read", "letters/old", "--host", served(LETTER).url)
    assert vision(*words).code == 0
    refused = vision(*words, "--layer", "ignore")
    assert refused.code == 2
    assert 'it differs in layer ("check" there, "ignore" now)' in refused.err
    assert "--append" in refused.err
    assert vision(*words, "--layer", "ignore", "--restart").code == 0
    assert [line["verdict"] for line in lines()] == ["not compared"]


def test_a_second_model_reads_first_and_is_kept_apart(
    vision: CommandLine, letters: Path, served: Callable[..., EmbeddedOllama]
) -> None:
    def says(request: Request) -> str:
        return "A bar of 13" if request.model.startswith("other") else "A bar of 12"

    server = served(says, aliases=("other",))
    words = ("read", "scan.pdf", "--second", "other", "--model", "m", "--host", server.url)
    done = vision(*words)
    assert done.code == 1
    (first, empty) = lines()
    assert (first["verdict"], first["findings"][0]["reader"]) == ("numbers differ", "other")
    assert empty["verdict"] == "no ink"
    assert [line["text"] for line in lines("text/second.jsonl")] == ["A bar of 13", ""]
    assert questions(server) == 2
    assert vision(*words).code == 1
    assert questions(server) == 2


def test_a_locked_document_and_its_secret(
    vision: CommandLine, folder: Path, served: Callable[..., EmbeddedOllama]
) -> None:
    (folder / "locked.pdf").write_bytes(LOCKED)
    server = served("Locked 42")
    without = vision("read", "locked.pdf", "--host", server.url)
    assert without.code == 1
    assert "is encrypted with a password" in without.err
    assert "--password" in without.err
    done = vision("read", "locked.pdf", "--host", server.url, "--password", PASSWORD)
    assert done.code == 0
    assert [(line["page"], line["verdict"]) for line in lines()] == [(1, "agrees")]
    assert Path("text/locked.pdf.md").read_text() == "<!-- page 1 -->\n\nLocked 42\n"
    written = "".join(path.read_text() for path in Path("text").rglob("*") if path.is_file())
    assert PASSWORD not in written + done.err + done.out + without.err


def test_two_hosts_share_the_pages(
    vision: CommandLine, letters: Path, reads_right: Reader, served: Callable[..., EmbeddedOllama]
) -> None:
    hosts = served(reads_right), served(reads_right)
    done = vision("read", "letters", "--host", hosts[0].url, "--host", hosts[1].url, "--jobs", "2")
    assert done.code == 0, done.err
    asked = [questions(host) for host in hosts]
    assert sum(asked) == 4
    assert min(asked) > 0
    assert {line["host"] for line in lines()} == {host.url for host in hosts}


def test_a_report_at_the_end(
    vision: CommandLine, letters: Path, reads_right: Reader, served: Callable[..., EmbeddedOllama]
) -> None:
    done = vision("read", "letters", "--host", served(reads_right).url, "--report", "pages.html")
    assert done.code == 0
    assert "Report: pages.html" in done.err
    assert Path("pages.html").read_text().count('class="card page"') == 4


def test_pages_that_no_document_has(
    vision: CommandLine, letters: Path, reads_right: Reader, served: Callable[..., EmbeddedOllama]
) -> None:
    done = vision("read", "letters", "--pages", "3,7", "--host", served(reads_right).url)
    assert done.code == 0
    assert "letters/a.pdf has 3 pages: no 7." in done.err
    none = vision("read", "letters", "--pages", "7", "--host", "http://127.0.0.1:9", "--model", "m", "--out", "none")
    assert none.code == 1
    assert "No document has such a page." in none.err
    assert vision("read", "letters", "--pages", "0").code == 2


def test_the_table_has_verdicts(
    vision: CommandLine, letters: Path, reads_right: Reader, served: Callable[..., EmbeddedOllama]
) -> None:
    vision("read", "letters", "--host", served(reads_right).url)
    assert vision("export", "text/pages.jsonl", "pages.csv").code == 0
    with Path("pages.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["document"], row["page"], row["verdict"], row["cer"]) for row in rows} >= {
        ("letters/a.pdf", "1", "agrees", "0.0")
    }
