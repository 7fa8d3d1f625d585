"""Options, each declared once: a field of a frozen dataclass is a flag, a key of bineego.toml and a Python keyword.

    frames: Annotated[int, Ge(1), Opt("Frames per clip.", panel=CLIP)] = 8

From this line come the flag `--frames`, its panel and default in the help, the key, the keyword, the check, the message
and the row in docs/options.md. A flag overrides the file, and the file overrides the default.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import logging
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bineego import values
from bineego.errors import BadOption, BineegoError, InputInvalid, UnknownOption, UsageError, nearest
from bineego.toml import read_tables

CONFIG_NAME = "bineego.toml"
"""Looked for in the current folder by every command; one table per command: `[train]`, `[localize]` ..."""

TABLES = ("ensemble", "evaluate", "extract-features", "extract-frames", "labels", "localize", "train")
"""The tables that it may hold: one for each command, and those of parts that several commands share."""

T = TypeVar("T")
C = TypeVar("C", bound="Options")
F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opt:
    """What an option declares besides its type, range and default.

    Attributes:
        help: one sentence or two.
        panel: its heading in the help.
        unset: what its being None means, in a few words.
        metavar: placeholder for its value in the help; by default from its type.
        short: a second flag, such as `-o`.
        argument: given by position on the command line, not by a flag.
        flag, key: whether the command line, and bineego.toml, offer it.
        table: its table of bineego.toml; by default that of the command.
        was: its names in earlier versions; files and Python callers may still use them, with a note.
        parse: makes its value from other forms; a ValueError says what it must be.
    """

    help: str
    panel: str = ""
    unset: str = ""
    metavar: str = ""
    short: str = ""
    argument: bool = False
    flag: bool = True
    key: bool = True
    table: str = ""
    was: tuple[str, ...] = ()
    parse: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Option:
    """An option in full: name, type with its range, words, default (`dataclasses.MISSING` = it must be given)."""

    name: str
    kind: Any
    opt: Opt
    default: Any

    @property
    def flag(self) -> str:
        """How the command line calls it."""
        return self.opt.metavar or self.name.upper() if self.opt.argument else f"--{self.name.replace('_', '-')}"

    def convert(self, value: Any) -> Any:
        """See `values.convert`."""
        return values.convert(self.kind, value, self.opt.parse)


def _options(cls: type) -> Mapping[str, Option]:
    hints, found = typing.get_type_hints(cls, include_extras=True), {}
    for field in dataclasses.fields(cls):
        kind = hints[field.name]
        opt = next((o for o in getattr(kind, "__metadata__", ()) if isinstance(o, Opt)), Opt("", flag=False))
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        found[field.name] = Option(field.name, kind, opt, default)
    own = {name for name in cls.__annotations__ if found[name].opt.argument or found[name].opt.panel}
    return dict(sorted(found.items(), key=lambda item: item[0] not in own))


options: Callable[[type], Mapping[str, Option]] = functools.cache(_options)
"""The options of a dataclass in the order of the help: its own arguments and panels, then as the bases have them.
A field without `Opt` is a key and a keyword, and no flag."""


def _by_any_name(cls: type) -> dict[str, Option]:
    """The options by their names, and by those of earlier versions."""
    return {name: option for option in options(cls).values() for name in (option.name, *option.opt.was)}


@dataclass(frozen=True, kw_only=True)
class Options:
    """Base of all options: every field is converted to its type and checked against its range.

    Raises:
        BadOption: a value that cannot be converted, or out of range.
    """

    def __post_init__(self) -> None:
        for name, option in options(type(self)).items():
            try:
                if (value := getattr(self, name)) is not option.default:
                    object.__setattr__(self, name, option.convert(value))
            except ValueError as error:
                raise BadOption(str(error), where=name) from None

    @classmethod
    def sources(cls, file: Sequence[Source], flags: Source) -> Sequence[Source]:
        """All that a command reads, lowest first, out of its tables in `bineego.toml` and its flags."""
        return [*file, flags]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Values by name, and where they come from: a table of a file, flags of a command (then `table` is its name), or a
    Python call.
    """

    values: Mapping[str, Any]
    file: Path | None = None
    table: str = ""
    flags: bool = False

    def read(self, cls: type) -> dict[str, Any]:
        """The values that are given (not None), under the present names of the options, converted and checked.

        Raises:
            BineegoError: an unknown name, or a wrong value, of the kind that fits the place.
        """
        known, found = _by_any_name(cls), {}
        if self.file is not None and self.table:
            shared = self.table if any(option.opt.table == self.table for option in known.values()) else ""
            known = {name: o for name, o in known.items() if o.opt.key and o.opt.table == shared}
        for key, value in self.values.items():
            option = known.get(key.replace("-", "_"))
            if option is None:
                raise self._unknown(key, nearest(key, known))
            if option.name != key.replace("-", "_"):
                log.info("%s%r is now called %r", f"{self._place}: " if self.file else "", key, option.name)
            try:
                if value is not None:
                    found[option.name] = option.convert(value)
            except ValueError as error:
                raise self.error(option, str(error)) from None
        return found

    def error(self, option: Option, message: str) -> BineegoError:
        """A wrong value of `option` in this source."""
        if self.file is not None:
            return InputInvalid(message, where=f"{self._place}{'' if self.table else ','} {option.name}")
        return UsageError(message, where=option.flag) if self.flags else BadOption(message, where=option.name)

    def _unknown(self, key: str, hint: str) -> BineegoError:
        if self.file is not None:
            return InputInvalid(f"unknown key {key!r}{hint}", where=self._place)
        return UnknownOption(f"unknown option {key!r}{hint}")

    @property
    def _place(self) -> str:
        return f"{self.file}, [{self.table}]" if self.table else str(self.file)


