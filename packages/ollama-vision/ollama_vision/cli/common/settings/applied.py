"""What of the settings holds for a command, as typer's defaults: the command line beats the environment, and that the
file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from typer.core import TyperCommand

from ..access import MODEL_VARIABLE, UsageError
from ..options import usage_errors
from ..settings_in_use import NONE, InUse, use_settings
from .file import SettingsFile, find_settings
from .rules import in_force
from .trust import check_owner, check_reach
from .values import Options, check_tables, check_top

VARIABLES = {"host": "OLLAMA_HOST", "model": MODEL_VARIABLE}
"""Of the options that the environment can stand for."""


class SettledCommand(TyperCommand):
    """A command whose options may be set in `ollama-vision.toml`; `--help` does not look for it."""

    siblings: Mapping[str, Any] = {}
    """All commands, by name."""
    own_names: frozenset[str] = frozenset()
    """Options that mean something else here than to the other commands: the top of the file does not set them."""
    shows_problems = False
    """Whether it looks at the whole file, and goes on with one that is wrong, to show it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_isolated = bool(ctx.find_root().params.get("isolated"))
        use_settings(InUse(is_left_out=True) if is_isolated else NONE)
        if not ctx.resilient_parsing and not is_isolated:
            typed, _, _ = self.make_parser(ctx).parse_args(args=list(args))
            if "help" not in typed:
                with usage_errors():
                    self._settle(ctx, {name: value for name, value in typed.items() if value is not None})
        return super().parse_args(ctx, args)

    def _settle(self, ctx: Any, typed: Mapping[str, Any]) -> None:
        file: SettingsFile | None = None
        try:
            file = find_settings()
            if file is None:
                return
            check_owner(file)
            for command in self.siblings.values() if self.shows_problems else ():
                command.values_of(file, ctx, {})
            values = self.values_of(file, ctx, typed)
        except UsageError as error:
            if not self.shows_problems:
                raise
            use_settings(InUse(None if file is None else file.path, problem=str(error)))
            return
        ctx.default_map = values
        use_settings(InUse(file.path, {**file.top, **file.tables}, frozenset(values)))

    def values_of(self, file: SettingsFile, ctx: Any, typed: Mapping[str, Any]) -> dict[str, Any]:
        """What holds of the file, by the options' names in Python. Raises UsageError."""
        options = Options(self)
        check_tables(file, self.siblings)
        own = options.of_table(file, ctx)
        check_top(file, options, self.siblings)
        top = options.of_top(file, ctx)
        of_environment = {
            name: os.environ[variable]
            for name, variable in VARIABLES.items()
            if name not in self.own_names and os.environ.get(variable, "").strip()
        }
        by_name = {option.name: option for option in options.values()}
        values = in_force({**of_environment, **typed}, (own, top), by_name)
        if not file.is_users:
            asked = typed.get("host") or of_environment.get("host") or values.get("host") or ()
            check_reach(
                file,
                {name: by_name[name].processed(value, ctx) for name, value in values.items()},
                {name: option.parameter.metavar or "" for name, option in by_name.items()},
                [asked] if isinstance(asked, str) else list(asked),
            )
        return values
