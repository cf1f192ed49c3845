"""Who may import whom: each room of the house knows only the rooms below it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CLIENT = "llama_index.multi_modal_llms.ollama"
CLIENT_FOLDER = ROOT.joinpath(*CLIENT.split("."))

FRONT_DOOR = "__init__"

BOTTOM_UP = (
    "errors",
    "_error_context",
    "_extras",
    "_user_warnings",
    "_ways_out",
    "_schema",
    "_tool_schema",
    "_json_answers",
    "_address",
    "_proxies",
    "_tls",
    "_target",
    "_gateways",
    "_headers",
    "_picture_tokens",
    "_deadline",
    "_lines",
    "_exceptions",
    "_coalescing",
    "_response",
    "_pool",
    "_connections",
    "_limits",
    "_io",
    "_lazy",
    "_images",
    "_documents",
    "_options",
    "_keywords",
    "_legacy_images",
    "_tools",
    "_failures",
    "_messages",
    "_request",
    "_arguments",
    "_constructor",
    "_reply",
    "_api",
    "_capabilities",
    "_overflow",
    "_call_log",
    "_settings",
    "_call",
    "_on_server",
    "_streams",
    "_answer",
    "_question_call",
    "_model",
    "_endpoint_keywords",
    "_prompting",
    "_hidden_headers",
    "_metadata",
    "_structured",
    "_structured_llm",
    "_responses",
    "_tool_calls",
    "_blocks",
    "_tool_results",
    "_calls",
    "_held_streams",
    "server",
    "_globs",
    "_listing",
    "_describing",
    "base",
    "_asking_llm",
    "_ingestion_cache",
    "_node_descriptions",
    FRONT_DOOR,
)
"""The rooms of the client: each may import those before it. A new room is given its place here first."""

KNOWS_ONLY: dict[str, set[str]] = {
    "errors": set(),
    "_schema": set(),
    "_tool_schema": set(),
    "_extras": set(),
    "_images": {"errors", "_extras", "_lazy"},
    "_lazy": set(),
    # These and their rooms use what every user can import; the front door opens them when they are first asked for.
    # They take pictures that nobody has decoded yet, for which there is no public name.
    "reader": {FRONT_DOOR, "errors", "_images", "_describing"},
    "describe": {
        FRONT_DOOR,
        "errors",
        "_user_warnings",
        "_describing",
        "_asking_llm",
        "_ingestion_cache",
        "_node_descriptions",
    },
}
"""The rooms that may import these and no others, whatever stands before them."""

HTTP = {
    "_address",
    "_coalescing",
    "_connections",
    "_deadline",
    "_exceptions",
    "_headers",
    "_io",
    "_limits",
    "_lines",
    "_pool",
    "_proxies",
    "_response",
    "_target",
    "_tls",
}
"""What opens sockets to Ollama, and nothing of Ollama's."""

PROTOCOL = {
    "_error_context",
    "_failures",
    "_gateways",
    "_json_answers",
    "_messages",
    "_options",
    "_reply",
    "_request",
    "_schema",
    "_tool_schema",
    "_tools",
    "_ways_out",
}
"""Ollama's JSON, and nothing of sockets."""

SERVER = {"_api", "_capabilities", "_overflow", "_picture_tokens", "server"}
"""One server: it is asked through HTTP in the protocol's words."""

PURE = {
    "_arguments",
    "_blocks",
    "_tool_calls",
    "_messages",
    "_picture_tokens",
    "_request",
    "_reply",
    "_schema",
    "_tool_schema",
    "_tools",
    "_tool_results",
    "_failures",
    "_gateways",
    "_answer",
    "_constructor",
    "_options",
    "_question_call",
    "_json_answers",
    "_responses",
    "_overflow",
    "_ways_out",
}
"""The rooms between pictures and wire: values in, values out."""

SPEAKS_LLAMA_INDEX = {
    "_asking_llm",
    "_blocks",
    "_calls",
    "_documents",
    "_endpoint_keywords",
    "_ingestion_cache",
    "_legacy_images",
    "_metadata",
    "_node_descriptions",
    "_prompting",
    "_responses",
    "_structured",
    "_structured_llm",
    "_tool_calls",
    "_tool_results",
    "base",
    "describe",
    "reader",
}
"""The rooms that may know LlamaIndex; what the others do would be right without it too."""

IMPURE_MODULES = {
    "asyncio",
    "http",
    "httpcore",
    "httpcore2",
    "httpx",
    "httpx2",
    "requests",
    "socket",
    "subprocess",
    "threading",
    "urllib.request",
}


def may_import(room: str) -> set[str]:
    if room in KNOWS_ONLY:
        return KNOWS_ONLY[room]
    return set(BOTTOM_UP[: BOTTOM_UP.index(room)]) if room in BOTTOM_UP else set()