def build(cls: type[T], *sources: Source | Mapping[str, Any]) -> T:
    """An instance of a dataclass of options; later sources win. A mapping is what a Python caller gave.

    Raises:
        UsageError: a wrong flag or keyword, or an argument that is missing.
        InputInvalid: something wrong in a file.
    """
    given: dict[str, Any] = {}
    origin: dict[str, Source] = {}
    last = Source(values={})
    for source in sources:
        last = source if isinstance(source, Source) else Source(values=source)
        found = last.read(cls)
        given, origin = given | found, origin | dict.fromkeys(found, last)
    for name, option in options(cls).items():
        if option.default is dataclasses.MISSING and name not in given:
            raise UsageError(f"{option.flag.strip('.')} is missing", remedy=f"bineego {last.table} --help")
    try:
        made = cls(**given)
    except BadOption as error:  # of options that do not go together
        name = str(error.where)
        raise origin.get(name, last).error(options(cls)[name], error.message) from None
    object.__setattr__(made, "_given", origin)
    return made


def given(made: object) -> Mapping[str, Source]:
    """The options that were given, not left at their defaults, and where; `made` comes from `build` or `call`."""
    origin: Mapping[str, Source] = getattr(made, "_given", {})
    return origin


def call(cls: type[C], command: str, flags: Mapping[str, Any]) -> C:
    """The options of one command: flags (None = not given) over its tables in `./bineego.toml` over the defaults.

    Raises:
        InputInvalid: the file is wrong.
        UsageError: a flag is.
    """
    path = Path(CONFIG_NAME)
    content = read_tables(path, TABLES)
    tables = dict.fromkeys(option.opt.table or command for option in options(cls).values())
    file = [Source(values=content[name], file=path, table=name) for name in tables if name in content]
    return build(cls, *cls.sources(file, Source(values=flags, table=command, flags=True)))


def keywords(cls: type[T], given: Mapping[str, Any], base: object = None) -> T:
    """The options of a Python call: its keywords, over those of an options object if it has one."""
    return build(cls, {name: getattr(base, name) for name in options(cls) if hasattr(base, name)}, given)


def part(cls: type[T], whole: object) -> T:
    """The options of `cls` out of a larger dataclass."""
    return cls(**{name: getattr(whole, name) for name in options(cls)})


def takes(cls: type) -> Callable[[F], F]:
    """Show the options of `cls` in the signature of a verb that takes them as `**given`."""

    def show(verb: F) -> F:
        signature = inspect.signature(verb)
        shown = {name: p for name, p in signature.parameters.items() if p.kind is not p.VAR_KEYWORD}
        for name, option in options(cls).items():
            further = inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=option.default, annotation=option.kind
            )
            shown.setdefault(name, further)
        verb.__signature__ = signature.replace(parameters=list(shown.values()))  # type: ignore[attr-defined]
        return verb

    return show
