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
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import EnumType
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

from bineego.errors import BadOption, BineegoError, InputInvalid, UnknownOption, UsageError, nearest
from bineego.files import read_error, write_bytes
from bineego.plain import plain
from bineego.words import printable

CONFIG_NAME = "bineego.toml"
"""Looked for in the current folder by every command; one table per command: `[train]`, `[localize]` ..."""

TABLES = ("ensemble", "evaluate", "extract-features", "extract-frames", "labels", "localize", "train")
"""The tables that it may hold: one for each command, and those of parts that several commands share."""

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opt:
    """What an option says of itself, beside its type, range and default.

    Attributes:
        help: one sentence or two.
        panel: the heading it stands under in the help.
        unset: what its being None means, in a few words.
        metavar: what stands for its value in the help; by default after its type.
        short: a second flag, such as `-o`.
        argument: told by its place on the command line, not by a flag.
        switch: `--x/--no-x` on the command line though it is a number: 1 or 0.
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
    switch: bool = False
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

    @property
    def plain(self) -> Any:
        """Its type without range, None and further forms: int, Path, an Enum, a tuple ..."""
        kind = self.kind
        while get_origin(kind) in (Annotated, typing.Union, types.UnionType):
            kind = get_args(kind)[0]
        return kind

    @property
    def item(self) -> Any:
        """The type of each value, where there may be several; else its type."""
        return get_args(self.plain)[0] if get_origin(self.plain) is tuple else self.plain

    @property
    def choices(self) -> list[str]:
        """The words that it may be; empty where it is no choice."""
        item: Any = self.item
        words: list[Any] = list(item) if isinstance(item, EnumType) else []
        return [str(word.value) for word in words]


def _options(cls: type) -> Mapping[str, Option]:
    hints = typing.get_type_hints(cls, include_extras=True)
    found = {}
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


@dataclass(frozen=True, kw_only=True)
class Options:
    """Base of all options: every field is converted to its type and checked against its range.

    Raises:
        BadOption: a value that cannot be converted, or out of range.
    """

    def __post_init__(self) -> None:
        for name, option in options(type(self)).items():
            value = getattr(self, name)
            if value is option.default:
                continue
            try:
                object.__setattr__(self, name, convert(option, value))
            except ValueError as error:
                raise BadOption(str(error), where=name) from None


MUST_BE = {
    "int": "a whole number", "float": "a number", "bool": "true or false", "string": "text", "path": "a path",
    "greater_than_equal": "{ge:g} or more", "greater_than": "more than {gt:g}", "less_than_equal": "{le:g} or less",
    "less_than": "less than {lt:g}", "enum": "one of {expected}", "finite": "a finite number",
}  # fmt: skip
"""Words for pydantic's kinds of errors, by the first part of their names."""


