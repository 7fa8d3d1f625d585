"""Commands made from dataclasses of options: one line of a dataclass is a flag with its help, panel and default."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_origin

import typer

from bineego import config
from bineego.config import Option

METAVARS = {int: "N", float: "X", str: "TEXT", Path: "PATH"}
CHOICES_WIDTH = 24
"""Characters. Longer lists of choices go into the help's sentence, so that 80 columns hold it."""


@dataclass(frozen=True)
class Command:
    """A command for Typer: its name, what it does, its help and the examples below it."""

    name: str
    run: Callable[..., object]
    help: str
    examples: str


def command(function: Callable[[Any], object]) -> Command:
    """A command out of `function(call)`, where `call` is a dataclass of options; examples end its docstring."""
    cls, name = typing.get_type_hints(function)["call"], function.__name__.replace("_", "-")
    known = {name: option for name, option in config.options(cls).items() if option.opt.flag}

    def run(**flags: Any) -> object:
        given = {name: _given(known[name], value) for name, value in flags.items()}
        return function(config.call(cls, name, given))

    parameters = sorted((_parameter(option) for option in known.values()), key=lambda p: not known[p.name].opt.argument)
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    words, _, examples = (inspect.getdoc(function) or "").partition("\n\nExamples:\n")
    return Command(name, run, words, f"Examples:\n{examples}" if examples else "")


def _given(option: Option, value: Any) -> Any:
    """What Typer found for an option; None = nothing. A flag that is repeated is a list as with commas."""
    if isinstance(value, list):
        return None if not value else tuple(value) if option.opt.argument else ",".join(value)
    return value


def _parameter(option: Option) -> inspect.Parameter:
    """Everything comes as text, so that flags, files and Python callers are converted, and refused, in one place."""
    opt = option.opt
    panel = opt.panel or ("Arguments" if opt.argument else "Options")
    words: dict[str, Any] = {"help": help_text(option), "show_default": False, "rich_help_panel": panel}
    kind: Any = list[str] if get_origin(option.plain) is tuple else str
    if option.plain is bool or opt.switch:
        # Without a file that may say yes, there is nothing that `--no-x` could undo.
        once = option.default is False and not opt.key
        info, kind = typer.Option(option.flag if once else f"{option.flag}/--no-{option.flag[2:]}", **words), bool
    elif opt.argument:
        name = metavar(option) if option.default is dataclasses.MISSING else f"[{metavar(option)}]"
        info = typer.Argument(metavar=name, **words)
    else:
        flags = (opt.short, option.flag) if opt.short else (option.flag,)
        info = typer.Option(*flags, metavar=metavar(option), autocompletion=_completion(option), **words)
    hint = Annotated[kind | None, info]
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)


def help_text(option: Option) -> str:
    """The words of an option, with its choices and its default."""
    text, default = option.opt.help, default_text(option)
    if option.choices and "|" not in metavar(option):
        text += f" One of {', '.join(option.choices)}."
    return f"{text} (default: {default})" if default else text


def default_text(option: Option) -> str:
    """The default in words; empty where there is nothing to say."""
    default = option.default
    if option.opt.unset or default is None or default is dataclasses.MISSING or isinstance(default, Mapping):
        return option.opt.unset
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(default, tuple):
        return ",".join(str(each) for each in default)
    return f"{default:g}" if isinstance(default, float) else str(default)


def metavar(option: Option) -> str:
    """What stands for the value in the help."""
    if option.opt.metavar or option.opt.argument:
        return option.opt.metavar or option.name.upper()
    choices = "|".join(option.choices)
    if choices:
        return choices if len(choices) <= CHOICES_WIDTH else "NAME"
    return METAVARS.get(option.item, "TEXT")


def _completion(option: Option) -> Callable[[str], list[str]]:
    """Completes the words that an option may be."""
    return lambda incomplete: [choice for choice in option.choices if choice.startswith(incomplete)]
