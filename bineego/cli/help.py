"""`--help` in two columns, under the headings that commands and options name: 80 characters hold it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup

from bineego import values
from bineego.config import Opt
from bineego.words import flag

METAVARS = {int: "N", float: "X", str: "TEXT", Path: "PATH"}
CHOICES_WIDTH = 24
"""Characters. Longer lists of choices go into the help's sentence, so that 80 columns hold it."""

Rows = list[tuple[str, str]]

OFF = " (default: off)"
"""How the help of a switch that is off ends."""


def heading(option: Opt) -> str:
    """What an option stands under."""
    return option.panel or ("Arguments" if option.argument else "Options")


def help_text(option: Opt) -> str:
    """The words of an option, with its choices and its default."""
    text, default = option.help, default_text(option)
    choices = values.choices(option.kind)
    if choices and "|" not in metavar(option):
        text += f" One of {', '.join(choices)}."
    return f"{text} (default: {default})" if default else text


def default_text(option: Opt) -> str:
    """The default in words; empty where there is nothing to say."""
    default = option.default
    if option.unset or default is None or default is MISSING or isinstance(default, Mapping):
        return option.unset
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(default, tuple):
        return ",".join(str(each) for each in default)
    return f"{default:g}" if isinstance(default, float) else str(default)


def metavar(option: Opt) -> str:
    """What stands for the value."""
    if option.metavar or option.argument:
        return option.metavar or option.name.upper()
    choices = "|".join(values.choices(option.kind))
    if choices:
        return choices if len(choices) <= CHOICES_WIDTH else "NAME"
    return METAVARS.get(values.item(option.kind), "TEXT")


def flags(option: Opt) -> list[str]:
    """How the command line spells an option that is no argument."""
    name = flag(option.name)
    if values.plain(option.kind) is not bool:
        return [option.short, name] if option.short else [name]
    # Without a file that may say yes, there is nothing that `--no-x` could undo.
    return [name] if option.default is False and option.table is None else [f"{name}/--no-{name[2:]}"]


class HelpfulCommand(TyperCommand):
    """A command with help in our own layout."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _write(
            self,
            ctx,
            formatter,
            _panels((getattr(each, "rich_help_panel", None), _option(each)) for each in _shown(self, ctx)),
        )


class HelpfulGroup(TyperGroup):
    """The group of all commands, with help in our own layout."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        commands = []
        for name, each in self.commands.items():
            commands.append((getattr(each, "rich_help_panel", None), (name, each.get_short_help_str(99))))
        options = [(None, _option(each)) for each in _shown(self, ctx)]
        _write(self, ctx, formatter, _panels([*commands, *options]))


def _shown(command: Any, ctx: Any) -> list[Any]:
    """The parameters that the help names."""
    return [each for each in command.get_params(ctx) if not getattr(each, "hidden", False)]


def _option(parameter: Any) -> tuple[str, str]:
    """A flag and its help. `--no-x` is only listed where x may be on."""
    help_text = parameter.help or ""
    if parameter.param_type_name == "argument":
        return _argument(parameter), help_text
    names = sorted(parameter.opts, key=len)
    if not help_text.endswith(OFF):
        names += parameter.secondary_opts
    return ", ".join(names) + ("" if parameter.is_flag else f" {parameter.metavar}"), help_text


def _argument(parameter: Any) -> str:
    """An argument; in brackets where it may be left out."""
    return str(parameter.metavar if parameter.required else f"[{parameter.metavar}]")


def _panels(rows: Iterable[tuple[str | None, tuple[str, str]]]) -> dict[str, Rows]:
    """Rows by heading; those without one come last."""
    found: dict[str, Rows] = {}
    for panel, row in rows:
        found.setdefault(panel or "Options", []).append(row)
    return {name: found[name] for name in sorted(found, key=lambda name: name == "Options")}


def _write(command: Any, ctx: Any, formatter: Any, panels: dict[str, Rows]) -> None:
    arguments = [_argument(each) for each in command.params if each.param_type_name == "argument"]
    last = ["COMMAND ..."] if isinstance(command, TyperGroup) else arguments
    formatter.write_usage(ctx.command_path, " ".join(["[OPTIONS]", *last]))
    formatter.write_paragraph()
    formatter.write_text(command.help)
    for panel, rows in panels.items():
        with formatter.section(panel):
            formatter.write_dl(rows)
    if command.epilog:
        with formatter.section("Examples"):
            formatter.write("".join(f"  {line.strip()}\n" for line in command.epilog.splitlines()))