def convert(option: Option, value: Any) -> Any:
    """A value from a flag, a file or a Python caller as the option's type; text with commas is several values.

    Raises:
        ValueError: it cannot be; the message says what it must be.
    """
    from pydantic import ValidationError  # a tenth of a second, which `--help` does not need

    kind = option.plain
    if option.opt.parse is not None and value is not None:
        value = _parsed(option.opt.parse, value)
    elif get_origin(kind) is tuple and value is not None:
        value = several(value)
    elif get_origin(kind) is Mapping and isinstance(value, str):
        value = {name: each for name, _, each in (part.partition("=") for part in several(value))}
    try:
        if isinstance(value, bool) and kind in (int, float) and not option.opt.switch:
            raise ValueError(f"must be a number, not {value}")
        return _adapter(option.kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        words = next((words for start, words in MUST_BE.items() if first["type"].startswith(start)), first["msg"])
        is_range = first["type"].startswith(("greater", "less"))
        hint = nearest(str(first["input"]), option.choices)
        said = words.format(**first.get("ctx", {})).replace("'", "")
        shown = str(first["input"]) if is_range else repr(first["input"])
        raise ValueError(f"must be {said}, not {printable(shown)}{hint}") from None


def _parsed(parse: Callable[[Any], Any], value: Any) -> Any:
    try:
        return parse(value)
    except OSError as error:  # a path too long to be looked for
        raise ValueError(f"cannot be used ({error.strerror}): {printable(str(value))}") from None


def several(value: Any) -> tuple[Any, ...]:
    """The values of text with commas, of anything that holds several, or of one alone."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, Mapping) else (value,)


@functools.cache
def _adapter(kind: Any) -> Any:
    from pydantic import ConfigDict, TypeAdapter

    return TypeAdapter(kind, config=ConfigDict(allow_inf_nan=False))


def renamed(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that an earlier version saved, under the present names of the options and as they are written now."""
    known, former = options(cls), _former(options(cls))
    present = {former.get(name, name): value for name, value in values.items()}
    return {name: plain(convert(known[name], value)) if name in known else value for name, value in present.items()}


def _former(known: Mapping[str, Option]) -> dict[str, str]:
    return {old: name for name, option in known.items() for old in option.opt.was}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Values by name, and where they stand: a table of a file, flags of a command (then `table` is its name), or a
    Python call."""

    values: Mapping[str, Any]
    file: Path | None = None
    table: str = ""
    flags: bool = False

    def read(self, cls: type) -> dict[str, Any]:
        """The values that are given (not None), under the present names of the options, converted and checked.

        Raises:
            BineegoError: an unknown name, or a wrong value, of the kind that fits the place.
        """
        known = options(cls)
        if self.file is not None and self.table:
            shared = self.table if any(option.opt.table == self.table for option in known.values()) else ""
            known = {name: o for name, o in known.items() if o.opt.key and o.opt.table == shared}
        former, found = _former(known), {}
        for key, value in self.values.items():
            name = key.replace("-", "_")
            if name in former:
                name = former[name]
                log.info("%s%r is called %r now", f"{self._place()}: " if self.file else "", key, name)
            if name not in known:
                raise self._unknown(key, nearest(name, known))
            if value is None:
                continue
            try:
                found[name] = convert(known[name], value)
            except ValueError as error:
                raise self.error(known[name], str(error)) from None
        return found

    def error(self, option: Option, message: str) -> BineegoError:
        """A wrong value of `option` in this source."""
        if self.file is not None:
            return InputInvalid(message, where=f"{self._place()}{'' if self.table else ','} {option.name}")
        where = option.flag if self.flags else option.name
        return UsageError(message, where=where) if self.flags else BadOption(message, where=where)

    def _unknown(self, key: str, hint: str) -> BineegoError:
        if self.file is not None:
            return InputInvalid(f"unknown key {key!r}{hint}", where=self._place())
        return UnknownOption(f"unknown option {key!r}{hint}")

    def _place(self) -> str:
        return f"{self.file}, [{self.table}]" if self.table else str(self.file)


def build(cls: type[T], *sources: Source | Mapping[str, Any]) -> T:
    """An instance of a dataclass of options; later sources win. A mapping is what a Python caller gave.

    Raises:
        UsageError: a wrong flag or keyword, or an argument that is missing.
        InputInvalid: something wrong in a file.
    """
    read = [source if isinstance(source, Source) else Source(values=source) for source in sources]
    values: dict[str, Any] = {}
    origin: dict[str, Source] = {}
    for source in read:
        found = source.read(cls)
        values |= found
        origin |= dict.fromkeys(found, source)
    for name, option in options(cls).items():
        if option.default is dataclasses.MISSING and name not in values:
            raise UsageError(f"{option.flag.strip('.')} is missing", remedy=f"bineego {read[-1].table} --help")
    try:
        made = cls(**values)
    except BadOption as error:  # of options that do not go together
        name = str(error.where)
        raise origin.get(name, read[-1]).error(options(cls)[name], error.message) from None
    object.__setattr__(made, "_given", origin)
    return made


def given(made: object) -> Mapping[str, Source]:
    """The options that were given, not left at their defaults, and where; `made` comes from `build` or `call`."""
    origin: Mapping[str, Source] = getattr(made, "_given", {})
    return origin


def takes(cls: type) -> Callable[[F], F]:
    """Show the options of `cls` in the signature of a verb that takes them as `**given`."""

    def show(verb: F) -> F:
        signature = inspect.signature(verb)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        further = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option.default, annotation=option.kind)
            for name, option in options(cls).items()
            if name not in signature.parameters
        ]
        verb.__signature__ = signature.replace(parameters=[*own, *further])  # type: ignore[attr-defined]
        return verb

    return show


def keywords(cls: type[T], given: Mapping[str, Any], base: object = None) -> T:
    """The options of a Python call: its keywords, over those of an options object if it has one."""
    fields = dataclasses.fields(base) if base is not None else ()  # type: ignore[arg-type]
    known = {field.name: getattr(base, field.name) for field in fields if field.name in options(cls)}
    return build(cls, known, given)


def part(cls: type[T], whole: object) -> T:
    """The fields of `cls` out of a larger dataclass."""
    return cls(**{field.name: getattr(whole, field.name) for field in dataclasses.fields(cls)})  # type: ignore[arg-type]


def call(cls: type[T], command: str, flags: Mapping[str, Any]) -> T:
    """The options of one command: flags (None = not given) over its tables in `./bineego.toml` over the defaults.

    A class with further sources, such as a recipe, gives them all: `cls.sources(file, flags)`, lowest first.

    Raises:
        InputInvalid: the file is wrong.
        UsageError: a flag is.
    """
    tables = dict.fromkeys(option.opt.table or command for option in options(cls).values())
    content = read_tables(Path(CONFIG_NAME))
    file = [Source(values=content[name], file=Path(CONFIG_NAME), table=name) for name in tables if name in content]
    line = Source(values=flags, table=command, flags=True)
    further = getattr(cls, "sources", None)
    return build(cls, *([*file, line] if further is None else further(file, line)))


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dictionary.

    Raises:
        InputMissing: it is not there.
        InputInvalid: it is not TOML; the message has line and column.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise read_error(error, path) from error
    except UnicodeDecodeError as error:
        raise InputInvalid(f"not UTF-8 text ({error.reason} at byte {error.start})", where=path) from error
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise InputInvalid("not valid TOML: nested too deep", where=path) from error
    except tomllib.TOMLDecodeError as error:
        raise InputInvalid(f"not valid TOML: {error}", where=path) from error


def read_tables(path: Path) -> dict[str, dict[str, Any]]:
    """The tables of a configuration file by name; empty without the file.

    Raises:
        InputInvalid: a table that is no command's, or a table that is not one.
    """
    content = read_toml(path) if path.exists() else {}
    for name, table in content.items():
        if name not in TABLES:
            raise InputInvalid(f"unknown table [{name}]{nearest(name, TABLES)}", where=path)
        if not isinstance(table, dict):
            raise InputInvalid(f"{name} must be a table: [{name}]", where=path)
    return content


def to_toml(config: object) -> dict[str, Any]:
    """A dataclass as a TOML table; fields that are None are left out (TOML has no null)."""
    return {name: plain(value, nulls=False) for name, value in dataclasses.asdict(config).items() if value is not None}  # type: ignore[call-overload]


def write_toml(tables: Mapping[str, Any], path: Path) -> None:
    """Write tables to a TOML file, whole or not at all."""
    import tomli_w

    write_bytes(path, tomli_w.dumps(plain(dict(tables), nulls=False)).encode())
