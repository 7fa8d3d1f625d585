from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import config
from bineego.errors import InputInvalid, InputMissing


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Options:
    size: int = 256
    rate: float = 0.1
    colour: Colour = Colour.RED
    folder: Path | None = None
    times: tuple[float, ...] = (0.5,)

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError("size must be positive")


values = st.one_of(st.none(), st.integers(1, 1000))


@given(values, values)
def test_later_sources_win_and_none_is_not_given(low: int | None, high: int | None) -> None:
    wanted = next((value for value in (high, low) if value is not None), 256)
    assert config.build(Options, {"size": low}, {"size": high}).size == wanted


def test_texts_become_what_the_fields_are() -> None:
    built = config.build(Options, {"colour": "blue", "folder": "x/y", "times": [1, 2]})
    assert built == Options(colour=Colour.BLUE, folder=Path("x/y"), times=(1.0, 2.0))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"sise": 3}, "did you mean 'size'"),
        ({"size": "many"}, "size"),
        ({"size": 0}, "size must be positive"),
        ({"colour": "green"}, "colour"),
    ],
)
def test_wrong_keys_and_values_are_named(source: dict[str, object], text: str) -> None:
    with pytest.raises(InputInvalid, match=text):
        config.build(Options, source, where="bineego.toml")


def test_dashes_are_underscores() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Dashed:
        scene_weight: float = 1.0

    assert config.build(Dashed, {"scene-weight": 2}).scene_weight == 2.0


def test_a_configuration_survives_its_file(tmp_path: Path) -> None:
    options = Options(size=64, colour=Colour.BLUE, folder=tmp_path, times=(0.1, 0.2))
    path = tmp_path / "c.toml"
    config.write_toml({"train": config.to_toml(options)}, path)
    assert config.build(Options, config.read_toml(path)["train"]) == options


def test_command_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.command_table("train", ("train", "evaluate")) == {}
    Path(config.CONFIG_NAME).write_text("[train]\nsize = 3\n")
    assert config.command_table("train", ("train", "evaluate")) == {"size": 3}
    assert config.command_table("evaluate", ("train", "evaluate")) == {}
    Path(config.CONFIG_NAME).write_text("[trian]\n")
    with pytest.raises(InputInvalid, match="did you mean 'train'"):
        config.command_table("train", ("train", "evaluate"))
    Path(config.CONFIG_NAME).write_text("train = 3\n")
    with pytest.raises(InputInvalid, match="must be a table"):
        config.command_table("train", ("train", "evaluate"))


def test_broken_files_say_where(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"none\.toml"):
        config.read_toml(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("a = 1\nb =\n")
    with pytest.raises(InputInvalid, match="line 2"):
        config.read_toml(broken)
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(InputInvalid, match="UTF-8"):
        config.read_toml(broken)
