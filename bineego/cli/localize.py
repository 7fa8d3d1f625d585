"""`bineego localize`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bineego.cli import console
from bineego.cli.app import app
from bineego.postprocess.options import Postprocess
from bineego.tsm.config import Precision


@app.command("localize")
def localize(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Videos, folders, data sets, score tracks.")],
    model: Annotated[str | None, typer.Option(help="Run, its folder or file; A,B for two views. (newest run)")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder. (./<video>.csv for each)")] = None,
    subset: Annotated[str | None, typer.Option(help="Of a data set: train, val or test. (all)")] = None,
    view: Annotated[str | None, typer.Option(help="panoramic, third_person (or A,B), monocular, binocular.")] = None,
    videos: Annotated[Path | None, typer.Option(help="Folder of the videos of an annotation file.")] = None,
    postprocess: Annotated[Postprocess | None, typer.Option(help="How cells become segments.")] = None,
    refine: Annotated[bool | None, typer.Option(help="Move boundaries inside cells.")] = None,
    candidates: Annotated[bool | None, typer.Option(help="Add low-score segments for more recall.")] = None,
    threshold: Annotated[float | None, typer.Option(help="Probability at which an action counts. (0.5)")] = None,
    bridge: Annotated[float | None, typer.Option(help="Join segments at most S seconds apart. (0)")] = None,
    min_duration: Annotated[float | None, typer.Option(help="Drop segments under S seconds. (0)")] = None,
    scene_prior: Annotated[bool | None, typer.Option(help="Let the scene re-weight the actions.")] = None,
    stride: Annotated[float | None, typer.Option(help="Seconds between intervals. (their length)")] = None,
    clip_duration: Annotated[float | None, typer.Option(help="Seconds seen around an interval.")] = None,
    coarse: Annotated[int | None, typer.Option(help="Score every k-th interval first. (1)")] = None,
    batch: Annotated[int | None, typer.Option(help="Clips per call of the network.")] = None,
    precision: Annotated[Precision | None, typer.Option(help="Number format of the network.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1, mps. (auto)")] = None,
    backend: Annotated[str | None, typer.Option(help="Decoder: pyav or opencv. (pyav)")] = None,
    jobs: Annotated[int | None, typer.Option(help="Videos worked on at once. (1)")] = None,
    decoders: Annotated[int | None, typer.Option(help="Processes that decode one video.")] = None,
    formats: Annotated[str | None, typer.Option("--format", help="csv, json or csv,json. (csv)")] = None,
    save_scores: Annotated[bool | None, typer.Option(help="Keep the score tracks.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Do again what is done already.")] = False,
) -> None:
    """Find actions in videos: tables of timed segments. Prints the path of the table."""
    given: dict[str, Any] = {
        "model": model, "output": output, "subset": subset, "view": view, "videos": videos, "method": postprocess,
        "refine": refine, "candidates": candidates, "threshold": threshold, "bridge": bridge,
        "min_duration": min_duration, "scene_prior": None if scene_prior is None else float(scene_prior),
        "stride": stride, "clip_duration": clip_duration, "coarse": coarse, "batch": batch, "precision": precision,
        "device": device, "backend": backend, "jobs": jobs, "decoders": decoders, "save_scores": save_scores,
        "formats": None if formats is None else formats.split(","),
    }  # fmt: skip
    from bineego import config
    from bineego.inference.batch import localize as run
    from bineego.inference.options import LocalizeCall

    renamed = {"postprocess": "method", "format": "formats"}
    call = config.for_command(LocalizeCall, "localize", given, renamed=renamed)
    views = _names(call.view)
    with console.progress("localizing") as on_progress:
        found = run(
            inputs,
            model=_names(call.model) if call.model is not None and len(views) > 1 else call.model,
            # Without a folder every video gets its own table here, and there is none of all of them.
            output=call.output or Path(),
            joint=call.output is not None,
            subset=call.subset,
            view=views,
            videos=call.videos,
            options=call,
            formats=call.formats,
            save_scores=call.save_scores,
            overwrite=overwrite,
            on_progress=on_progress,
        )
    for path in found.results:
        print(path)


def _names(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """Several names: a list in the file, or one text with commas."""
    return tuple(given.split(",")) if isinstance(given, str) else given
