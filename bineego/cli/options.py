"""Commands made from dataclasses of options: one line of a dataclass is a flag with its help, panel and default."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING
from typing import Annotated, Any, get_type_hints

import typer

from bineego import config, values
from bineego.cli.help import HelpfulCommand, flags, heading, help_text, metavar


def add_command(app: typer.Typer, function: Callable[[Any], object], panel: str) -> None:
    """Add a command made of `function(call)`, where `call` is a dataclass of options; examples end its docstring."""
    cls, name = get_type_hints(function)["call"], function.__name__.replace("_", "-")
    shown = [option for option in config.options(cls).values() if option.flag]
    lists = [option.name for option in shown if values.is_several(option.kind) and not option.argument]

    def run(**given: Any) -> object:
        given |= {each: ",".join(given[each]) for each in lists if given[each]}  # a flag repeated is one with commas
        return function(config.call(cls, name, given))

    run.__signature__ = inspect.Signature([_parameter(each) for each in shown])  # type: ignore[attr-defined]
    words, _, examples = (inspect.getdoc(function) or "").partition("\n\nExamples:\n")
    app.command(name, cls=HelpfulCommand, help=words, epilog=examples, rich_help_panel=panel)(run)


def _parameter(option: config.Opt) -> inspect.Parameter:
    """Everything comes as text, so that flags, files and Python callers are converted, and refused, in one place."""

    def complete(incomplete: str) -> list[str]:
        return [choice for choice in values.choices(option.kind) if choice.startswith(incomplete)]

    kind: Any = bool if values.plain(option.kind) is bool else list[str] if values.is_several(option.kind) else str
    words: dict[str, Any] = {"help": help_text(option), "rich_help_panel": heading(option)}
    words |= {"metavar": metavar(option), "autocompletion": complete}
    info = typer.Argument(**words) if option.argument else typer.Option(*flags(option), **words)
    default = inspect.Parameter.empty if option.default is MISSING else None
    hint = Annotated[kind | None, info]
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
