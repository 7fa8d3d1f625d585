"""An option is declared once: conversion, ranges and messages, whichever way its value comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from annotated_types import Ge, Gt, Interval
from hypothesis import given
from hypothesis import strategies as st

from bineego import config, toml
from bineego.config import Opt, Source
from bineego.errors import BadOption, InputInvalid, InputMissing, UnknownOption


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class SharedPart(config.Options):
    """A part that several commands have, with a table of its own."""

    unit: Annotated[str, Opt("Unit.", table="labels")] = "s"


@dataclass(frozen=True, kw_only=True)
class Sized(SharedPart):
    size: Annotated[int, Ge(1), Opt("Size.", was=("n_size", "width"))] = 256
    rate: Annotated[float | None, Gt(0), Opt("Rate.")] = None
    share: Annotated[float, Interval(ge=0, lt=1), Opt("Share.")] = 0.5
    colour: Annotated[Colour, Opt("Colour.")] = Colour.RED
    colours: Annotated[tuple[Colour, ...], Opt("Colours.")] = ()
    folder: Annotated[Path | None, Opt("Folder.")] = None
    times: Annotated[tuple[float, ...], Opt("Times.")] = (0.5,)
    limits: Annotated[Mapping[str, float], Opt("Limits.", flag=False)] = field(default_factory=dict)
    deep: Annotated[bool, Opt("Deep.")] = False
    again: Annotated[bool, Opt("Again.", table=None)] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.deep and self.size > 1000:
            raise BadOption("cannot be combined with deep", where="size")


values = st.one_of(st.none(), st.integers(1, 1000))


@given(values, values)
def test_later_sources_win_and_none_is_not_given(low: int | None, high: int | None) -> None:
    wanted = next((value for value in (high, low) if value is not None), 256)
    made = config.build(Sized, {"size": low}, {"size": high})
    assert made.size == wanted
    assert ("size" in made.given) == (low is not None or high is not None)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("size", "12", 12), ("rate", "1e-3", 0.001), ("colour", "blue", Colour.BLUE), ("folder", "x/y", Path("x/y")),
        ("times", [1, 2], (1.0, 2.0)), ("times", "1, 2", (1.0, 2.0)), ("times", 3, (3.0,)),
        ("times", {2}, (2.0,)), ("times", np.array([1, 2]), (1.0, 2.0)), ("size", np.int64(3), 3),
        ("colours", "red,blue", (Colour.RED, Colour.BLUE)), ("limits", "a=1,b=0.5", {"a": 1.0, "b": 0.5}),
        ("limits", {"a": 1}, {"a": 1.0}), ("deep", True, True),
    ],
)  # fmt: skip
def test_values_become_what_the_fields_are(name: str, value: object, expected: object) -> None:
    assert getattr(config.build(Sized, {name: value}), name) == expected
    assert getattr(Sized(**{name: value}), name) == expected


WRONG = [
    ("size", 0, "must be 1 or more, not 0"),
    ("size", "many", "must be a whole number, not 'many'"),
    ("size", 1.5, "must be a whole number, not 1.5"),
    ("size", True, "must be a number, not True"),
    ("rate", 0, "must be more than 0, not 0"),
    ("rate", "nan", "must be a finite number, not 'nan'"),
    ("share", 1, "must be less than 1, not 1"),
    ("colour", "bleu", "must be one of red or blue, not 'bleu' (did you mean 'blue'?)"),
    ("colours", "red,bleu", "must be one of red or blue, not 'bleu' (did you mean 'blue'?)"),
    ("deep", "perhaps", "must be true or false, not 'perhaps'"),
    ("limits", "a=x", "must be a number, not 'x'"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_one_message_whichever_way_it_comes(
    name: str, value: object, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for make in (
        lambda: Sized(**{name: value}),
        lambda: config.build(Sized, {name: value}),
        lambda: config.call(Sized, "train", {name: value}),
    ):
        with pytest.raises(BadOption) as said:
            make()
        assert str(said.value) == f"{name}: {words}"
    with pytest.raises(InputInvalid) as file:
        Source(Sized, {name: value}, Path("x.toml"), "train")
    assert str(file.value) == f"x.toml, [train] {name}: {words}"
    with pytest.raises(InputInvalid) as recipe:
        Source(Sized, {name: value}, Path("x.toml"))
    assert str(recipe.value) == f"x.toml, {name}: {words}"


def test_options_that_do_not_go_together_are_told_where_they_stand() -> None:
    with pytest.raises(InputInvalid, match=r"^x.toml, \[train\] size: cannot be combined"):
        config.build(Sized, Source(Sized, {"size": 2000}, Path("x.toml"), "train"), {"deep": True})
    with pytest.raises(BadOption, match=r"^size: cannot be combined"):
        config.build(Sized, Source(Sized, {"deep": True}, Path("x.toml"), "train"), {"size": 2000})


def test_a_wrong_name_gets_the_nearest() -> None:
    with pytest.raises(UnknownOption, match=r"unknown option 'sise' .did you mean 'size'"):
        config.build(Sized, {"sise": 3})
    with pytest.raises(TypeError):
        config.build(Sized, {"sise": 3})
    with pytest.raises(InputInvalid, match=r"x.toml, \[train\]: unknown key 'sise' .did you mean 'size'"):
        Source(Sized, {"sise": 3}, Path("x.toml"), "train")
    with pytest.raises(InputInvalid, match=r"^x.toml: unknown key 'sise' .did you mean 'size'"):
        Source(Sized, {"sise": 3}, Path("x.toml"))
    with pytest.raises(InputInvalid, match="unknown key 'again'"):  # a flag only
        Source(Sized, {"again": True}, Path("x.toml"), "train")


@pytest.mark.parametrize("old", ["n_size", "n-size", "width"])
def test_old_names_are_read_with_a_note(old: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="bineego")
    assert config.build(Sized, Source(Sized, {old: 3}, Path("x.toml"), "train")).size == 3
    assert f"x.toml, [train]: '{old}' is now called 'size'" in caplog.text
    assert config.build(Sized, {"n_size": 4}).size == 4


def test_keywords_go_over_an_options_object() -> None:
    base = Sized(size=3, times=(1.0,))
    assert config.build(Sized, base, {"size": 4}) == Sized(size=4, times=(1.0,))
    assert config.build(Sized, None, {"size": 4}) == Sized(size=4)
    assert config.build(SharedPart, base) == SharedPart()


def test_none_is_the_default_whoever_says_it() -> None:
    assert Sized(size=None, rate=None) == config.build(Sized, {"size": None}) == Sized()  # type: ignore[arg-type]


def test_a_configuration_survives_its_file(tmp_path: Path) -> None:
    options = Sized(size=64, colour=Colour.BLUE, folder=tmp_path, times=(0.1, 0.2))
    path = tmp_path / "c.toml"
    toml.write_toml({"train": toml.to_toml(options)}, path)
    assert config.build(Sized, toml.read_toml(path)["train"]) == options


def test_flag_over_file_over_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.call(Sized, "train", {"size": None}) == Sized()
    Path(config.CONFIG_NAME).write_text('[train]\nsize = 3\nrate = 2\n[labels]\nunit = "ms"\n[localize]\nsize = 9\n')
    made = config.call(Sized, "train", {"size": "4"})
    assert (made.size, made.rate, made.unit) == (4, 2.0, "ms")
    assert {name: source.file for name, source in made.given.items()} == {
        "size": None, "rate": Path(config.CONFIG_NAME), "unit": Path(config.CONFIG_NAME),
    }  # fmt: skip
    # What a flag overrides is checked all the same.
    Path(config.CONFIG_NAME).write_text("[train]\nsize = 0\n")
    with pytest.raises(InputInvalid, match=r"bineego.toml, \[train\] size: must be 1 or more, not 0"):
        config.call(Sized, "train", {"size": "4"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[trian]\n", r"unknown table \[trian\] .did you mean 'train'"),
        ("train = 3\n", "must be a table"),
        ("[train]\nunit = 's'\n", r"\[train\]: unknown key 'unit'"),  # it stands in [labels]
        ("[labels]\nsize = 3\n", r"\[labels\]: unknown key 'size'"),
    ],
)
def test_wrong_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(config.CONFIG_NAME).write_text(text)
    with pytest.raises(InputInvalid, match=words):
        config.call(Sized, "train", {})


def test_broken_files_say_where(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"none\.toml"):
        toml.read_toml(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("a = 1\nb =\n")
    with pytest.raises(InputInvalid, match="line 2"):
        toml.read_toml(broken)
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(InputInvalid, match="UTF-8"):
        toml.read_toml(broken)
