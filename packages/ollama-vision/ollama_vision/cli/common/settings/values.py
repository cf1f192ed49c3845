"""From the file's values to those that typer's parser takes: each is what one would type after the option."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ..access import UsageError
from .file import SettingsFile


@dataclass(frozen=True)
class Option:
    """One that a file can set."""

    parameter: Any
    word: str
    """As it is typed, without dashes."""
    is_negative: bool = False

    @property
    def name(self) -> str:
        """As Python has it."""
        name: str = self.parameter.name
        return name

    def value(self, given: Any, ctx: Any) -> Any:
        """As typer's parser takes it. Raises UsageError with what is wrong alone: the value may be a secret."""
        if getattr(self.parameter, "is_flag", False):
            if not isinstance(given, bool):
                raise UsageError("takes true or false, without quotes")
            return given is not self.is_negative
        several = bool(getattr(self.parameter, "multiple", False))
        words = [_word(each) for each in (given if isinstance(given, list) else [given])]
        if not several and len(words) != 1:
            raise UsageError("takes one value, not a list")
        value = words if several else words[0]
        self.processed(value, ctx)
        return value

    def processed(self, value: Any, ctx: Any) -> Any:
        """As the command takes it. Raises UsageError."""
        if isinstance(value, bool):
            return value
        try:
            return self.parameter.process_value(ctx, value)
        except Exception as error:
            # typer has a click of its own, whose errors have no public name.
            message = getattr(error, "message", None)
            if message is None:
                raise
            raise UsageError(str(message).rstrip(".")) from None


def _word(given: Any) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool):
        return str(given)
    kinds = {bool: "true or false", dict: "a table", list: "a list within a list"}
    raise UsageError(f"takes text or a number, not {kinds.get(type(given), 'a date or a time: put it in quotes')}")


class Options(Mapping[str, Option]):
    """What a file can set of a command, by the words that one types: `max-pixels`, or `max_pixels`, or `no-stream`.

    The only argument of a command is one as well, if it may be left out.
    """

    def __init__(self, command: Any) -> None:
        self.command = command
        self._by_word: dict[str, Option] = {}
        is_alone = sum(parameter.param_type_name == "argument" for parameter in command.params) == 1
        for parameter in command.params:
            if parameter.is_eager:  # something to do once, not a habit
                continue
            if parameter.param_type_name == "argument":
                if is_alone and parameter.nargs == 1 and not parameter.required:
                    self._by_word[parameter.name] = Option(parameter, parameter.name)
                continue
            for words, is_negative in ((parameter.opts, False), (parameter.secondary_opts, True)):
                for word in words:
                    if word.startswith("--"):
                        self._by_word[word[2:]] = Option(parameter, word[2:], is_negative)

    def __getitem__(self, key: str) -> Option:
        return self._by_word[key.replace("_", "-")]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_word)

    def __len__(self) -> int:
        return len(self._by_word)

    def for_all(self) -> frozenset[str]:
        """The words that mean here what they mean to the other commands: these the top of the file sets."""
        return frozenset(word for word, option in self.items() if option.name not in self.command.own_names)

    def of_top(self, file: SettingsFile, ctx: Any) -> dict[str, Any]:
        """The values of the top that are for this command, by the options' names in Python. Raises UsageError."""
        known = self.for_all()
        return self._read(file, {key: given for key, given in file.top.items() if word_of(key) in known}, None, ctx)

    def of_table(self, file: SettingsFile, ctx: Any) -> dict[str, Any]:
        """The same of the command's own table."""
        return self._read(file, file.tables.get(self.command.name, {}), self.command.name, ctx)

    def _read(self, file: SettingsFile, found: Mapping[str, Any], table: str | None, ctx: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, given in found.items():
            option = self.get(key)
            if option is None:
                raise UsageError(f"{file.place(key, table)}: {unknown(key, self, f'{table} has no option')}")
            if option.name in values:
                raise UsageError(f"{file.place(key, table)}: {option.word} is said twice. Leave one of them out.")
            try:
                values[option.name] = option.value(given, ctx)
            except UsageError as error:
                own = "" if table else f" What one command alone is to take goes into its table: [{self.command.name}]."
                raise UsageError(f"{file.place(key, table)}: {option.word}: {error}.{own}") from None
        return values


def word_of(key: str) -> str:
    return key.replace("_", "-")


def check_tables(file: SettingsFile, commands: Mapping[str, Any]) -> None:
    """Raises UsageError for a table that is no command's."""
    for table in file.tables:
        if table in commands:
            continue
        if any(table in Options(command) for command in commands.values()):
            raise UsageError(f"{file.place(table, None)}: {table}: takes text or a number, not a table.")
        raise UsageError(f"{file.place(table, None)}: {unknown(table, commands, 'There is no command')}")


def check_top(file: SettingsFile, first: Options, commands: Mapping[str, Any]) -> None:
    """Raises UsageError for an option at the top that no command has. Others than the first are opened, one by one,
    only for what it does not have: each takes its time."""
    for key in file.top:
        if word_of(key) in first.for_all():
            continue
        if key in commands:
            raise UsageError(
                f"{file.place(key, None)}: {key} is a command: its options stand below [{key}], written once and in "
                "single brackets."
            )
        seen: list[str] = []
        for name in commands:
            known = Options(commands[name]).for_all()
            if word_of(key) in known:
                break
            seen += known
        else:
            raise UsageError(f"{file.place(key, None)}: {unknown(key, seen, 'No command has an option')}")


def unknown(key: str, known: Collection[str], start: str) -> str:
    near = get_close_matches(word_of(key).lower(), list(known), n=1)
    return f"{start} {key!r}." + (f" Did you mean {near[0]!r}?" if near else "")
