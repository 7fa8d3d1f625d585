"""docs/options.md: every option of every command, from the same lines that the commands are made of.

python -m bineego.cli.reference > docs/options.md
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bineego import config, values
from bineego.cli.app import COMMANDS
from bineego.cli.help import default_text, flags, heading, metavar
from bineego.config import Opt

HEAD = """# Options

Made from the code by `python -m bineego.cli.reference > docs/options.md`; a test holds it current.

An option has one name: the flag `--frames` of `bineego train` is `frames` in the `[train]` table of a `bineego.toml` in
the current folder, and `frames=` in `bineego.train(...)`. A flag overrides the file, which overrides the default.
Several values are separated by commas on the command line and form a list in the file. `--no-x` turns off a switch that
is on.
"""


def reference() -> str:
    """The whole page."""
    parts = [HEAD]
    for panel, functions in COMMANDS.items():
        for function in functions:
            parts.append("\n".join(_command(panel, function)))
    return "\n".join(parts)


def _command(panel: str, function: Callable[[Any], object]) -> Iterator[str]:
    name = function.__name__.replace("_", "-")
    shown = [option for option in config.options(typing.get_type_hints(function)["call"]).values() if option.help]
    yield f"## bineego {name}\n"
    yield f"{(function.__doc__ or '').splitlines()[0]} ({panel})\n"
    for panel in dict.fromkeys(heading(option) for option in shown):
        yield f"### {panel}\n"
        yield from _table(option for option in shown if heading(option) == panel)
        yield ""


def _table(shown: Iterable[Opt]) -> Iterator[str]:
    yield "| option | values | default | what it does |"
    yield "|---|---|---|---|"
    for option in shown:
        cells = (_name(option), _values(option), default_text(option), option.help)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _name(option: Opt) -> str:
    """The flag, or the key where there is none; which of the three places do not have it."""
    if option.argument:
        return f"`{metavar(option)}`"
    if option.flag:
        name = ", ".join(f"`{each.partition('/')[0]}`" for each in flags(option))
    else:
        name = f"`{option.name}` (file and Python only)"
    if option.table:
        name += f", in `[{option.table}]`"
    return name


def _values(option: Opt) -> str:
    if values.plain(option.kind) is bool:
        return "switch"
    choices = ", ".join(f"`{choice}`" for choice in values.choices(option.kind))
    return f"{choices}; several" if choices and values.is_several(option.kind) else choices or metavar(option)


if __name__ == "__main__":
    print(reference(), end="")