def module_of(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_in(tree: ast.AST, file: Path, root: Path) -> Iterator[str]:
    """Every module that a piece of source imports, with relative imports made absolute."""
    module = module_of(file, root)
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = root.joinpath(*source.split("."), alias.name)
                is_module = inner.is_dir() or inner.with_suffix(".py").is_file()
                yield f"{source}.{alias.name}" if is_module else source


def imports_of(file: Path, root: Path = ROOT) -> set[str]:
    return set(imports_in(ast.parse(file.read_text(encoding="utf-8")), file, root))


def imports_at_run_time(file: Path, root: Path = ROOT) -> set[str]:
    """Without what is named for type checkers alone: a type may look upwards, code may not."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return set(imports_in(tree, file, root))


def imports_at_module_level(file: Path, root: Path = ROOT) -> set[str]:
    """What importing the file imports: everything outside the bodies of functions."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [ast.Pass()]
    return set(imports_in(tree, file, root))


def is_under(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def room_of(module: str) -> str | None:
    """The room of the client that a module belongs to; `None` for a module of others."""
    if module == CLIENT:
        return FRONT_DOOR
    return module.removeprefix(f"{CLIENT}.").split(".")[0] if is_under(module, CLIENT) else None


def files_of(package: str) -> list[Path]:
    files = sorted(ROOT.joinpath(*package.split(".")).rglob("*.py"))
    assert files, f"no source of {package}"
    return files


def wrong_imports(file: Path, root: Path = ROOT) -> list[str]:
    """What a file of the client imports and may not."""
    room = room_of(module_of(file, root))
    assert room is not None
    allowed = may_import(room) | {room}
    wrong = []
    for name in sorted(imports_at_run_time(file, root)):
        target = room_of(name)
        if target is not None and target not in allowed:
            wrong.append(f"{room} imports {target}")
        if room in PURE and any(is_under(name, module) for module in IMPURE_MODULES):
            wrong.append(f"{room} is pure and imports {name}")
    return wrong


def test_each_room_of_the_client_imports_only_rooms_below_it() -> None:
    wrong = [line for file in files_of(CLIENT) for line in wrong_imports(file)]
    assert wrong == []


def test_each_room_of_the_client_has_its_place() -> None:
    rooms = {room_of(module_of(file, ROOT)) for file in files_of(CLIENT)}
    assert rooms <= {*BOTTOM_UP, *KNOWS_ONLY}, "give the new room its place in BOTTOM_UP"


@pytest.mark.parametrize(
    ("rooms", "below"),
    [(HTTP, frozenset()), (PROTOCOL, frozenset()), (SERVER, HTTP | PROTOCOL | {"_images"})],
    ids=["http", "protocol", "server"],
)
def test_http_protocol_and_server_know_only_the_floors_below(rooms: set[str], below: set[str]) -> None:
    """Also not for type checkers, so that each can be read, and tested, without the rest."""
    for file in files_of(CLIENT):
        if (room := room_of(module_of(file, ROOT))) in rooms:
            known = {room_of(name) for name in imports_of(file)} - {None, "errors", "_extras", "_user_warnings"}
            assert known <= rooms | below, room


def test_only_some_rooms_know_llama_index() -> None:
    knows = {
        room_of(module_of(file, ROOT))
        for file in files_of(CLIENT)
        if any(is_under(name, "llama_index.core") for name in imports_of(file))
    }
    assert knows == SPEAKS_LLAMA_INDEX


def test_nobody_imports_what_is_there_only_because_others_need_it() -> None:
    """httpx, httpcore and tenacity come with llama-index-core; ours are httpx2 and httpcore2."""
    for file in [*files_of(CLIENT), *files_of("ollama_embedded"), *files_of("ollama_vision")]:
        borrowed = [
            name
            for name in imports_of(file)
            if name.split(".")[0] in ("httpx", "httpcore", "tenacity", "typing_extensions")
        ]
        assert borrowed == [], file


def test_client_and_embedded_server_never_import_each_other() -> None:
    for file in files_of(CLIENT):
        assert not any(is_under(name, "ollama_embedded") for name in imports_of(file)), file
    for file in files_of("ollama_embedded"):
        assert not any(is_under(name, "llama_index") for name in imports_of(file)), file


def test_nobody_imports_the_command_line() -> None:
    for file in [*files_of(CLIENT), *files_of("ollama_embedded")]:
        assert not any(is_under(name, "ollama_vision") for name in imports_of(file)), file


def test_the_command_line_uses_the_front_doors() -> None:
    for file in files_of("ollama_vision"):
        rooms = {room_of(name) for name in imports_of(file)}
        assert rooms <= {
            None,
            FRONT_DOOR,
            "errors",
            "server",
            "_headers",
            "_images",
            "_answer",
            "_model",
            "_describing",
        }, file


def test_the_command_line_needs_no_llama_index() -> None:
    for file in files_of("ollama_vision"):
        assert not any(is_under(name, "llama_index.core") for name in imports_of(file)), file


def test_the_command_line_imports_the_embedded_server_only_when_asked_to_start_it() -> None:
    for file in files_of("ollama_vision"):
        assert not any(is_under(name, "ollama_embedded") for name in imports_at_module_level(file)), file


@pytest.mark.parametrize(
    ("room", "source", "complaint"),
    [
        ("_schema", "from . import errors", "_schema imports errors"),
        ("_images/_formats", "from .._io import send", "_images imports _io"),
        ("_images/_formats", "from . import _pixels\nfrom ..errors import ImageError", None),
        ("_request", f"from {CLIENT} import OllamaMultiModal", "_request imports __init__"),
        ("_io", f"import {CLIENT}.base", "_io imports base"),
        ("_messages", "def f():\n    import httpx2", "_messages is pure and imports httpx2"),
        ("_call", "if TYPE_CHECKING:\n    from .base import OllamaMultiModal", None),
        ("_call", "def f():\n    from .base import OllamaMultiModal", "_call imports base"),
        ("_unknown", "from .errors import ImageError", "_unknown imports errors"),
    ],
)
def test_wrong_imports_are_found(tmp_path: Path, room: str, source: str, complaint: str | None) -> None:
    folder = tmp_path.joinpath(*CLIENT.split("."))
    for name in ("_images/_pixels", "_io", "base", "errors", room):
        file = folder / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    file.write_text(source)
    assert wrong_imports(file, tmp_path) == ([complaint] if complaint else [])


TRAINED_WITH_TORCH = {"model.auxiliary_losses", "model.network", "model.optimizer", "model.train"}
"""The rooms of the training that need torch; all others run without, the evaluation among them."""


def test_what_is_shipped_knows_nothing_of_the_training() -> None:
    for package in (CLIENT, "ollama_embedded", "ollama_vision"):
        for file in files_of(package):
            assert not any(is_under(name, top) for name in imports_of(file) for top in ("training", "torch")), file


def test_torch_is_imported_by_few_rooms_of_the_training() -> None:
    for file in files_of("training"):
        room = module_of(file, ROOT).removeprefix("training.")
        needs_torch = any(is_under(name, "torch") for name in imports_of(file))
        assert needs_torch == (room in TRAINED_WITH_TORCH), room
        opened = {name.removeprefix("training.") for name in imports_at_module_level(file)} & TRAINED_WITH_TORCH
        assert room in TRAINED_WITH_TORCH or not opened, f"{room} opens {opened} before torch is asked for"


FLOORS: dict[str, tuple[set[str], ...]] = {
    "ollama_embedded": (
        {"extra", "pace", "protocol", "scenes"},
        {"faults"},
        {"engines"},
        {"http"},
        {"foreground", "picture_cache", "recordings"},
        {"embedded"},
        {FRONT_DOOR},
        {"__main__", "pytest_plugin"},
    ),
    "training": (
        {FRONT_DOOR, "model_config"},
        {"scenes"},
        {"questions"},
        {"export", "model"},
        {"evaluation", "make"},
        {"__main__"},
    ),
}
"""The rooms of these packages by floor, the lowest first: each may import those of the floors below it."""


@pytest.mark.parametrize("package", FLOORS)
def test_no_room_looks_up(package: str) -> None:
    """Not for a type either: then the rooms could not be read from the bottom up."""
    floors = {room: number for number, rooms in enumerate(FLOORS[package]) for room in rooms}

    def room_in(module: str) -> str:
        return module.removeprefix(package).lstrip(".").split(".")[0] or FRONT_DOOR

    for file in files_of(package):
        room = room_in(module_of(file, ROOT))
        others = {room_in(name) for name in imports_of(file) if is_under(name, package)} - {room}
        assert {other for other in others if floors[other] >= floors[room]} == set(), file


@pytest.mark.parametrize("package", FLOORS)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    graph = {module_of(file, ROOT): imports_of(file) - {package} for file in files_of(package)}
    tuple(TopologicalSorter(graph).static_order())  # raises CycleError, which names them


def test_no_advice_is_written_twice() -> None:
    """What several errors of the wire advise has one name, in `_ways_out` or where the lowest of its rooms is."""
    sentence = re.compile(r"[A-Z][^.?]{24,}[.?]")
    found: dict[str, set[str]] = {}
    for room in sorted(HTTP | PROTOCOL | {"_api", "_capabilities", "_overflow", "_structured", "server"}):
        tree = ast.parse(CLIENT_FOLDER.joinpath(f"{room}.py").read_text(encoding="utf-8"))
        documentation = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documentation:
                for words in sentence.findall(node.value):
                    found.setdefault(words, set()).add(f"{room}:{node.lineno}")
    assert {words: places for words, places in found.items() if len(places) > 1} == {}
