"""Options, each declared once: a field of a frozen dataclass is a flag, a key of bineego.toml and a Python keyword.

    frames: Annotated[int, Ge(1), Opt("Frames per clip.", panel=CLIP)] = 8

From this line come the flag `--frames`, its panel and default in the help, the key, the keyword, the check, the message
and the row in docs/options.md. A flag overrides the file, and the file overrides the default.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, TypeVar, get_type_hints

from bineego import values
from bineego.errors import BadOption, BineegoError, InputInvalid, UnknownOption, nearest
from bineego.toml import read_tables

CONFIG_NAME = "bineego.toml"
"""Looked for in the current folder by every command; one table per command: `[train]`, `[localize]` ..."""

TABLES = ("ensemble", "evaluate", "extract-features", "extract-frames", "labels", "localize", "train")
"""The tables that it may hold: one for each command, and those of parts that several commands share."""

Given: TypeAlias = "Mapping[str, Any] | Options | None"
"""Values by any name of the options, or an object that has some of them."""

T = TypeVar("T", bound="Options")
F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opt:
    """What an option declares besides its type, range and default; `options` fills these in.

    Attributes:
        help: one sentence or two.
        panel: its heading in the help.
        unset: what its being None means, in a few words.
        metavar: placeholder for its value in the help; by default from its type.
        short: a second flag, such as `-o`.
        argument: given by position on the command line, not by a flag.
        flag: whether the command line offers it.
        table: its table of bineego.toml; "" = that of the command, None = no file may set it.
        was: its names in earlier versions; files and Python callers may still use them, with a note.
        parse: makes its value from other forms; a ValueError says what it must be.
        name, kind, default: the field's name, its type with the range, its default (MISSING = it must be given).
    """

    help: str
    panel: str = ""
    unset: str = ""
    metavar: str = ""
    short: str = ""
    argument: bool = False
    flag: bool = True
    table: str | None = ""
    was: tuple[str, ...] = ()
    parse: Callable[[Any], Any] | None = None
    name: str = ""
    kind: Any = None
    default: Any = None


def _options(cls: type) -> Mapping[str, Opt]:
    kinds, found = get_type_hints(cls, include_extras=True), {}
    for field in fields(cls):
        kind = kinds[field.name]
        opt = next((each for each in getattr(kind, "__metadata__", ()) if isinstance(each, Opt)), Opt("", flag=False))
        default = field.default if field.default_factory is MISSING else field.default_factory()
        found[field.name] = replace(opt, name=field.name, kind=kind, default=default)
    own = {name for name in cls.__annotations__ if found[name].panel}
    return dict(sorted(found.items(), key=lambda item: (not item[1].argument, item[0] not in own)))


options: Callable[[type], Mapping[str, Opt]] = functools.cache(_options)
"""The options of a dataclass by name, in the order of the help: arguments, its own panels, the rest as the bases have
it. A field without `Opt` is a key and a keyword, and no flag."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Base of all options: every field is converted to its type and checked against its range; None = its default.

    Attributes:
        given: by name, who gave the options that were not left at their defaults. `build` and `call` know it.

    Raises:
        BadOption: a value that cannot be converted, or out of range.
    """

    given: ClassVar[Mapping[str, Source]] = {}

    def __post_init__(self) -> None:
        defaults = {name: option.default for name, option in options(type(self)).items()}
        given = {name: value for name, value in vars(self).items() if value is not defaults[name]}
        vars(self).update(defaults | Source(type(self), given).values)

    @classmethod
    def sources(cls, file: Sequence[Source], flags: Source) -> Sequence[Source]:
        """All that a command reads, lowest first, out of its tables in `bineego.toml` and its flags."""
        return [*file, flags]


class Source:
    """Options that one place gives: those that are not None, converted and checked, as `values` by present name.

    Args:
        cls: the dataclass that declares them.
        given: the values as they stand there.
        file: the place; None = flags, or keywords of a Python call.
        table: and which table of it; "" = all of it.

    Raises:
        BadOption, UnknownOption: a wrong value or name of a call.
        InputInvalid: likewise, of a file.
    """

    def __init__(self, cls: type, given: Given, file: Path | None = None, table: str = "") -> None:
        self.file, self.table = file, table
        self.values: dict[str, Any] = {}
        every = options(cls)
        shared = table if any(each.table == table for each in every.values()) else ""
        known = {name: o for o in every.values() if not table or o.table == shared for name in (o.name, *o.was)}
        said = given if isinstance(given, Mapping) else {n: getattr(given, n) for n in every if hasattr(given, n)}
        for key, value in said.items():
            option = known.get(key.replace("-", "_"))
            if option is None:
                raise self.error(f"unknown {'key' if file else 'option'} {key!r}{nearest(key, known)}")
            if option.name != key.replace("-", "_"):
                log.info("%s%r is now called %r", f"{self.where()}: " if file else "", key, option.name)
            try:
                if value is not None:
                    self.values[option.name] = values.convert(option.kind, value, option.parse)
            except ValueError as error:
                raise self.error(str(error), option.name) from None

    def where(self, name: str = "") -> str:
        """The place of an option in the file: `x.toml, [train] frames`; without a name, of all of them."""
        return ", ".join(filter(None, (str(self.file), f"[{self.table}] {name}".strip() if self.table else name)))

    def error(self, message: str, name: str = "") -> BineegoError:
        """What is wrong with an option, or a name that is none, of the kind that fits the place."""
        if self.file is not None:
            return InputInvalid(message, where=self.where(name))
        return BadOption(message, where=name) if name else UnknownOption(message)


def build(cls: type[T], *given: Source | Given) -> T:
    """Options out of what is given, of which later ones win; an object gives those that `cls` has, too. The result
    remembers the source of each.

    Raises:
        BadOption, UnknownOption, InputInvalid: as `Source`, and for options that do not go together.
    """
    sources = [each if isinstance(each, Source) else Source(cls, each) for each in given]
    origin = {name: source for source in sources for name in source.values}
    try:
        made = cls(**{name: source.values[name] for name, source in origin.items()})
    except BadOption as error:
        raise origin.get(str(error.where), sources[-1]).error(error.message, str(error.where)) from None
    object.__setattr__(made, "given", origin)
    return made


def call(cls: type[T], command: str, flags: Mapping[str, Any]) -> T:
    """The options of one command: flags (None = not given) over its tables in `./bineego.toml` over the defaults.

    Raises:
        InputInvalid: the file is wrong.
        BadOption: a flag is.
    """
    path, own = Path(CONFIG_NAME), {command, *(option.table for option in options(cls).values())}
    file = [Source(cls, content, path, name) for name, content in read_tables(path, TABLES).items() if name in own]
    return build(cls, *cls.sources(file, Source(cls, flags)))


def takes(cls: type) -> Callable[[F], F]:
    """Show the options of `cls` in the signature of a verb that takes them as `**given`."""

    def show(verb: F) -> F:
        signature = inspect.signature(verb)
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        more = [each for each in inspect.signature(cls).parameters.values() if each.name not in signature.parameters]
        verb.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        return verb

    return show
