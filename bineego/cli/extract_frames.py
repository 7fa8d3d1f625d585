"""`bineego extract-frames`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bineego.cli import console
from bineego.cli.app import app
from bineego.datasets.recording import View
from bineego.video.options import Backend, FrameOptions


@dataclass(frozen=True, kw_only=True)
class ExtractCall(FrameOptions):
    """All that the command takes beside its inputs.

    Attributes:
        output: folder of the cache; None = the one that `train` uses.
        jobs: processes; None = one a core.
        backend: what decodes.
        view: camera, of a data set that has several.
        videos: folder of the videos of an annotation file.
    """

    output: Path | None = None
    jobs: int | None = None
    backend: Backend = Backend.PYAV
    view: View = View.PANORAMIC
    videos: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.jobs is not None and self.jobs < 1:
            raise ValueError(f"jobs must be 1 or more, not {self.jobs}")


@app.command("extract-frames")
def extract_frames(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Videos, folders of them, data sets.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Cache folder. (./.bineego/frames)")] = None,
    size: Annotated[int | None, typer.Option(help="Height and width of the frames. (256)")] = None,
    keep_aspect: Annotated[
        bool | None, typer.Option("--keep-aspect/--square", help="Keep proportions; --size is the shorter side.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes. (one a core)")] = None,
    backend: Annotated[Backend | None, typer.Option(help="Decoder. (pyav)")] = None,
    view: Annotated[View | None, typer.Option(help="Camera, of a data set that has several. (panoramic)")] = None,
    videos: Annotated[Path | None, typer.Option(help="Folder of the videos of an annotation file.")] = None,
) -> None:
    """Decode videos once, into a cache that training reads from. Prints the cache's path; goes on where it stopped."""
    from bineego import config

    given = {
        "output": output, "size": size, "keep_aspect": keep_aspect, "jobs": jobs, "backend": backend, "view": view,
        "videos": videos,
    }  # fmt: skip
    call = config.for_command(ExtractCall, "extract-frames", given)

    from bineego.datasets.inputs import resolve_videos
    from bineego.training.options import DEFAULT_CACHE
    from bineego.video.extract import extract_frames as run

    found = resolve_videos(inputs, view=call.view, videos=call.videos)
    options = FrameOptions(size=call.size, keep_aspect=call.keep_aspect)
    with console.progress("extracting frames") as on_progress:
        cache = run(
            found,
            call.output or DEFAULT_CACHE,
            options=options,
            jobs=call.jobs,
            backend=call.backend,
            on_progress=on_progress,
        )
    print(cache.folder)
