"""Files that a machine makes up, given to every reader: only our own errors may come back, and soon.

    PYTHONPATH=.:tests python tests/soak/fuzzing.py TARGET [--seconds 300] [--seed 0] [--found FOLDER]

Where `atheris` is installed (pip install atheris), libFuzzer changes the seeds towards code that has not run yet; else
they are changed at random. Inputs that raise something else, or take more than `SLOW` seconds, are kept in FOLDER; the
last line says how many inputs were tried, as JSON. What is mended is kept in `test_fuzzing.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import importlib.util
import io
import json
import logging
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SLOW = 20.0
"""Seconds in which the smallest machine reads a file of some kilobytes."""

MOST_BYTES = 4096

MEMORY = "/dev/shm"
"""Where files are written much faster than on a disk, if it is there."""

Target = Callable[[Path], object]


def imported() -> contextlib.AbstractContextManager[object]:
    """Within the block, code of the package that is imported tells the fuzzer where it has been."""
    if importlib.util.find_spec("atheris") is None:
        return contextlib.nullcontext()
    import atheris

    return atheris.instrument_imports(include=["bineego"])


def targets() -> dict[str, tuple[str, Target, list[bytes]]]:
    """By name: the ending of the file, its reader, and seeds."""
    with imported():
        from bineego import config, tracks
        from bineego.datasets.options import ExtractOptions
        from bineego.features import npy
        from bineego.formats import read
        from bineego.inference.options import LocalizeCall
        from bineego.training.options import TrainCall
        from bineego.tsm import card_file

    def read_toml(path: Path) -> None:
        with contextlib.chdir(path.parent):
            for command, cls in (("train", TrainCall), ("localize", LocalizeCall), ("extract-frames", ExtractOptions)):
                config.call(cls, command, {})

    def read_features(path: Path) -> None:
        npy.load(npy.describe(path))

    tables, documents = (
        written(("csv", "srt", "vtt", "vtrace", "challenge-csv")),
        written(("json", "via", "boris", "360x", "labelstudio", "challenge-json")),
    )
    return {
        "tables": (".csv", read.read_any, [*tables, *TABLES]),
        "json": (".json", read.read_any, documents),
        "eaf": (".eaf", read.read_any, written(("eaf",))),
        "toml": ("bineego.toml", read_toml, TOMLS),
        "tracks": (".scores.npz", tracks.load, [track()]),
        "features": (".npy", read_features, features()),
        "models": (".safetensors", card_file.read_card, [model()]),
    }


TABLES = [
    b"video;label;start;end\na;x;0,5;1,5\n",
    b"file\tbehavior\tonset\tduration\na.mp4\tx\t0:01.5\t00:00:02\n",
    b'sep=|\nvideo_id|label|start|end|score|subset\n"a"|x|1|2|.5|val\n',
    b"narration_id,participant_id,video_id,start_timestamp,stop_timestamp,verb,noun\nP01_01_0,P01,P01_01,00:00:00.14,00:00:03.37,open,door\n",
    b"video_test_0000004 0.2 1.1 5 0.9\n",
]
TOMLS = [
    b'[train]\nframes = 4\nlr = 0.1\nepochs = 3\ntrunk = "resnet18"\nkinds = ["motion"]\n[labels]\ntime-unit = "ms"\n',
    b'[localize]\nthreshold = 0.3\nview = ["panoramic"]\nformat = ["csv"]\n[extract-frames]\nsize = 128\njobs = 2\n',
]


def written(names: tuple[str, ...]) -> list[bytes]:
    """The same few segments in each format, as this program writes them."""
    from bineego import segments
    from bineego.formats.kinds import FileFormat
    from bineego.formats.media import Media
    from bineego.formats.write import WRITERS, write_segments

    rows = [["a", "a"], ["walking", "eating"], [0.0, 1.5], [1.0, 2.5]]
    found = []
    for name in names:
        how = WRITERS[FileFormat(name)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"a{how.suffixes[0]}"
            media = Media(path=Path("a.mp4"), length=10.0, rate=25.0, steady=True)
            for scores in ([], [[0.5, 0.25]]):
                write_segments(segments.make(*rows, *scores), path, name, {"a": media})
                found.append(path.read_bytes())
    return found


def track() -> bytes:
    from bineego import tracks

    made = tracks.ScoreTrack(
        video_id="v", edges=np.arange(5) * 0.5, logits=np.zeros((4, 3), np.float32), actions=("a", "b"), t=0.5,
        scene_probs=np.array([0.3, 0.7]), scenes=("in", "out"),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        tracks.save(made, path := Path(folder) / "v.scores.npz")
        return path.read_bytes()


def features() -> list[bytes]:
    found = []
    for array in (np.zeros((4, 3), np.float16), np.ones((2, 2), np.int64)):
        stream = io.BytesIO()
        np.save(stream, array)
        found.append(stream.getvalue())
    return found


def model() -> bytes:
    from safetensors.numpy import save

    from bineego.labels import LabelSet
    from bineego.tsm.card import ModelCard
    from bineego.tsm.card_file import header_of
    from bineego.tsm.config import NetworkConfig, Trunk
    from bineego.video.frames import FrameOptions

    card = ModelCard(
        name="tiny", network=NetworkConfig(trunk=Trunk.RESNET18, n_classes=3, n_scenes=0, n_frames=4),
        labels=LabelSet(actions=("jump", "run"), scenes=()), interval=0.5, frames=FrameOptions(size=32),
    )  # fmt: skip
    arrays = {"weight": np.zeros(2, np.float32)}
    return save(arrays, header_of(card, arrays))


class Fuzzer:
    """Tries inputs, and keeps those that fail, one for each place in the code."""

    def __init__(self, name: str, found: Path) -> None:
        self.suffix, self.target, self.seeds = targets()[name]
        self.name, self.found = name, found
        self.tried, self.slowest = 0, 0.0
        self.failures: dict[str, str] = {}
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
        self.path = self.folder / (
            self.suffix if "." in self.suffix.lstrip(".") and self.suffix[0] != "." else f"f{self.suffix}"
        )

    def __call__(self, content: bytes) -> None:
        from bineego.errors import BineegoError

        self.tried += 1
        self.path.write_bytes(content)
        began = time.process_time()
        try:
            self.target(self.path)
        except BineegoError:
            pass
        except Exception as error:
            self._keep(content, error)
        took = time.process_time() - began
        self.slowest = max(self.slowest, took)
        if took > SLOW:
            self._keep(content, TimeoutError(f"{took:.0f} s"))

    def _keep(self, content: bytes, error: Exception) -> None:
        frames = [f"{Path(at.filename).name}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)]
        place = f"{type(error).__name__} {' '.join(frames[-2:])}"
        if place not in self.failures:
            self.failures[place] = f"{error}"[:200]
            self.found.mkdir(parents=True, exist_ok=True)
            (self.found / f"{self.name}-{len(self.failures)}{Path(self.suffix).suffix}").write_bytes(content)
            traceback.print_exception(error)

    def result(self) -> dict[str, Any]:
        return {"inputs": self.tried, "slowest_s": round(self.slowest, 2), "failures": self.failures}


def changed(seeds: list[bytes], rng: np.random.Generator) -> Iterator[bytes]:
    """Seeds with bytes flipped, put in, cut out, repeated, and joined."""
    while True:
        data = bytearray(seeds[int(rng.integers(len(seeds)))])
        for _ in range(int(rng.integers(1, 5))):
            at, length = int(rng.integers(0, len(data) + 1)), int(rng.choice([1, 2, 8, 40]))
            match int(rng.integers(5)):
                case 0:
                    data[at : at + length] = rng.integers(0, 256, length, np.uint8).tobytes()
                case 1:
                    del data[at : at + length]
                case 2:
                    data[at:at] = data[max(0, at - length) : at]
                case 3:
                    other = seeds[int(rng.integers(len(seeds)))]
                    data[at:at] = other[: int(rng.integers(len(other) + 1))]
                case _:
                    data[at:at] = rng.choice(WORDS)
        yield bytes(data[:MOST_BYTES])


WORDS = [
    b'"',
    b",",
    b"\n",
    b"\0",
    b"\xff\xfe",
    b"1e999",
    b"-1",
    b"nan",
    b"null",
    b"{",
    b"[",
    b"\x1b[31m",
    b"9" * 60,
    b"\\ud800",
]


def fuzz(name: str, seconds: float, seed: int, found: Path) -> dict[str, Any]:
    """Try inputs for so long (CPU time); what came of it."""
    fuzzer = Fuzzer(name, found)
    end = time.process_time() + seconds
    if importlib.util.find_spec("atheris") is None:
        for content in changed(fuzzer.seeds, np.random.default_rng(seed)):
            fuzzer(content)
            if time.process_time() > end:
                return fuzzer.result() | {"by": "random changes"}
    import atheris

    corpus = fuzzer.folder / "corpus"
    corpus.mkdir()
    for number, content in enumerate(fuzzer.seeds):
        (corpus / str(number)).write_bytes(content)

    def one(content: bytes) -> None:
        fuzzer(content)
        if time.process_time() > end:
            print(json.dumps(fuzzer.result() | {"by": f"atheris {importlib.metadata.version('atheris')}"}), flush=True)
            os._exit(0)

    atheris.Setup([sys.argv[0], str(corpus), f"-seed={seed + 1}", f"-max_len={MOST_BYTES}", "-verbosity=0"], one)
    atheris.Fuzz()
    raise AssertionError("the fuzzer ended by itself")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("target")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--found", type=Path, default=Path("fuzzing-found"))
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    print(json.dumps(fuzz(given.target, given.seconds, given.seed, given.found)))


if __name__ == "__main__":
    main()
