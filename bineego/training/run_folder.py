"""What a run writes to its folder (`bineego.runs`), and the choice of that folder. Files appear whole or not at all."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from bineego import files, segments
from bineego.config import build
from bineego.datasets.recording import Dataset
from bineego.datasets.split import Split, write_split
from bineego.errors import UsageError
from bineego.formats.annotations import Annotations
from bineego.formats.csv import write_scenes, write_segments
from bineego.formats.options import TABLE, LabelOptions, MomentOptions
from bineego.formats.table import csv_line
from bineego.runs import RunFolder
from bineego.toml import to_toml, write_toml
from bineego.training.epoch import Epoch
from bineego.training.log import unfitted
from bineego.training.options import RunOptions
from bineego.training.run_lock import is_free, lock
from bineego.training.validation import HeldOut, Validation
from bineego.tsm.card import ModelCard
from bineego.tsm.model_file import save_model
from bineego.tsm.network import TSM
from bineego.tsm.temporal_network import TemporalNetwork
from bineego.tsm.weights import InitReport

FORBIDDEN = frozenset('/\\:*?"<>|')


def clear(run: RunFolder) -> None:
    """Remove an earlier run of this name."""
    if not run.exists():
        return
    with files.disk_errors(run.path):
        # What makes it a run goes last, so that a removal that is cut short can be repeated.
        for entry in run.path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry != run.config:
                entry.unlink()
        shutil.rmtree(run.path)


def open_folder(
    run: RunFolder,
    source: Dataset | Path | str,
    split: Split,
    options: RunOptions,
    learnt: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> None:
    """Make the run's folder and write down what was decided.

    Args:
        source: the data set, as it was given.
        learnt: what is learnt and how, as options of `train`.
        facts: how it began.
    """
    if options.overwrite:
        clear(run)
    files.check_writable(run.path)
    dataset = source.name if isinstance(source, Dataset) else str(source)
    place = {"videos": options.videos, "view": options.view, "cache": options.cache}
    _write_config(run, {"dataset": dataset, "name": run.name, **place, **learnt}, options, facts)
    write_split(split, run.split)


def _write_config(run: RunFolder, train: Mapping[str, Any], options: RunOptions, facts: Mapping[str, Any]) -> None:
    """Everything that was decided: `[train]` and `[labels]` repeat the run, `[run]` says how it went."""
    labels = to_toml(build(LabelOptions, options)) | to_toml(build(MomentOptions, options))
    write_toml({"train": dict(train), TABLE: labels, "run": dict(facts)}, run.config)


def write_init(run: RunFolder, report: InitReport) -> None:
    """init.json: every tensor that was loaded, skipped (and why) or reshaped (and how)."""
    files.write_bytes(run.init, orjson.dumps(dataclasses.asdict(report), option=orjson.OPT_INDENT_2) + b"\n")


def keep_best(run: RunFolder, epoch: Epoch[TSM], card: ModelCard, result: Validation, held: HeldOut) -> None:
    """The network of an epoch is the best so far: it, and what it says of the held-out recordings."""
    metrics = {**unfitted(result.figures), "epoch": epoch.number}
    save_model(run.model, epoch.network, dataclasses.replace(card, metrics=metrics))
    write_validation(run, result, held)


def keep_latest(run: RunFolder, network: TSM | TemporalNetwork, card: ModelCard, figures: Mapping[str, Any]) -> None:
    """The network as the latest epoch left it."""
    save_model(run.last_model, network, dataclasses.replace(card, metrics=dict(figures)))


def write_validation(run: RunFolder, validation: Validation, held: HeldOut) -> None:
    """val/: predictions of the best checkpoint and the truth they are held against, in the time of their videos."""
    _write_truth(dataclasses.replace(held.truth, segments=_moved(held.truth.segments, held.begin)), run.ground_truth)
    write_segments(_moved(validation.predictions, held.begin), run.predictions)
    if validation.scenes:
        write_scenes(validation.scenes, run.scenes)


def _moved(table: pd.DataFrame, seconds: float) -> pd.DataFrame:
    return table if seconds == 0 else table.assign(start=table["start"] + seconds, end=table["end"] + seconds)


def write_figures(run: RunFolder, figures: Mapping[str, float]) -> None:
    """val/figures.json: what the finished model reaches; null where a figure is not a number."""
    files.write_bytes(run.figures, orjson.dumps(dict(figures), option=orjson.OPT_INDENT_2) + b"\n")


def choose_folder(options: RunOptions, name: str | None, default: str) -> RunFolder:
    """The folder of a run, checked: free (or to be resumed or replaced), in a place that can be written to.

    Args:
        name: as given; None = `default`, with a number where that is taken.

    Raises:
        UsageError: the name is taken, by something else or by a run and neither `resume` nor `overwrite` is given;
            there is nothing to resume; the name cannot be a folder name; another process trains this run; or nothing
            can be written there.
    """
    runs, resume, overwrite = options.runs, options.resume, options.overwrite
    if name is None:
        if resume:
            raise UsageError("--resume needs the name of the run", remedy="add --name NAME")
        files.check_writable(runs)
        for name in itertools.chain([default], (f"{default}-{i}" for i in itertools.count(2))):
            folder = RunFolder(runs / name)
            if not folder.exists() and is_free(folder) and not folder.exists():
                return folder
    assert name is not None
    folder = _checked(runs, name, resume=resume, overwrite=overwrite)
    files.check_writable(runs)
    lock(folder)
    return _checked(runs, name, resume=resume, overwrite=overwrite)  # what another training has left until now


def _checked(runs: Path, name: str, *, resume: bool, overwrite: bool) -> RunFolder:
    if not name or name.startswith(".") or FORBIDDEN & set(name):
        raise UsageError(f"{name!r} cannot be the name of a folder", where="--name")
    folder = RunFolder(runs / name)
    if resume and not folder.path.is_dir():  # an empty one: killed before its first file
        known = sorted(p.name for p in runs.iterdir() if p.is_dir()) if runs.is_dir() else []
        there = f"runs: {', '.join(known[:10])}" if known else f"there are no runs in {runs}"
        raise UsageError(f"no run {name!r} to resume", where=runs, remedy=there)
    if folder.exists() and not folder.config.is_file():
        raise UsageError("exists but is not a run (it has no config.toml)", where=folder.path)
    if folder.exists() and not (resume or overwrite):
        raise UsageError(
            f"a run named {name!r} exists", where=folder.path, remedy="add --resume, --overwrite or another --name"
        )
    return folder


def _write_truth(truth: Annotations, path: Path) -> None:
    """Ground truth as CSV, with a column `scene` where scenes are known; a video without actions is a row without."""
    table = segments.order_by_time(truth.segments)
    blank = [v for v in dict.fromkeys((*truth.videos, *truth.scenes)) if v not in set(table["video_id"])]
    columns = (*segments.COLUMNS, "scene") if truth.scenes else segments.COLUMNS
    rows: list[tuple[str, ...]] = [
        (video, label, segments.number_text(start), segments.number_text(end))
        for video, label, start, end in table[list(segments.COLUMNS)].itertuples(index=False)
    ]
    rows += [(video, "", "", "") for video in blank]
    with files.atomic_text(path) as stream:
        stream.write(csv_line(columns))
        stream.writelines(csv_line((*row, truth.scenes.get(row[0], ""))[: len(columns)]) for row in rows)
