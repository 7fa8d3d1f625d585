"""What users see of the options: the help, the reference, and one look of errors."""

from __future__ import annotations

import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from dataclasses import MISSING
from itertools import pairwise
from pathlib import Path

import pytest

from bineego import config, values
from bineego.cli import console
from bineego.cli.app import COMMANDS, app
from bineego.cli.help import metavar
from bineego.cli.reference import reference
from bineego.errors import InputInvalid
from bineego.words import flag

FUNCTIONS = [function for functions in COMMANDS.values() for function in functions]
NAMES = [function.__name__.replace("_", "-") for function in FUNCTIONS]
CALLS = {name: typing.get_type_hints(function)["call"] for name, function in zip(NAMES, FUNCTIONS, strict=True)}
OF_FILE = [name for name in NAMES if name in config.TABLES]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs a command line in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    console.set_up_logging()

    def call(*args: str) -> tuple[int, str, str]:
        code = console.run(lambda: app(list(args), prog_name="bineego", standalone_mode=False))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_the_reference_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "options.md"
    assert page.read_text() == reference(), "python -m bineego.cli.reference > docs/options.md"


@pytest.mark.parametrize("name", NAMES)
def test_help_is_whole_and_fits_80_columns(run, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert f"Examples:\n  bineego {name}" in out
    words = " ".join(out.split())
    for option in config.options(CALLS[name]).values():
        if option.flag:
            assert (metavar(option) if option.argument else flag(option.name)) in words
            assert option.help[0].isupper() or option.help.split()[0].rstrip(":") in (
                *values.choices(option.kind),
                "tIoU",
            )
            assert option.help.endswith(".")


def test_commands_and_options_stand_in_panels(run) -> None:
    out = run("--help")[1]
    assert [line for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")] == [
        "Work:", "Prepare:", "Look:", "Options:",
    ]  # fmt: skip
    out = run("localize", "--help")[1]
    headings = [line for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == [
        "Arguments:", "What to work on:", "Decoding:", "Speed:", "Output:", "Options:", "Examples:",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("predict x", "unknown command 'predict' (did you mean 'localize'?)"),
        ("trian x", "unknown command 'trian' (did you mean 'train'?)"),
        ("EVAL x", "unknown command 'EVAL' (did you mean 'evaluate'?)"),
        ("frobnicate", "unknown command 'frobnicate'"),
        ("localize x --treshold 0.3", "unknown flag --treshold (did you mean '--threshold'?)"),
        ("--frobnicate", "unknown flag --frobnicate"),
        ("localize x --threshold", "--threshold: needs a value"),
        ("localize", "INPUT is missing"),
        ("info a b c", "too many arguments: b c"),
        ("train d --frames 0", "--frames: must be 1 or more, not 0"),
        ("train d --frames x", "--frames: must be a whole number, not 'x'"),
        ("train d --trunk resnet19", "--trunk: must be one of "),
        ("train d --resume --overwrite --name a", "--resume: cannot be combined with --overwrite"),
        ("localize x --format csv,xml", "--format: must be one of "),
        ("localize x --shard 9/8", "--shard: must be I/N with I from 1 to N, such as 3/8, not '9/8'"),
        ("evaluate t p --tiou 2", "--tiou: must be more than 0 and at most 1, not 2"),
        ("evaluate t p --bootstrap -1", "--bootstrap: must be 0 or more, not -1"),
        ("ensemble a b --iou 1.5", "--iou: must be 1 or less, not 1.5"),
        ("extract-frames v --size 8", "--size: must be 16 or more, not 8"),
        ("demo --seed -1", "--seed: must be 0 or more, not -1"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_a_remedy(run, line: str, error: str) -> None:
    code, out, err = run(*line.split())
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {error}")
    assert len(err.splitlines()) <= 2
    assert not any(mark in err for mark in ("│", "Traceback", "Call", "given:", "Options("))


@pytest.mark.parametrize("name", OF_FILE)
def test_a_wrong_file_is_told_with_table_and_key(run, name: str) -> None:
    options = config.options(CALLS[name]).values()
    option = next(o for o in options if o.table == "" and o.flag and values.plain(o.kind) in (int, float))
    needed = ["x" for o in options if o.default is MISSING]
    Path("bineego.toml").write_text(f"[{name}]\n{option.name} = -7\n")
    code, out, err = run(name, *needed)
    assert (code, out) == (4, "")
    assert err.startswith(f"error: bineego.toml, [{name}] {option.name}: must be ")
    assert err.endswith(", not -7\n")
    # A flag that goes over it makes it no better.
    assert run(name, *needed, flag(option.name), "1")[0] == 4
    Path("bineego.toml").write_text(f"[{name}]\n{option.name}x = 1\n")
    code, _, err = run(name, *needed)
    assert code == 4
    assert err == f"error: bineego.toml, [{name}]: unknown key '{option.name}x' (did you mean '{option.name}'?)\n"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from bineego.cli.app import app; app(['--help'], standalone_mode=False); "
        "print([m for m in ('torch', 'pandas', 'numpy', 'pydantic', 'av') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


ODD = [-1, 2.5, 1e300, float("nan"), True, "", "x", "a=b", [], ["x"], [[1]], {"a": "x"}, [0.5, "x"], "9" * 99]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_file_says_of_an_option_is_taken_or_refused_by_name(name: str) -> None:
    for option in config.options(CALLS[name]).values():
        table = option.table or name
        for value in ODD if option.table is not None else ():
            try:
                config.Source(CALLS[name], {option.name: value}, Path("bineego.toml"), table)
            except InputInvalid as error:
                said = str(error)
                assert said.startswith(f"bineego.toml, [{table}] {option.name}: ")
                assert "\n" not in said
                assert len(said) < 400


def test_no_option_is_declared_twice() -> None:
    """A name in two parts of one call would take its type, range and words from whichever comes first."""

    def below(cls: type) -> Iterator[type]:
        for one in cls.__subclasses__():
            yield one
            yield from below(one)

    for cls in below(config.Options):
        declared = [base for base in cls.__mro__ if issubclass(base, config.Options)]
        for name in config.options(cls):
            owners = [base for base in declared if name in inspect.get_annotations(base)]
            assert all(issubclass(one, other) for one, other in pairwise(owners)), (cls, name, owners)
