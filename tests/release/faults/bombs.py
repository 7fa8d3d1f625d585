"""Files that would run code of theirs if they were unpickled, of ten kinds, in every place that reads a file."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from cli.conftest import Done


class _Runs:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path, by: Callable[..., object]) -> None:
        self.mark, self.by = mark, by

    def __reduce__(self) -> tuple[object, tuple[str]]:
        text = f"open({str(self.mark)!r}, 'w')"
        return self.by, (f"touch {self.mark}" if self.by is os.system else text,)


KINDS = (
    "protocol 0", "protocol 2", "protocol 4", "protocol 5", "eval", "torch", "torch, old", "npy", "npz", "zip",
)  # fmt: skip


def kinds(mark: Path) -> Mapping[str, bytes]:
    """The files, by what they are."""
    system, evaluated = _Runs(mark, os.system), _Runs(mark, eval)

    def torch_file(*, packed: bool) -> bytes:
        stream = io.BytesIO()
        torch.save({"model": system}, stream, _use_new_zipfile_serialization=packed)
        return stream.getvalue()

    def arrays(save: Callable[..., None]) -> bytes:
        stream = io.BytesIO()
        save(stream, np.array([evaluated, 1], object))
        return stream.getvalue()

    def in_a_zip(name: str) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as packed:
            packed.writestr(name, pickle.dumps(system))
        return stream.getvalue()

    return {
        **{f"protocol {number}": pickle.dumps({"a": system}, protocol=number) for number in (0, 2, 4, 5)},
        "eval": pickle.dumps([evaluated]),
        "torch": torch_file(packed=True),
        "torch, old": torch_file(packed=False),
        "npy": arrays(np.save),
        "npz": arrays(lambda stream, array: np.savez(stream, meta=array)),
        "zip": in_a_zip("archive/data.pkl"),
    }


PLACES: Mapping[str, tuple[str, list[str]]] = {
    "a model": ("m.safetensors", ["info", "m.safetensors"]),
    "a model to localize with": ("m.safetensors", ["localize", "VIDEO", "--model", "m.safetensors", "-o", "out"]),
    "weights to start from": (
        "w.pt",
        ["train", "DATA", "--trunk", "resnet18", "--init", "w.pt", "--name", "r", "--cache", "frames"],
    ),
    "a state to go on from": (
        "runs/r/last/state.pt",
        ["train", "DATA", "--trunk", "resnet18", "--init", "random", "--name", "r", "--resume", "--cache", "frames"],
    ),
    "a score track": ("v.scores.npz", ["localize", "v.scores.npz", "-o", "out"]),
    "tracks of an ensemble": ("v.scores.npz", ["ensemble", "v.scores.npz", "v.scores.npz", "-o", "e.csv"]),
    "features": ("feats/v.npy", ["localize", "feats/v.npy", "--model", "MODEL", "-o", "out"]),
    "features to train on": (
        "feats/r0.npy",
        ["train", "DATA", "--head", "temporal", "--features", "feats", "--name", "r"],
    ),
    "predictions": ("p.csv", ["evaluate", "p.csv", "p.csv"]),
    "labels": ("p.json", ["train", "p.json", "--videos", "."]),
    "labels to convert": ("p.xlsx", ["convert", "p.xlsx", "out.csv"]),
    "a configuration": ("bineego.toml", ["localize", "VIDEO", "--model", "MODEL", "-o", "out"]),
    "a video": ("v.mp4", ["extract-frames", "v.mp4", "-o", "out"]),
}
"""Name of the file, and the command that reads it."""


def tried(
    run: Callable[..., Done], work: Path, inputs: Mapping[str, Path], pairs: Sequence[tuple[str, str]]
) -> list[str]:
    """What is wrong with how commands take such files.

    Args:
        run: runs a command line, in a folder.
        inputs: what else the commands work on, by the names in `PLACES`.
        pairs: places and kinds.
    """
    problems, mark = [], work / "it-ran"
    made = kinds(mark)
    for number, (place, kind) in enumerate(pairs):
        name, line = PLACES[place]
        folder = work / str(number)
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(made[kind])
        done = run(*(str(inputs.get(text, text)) for text in line), cwd=folder)
        if mark.exists():
            problems.append(f"{kind} as {place}: IT RAN")
            mark.unlink()
        elif "Traceback" in done.stderr or "a bug in" in done.stderr or done.returncode not in (2, 3, 4, 5, 6):
            problems.append(f"{kind} as {place}: code {done.returncode}: {done.stderr[-300:]}")
    return problems
