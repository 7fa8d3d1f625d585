"""Commands made from dataclasses of options: one line of a dataclass is a flag with its help, panel and default."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import MISSING
from typing import Annotated, Any

import typer

from bineego import config, values
from bineego.cli.help import HelpfulCommand, heading, help_text, metavar
from bineego.config import Option


def add_command(app: typer.Typer, function: Callable[[Any], object], panel: str) -> None:
    """Add a command made of `function(call)`, where `call` is a dataclass of options; examples end its docstring."""
    cls, name = typing.get_type_hints(function)["call"], function.__name__.replace("_", "-")
    known = {name: option for name, option in config.options(cls).items() if option.opt.flag}

    def run(**flags: Any) -> object:
        return function(config.call(cls, name, {name: _given(known[name], value) for name, value in flags.items()}))

    parameters = sorted(map(_parameter, known.values()), key=lambda p: not known[p.name].opt.argument)
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    words, _, examples = (inspect.getdoc(function) or "").partition("\n\nExamples:\n")
    app.command(name, cls=HelpfulCommand, help=words, epilog=examples, rich_help_panel=panel)(run)


def _given(option: Option, value: Any) -> Any:
    """What Typer found for an option; None = nothing. A flag that is repeated is a list as with commas."""
    if isinstance(value, list):
        return None if not value else tuple(value) if option.opt.argument else ",".join(value)
    return value


def _parameter(option: Option) -> inspect.Parameter:
    """Everything comes as text, so that flags, files and Python callers are converted, and refused, in one place."""
    opt = option.opt
    kind: Any = list[str] if values.is_several(option.kind) else str
    words: dict[str, Any] = {"help": help_text(option), "show_default": False, "rich_help_panel": heading(option)}
    if values.plain(option.kind) is bool:
        # Without a file that may say yes, there is nothing that `--no-x` could undo.
        once = option.default is False and not opt.key
        info, kind = typer.Option(option.flag if once else f"{option.flag}/--no-{option.flag[2:]}", **words), bool
    elif opt.argument:
        info = typer.Argument(metavar=metavar(option) if option.default is MISSING else f"[{metavar(option)}]", **words)
    else:
        flags = (opt.short, option.flag) if opt.short else (option.flag,)
        info = typer.Option(*flags, metavar=metavar(option), autocompletion=_completion(option), **words)
    hint = Annotated[kind | None, info]
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)


def _completion(option: Option) -> Callable[[str], list[str]]:
    return lambda incomplete: [choice for choice in values.choices(option.kind) if choice.startswith(incomplete)]
