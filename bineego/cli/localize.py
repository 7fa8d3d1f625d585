"""`bineego localize`."""

from __future__ import annotations

import logging
from pathlib import Path

from bineego import records
from bineego.cli import console
from bineego.errors import UsageError
from bineego.inference.options import LocalizeCommand

log = logging.getLogger(__name__)


def localize(call: LocalizeCommand) -> None:
    """Find actions in videos and write them to tables of timed segments.

    Prints the path of the table. Without --output, each video gets a table in the current folder.

    Examples:
      bineego localize video.mp4
      bineego localize my-videos --model runs/first -o out --save-scores
    """
    from bineego.inference.batch import localize as run
    from bineego.inference.output import is_file
    from bineego.page.options import PAGE
    from bineego.postprocess.candidates import RANK

    output = call.output or Path()
    folder = output.parent if is_file(output) else output
    if call.report and not isinstance(folder, Path):
        raise UsageError("a page is written on this machine, and -o is an address", where="--report")
    if call.report and isinstance(folder, Path):
        records.check_free(folder / PAGE, overwrite=call.overwrite, flag="--report")
    with console.progress("localizing") as on_progress:
        found = run(
            call.inputs,
            model=call.models,
            output=output,
            joint=call.output is not None,
            options=call,
            on_progress=on_progress,
            on_video=on_progress.video,
        )
    if len(found.videos) == 1:
        sure = found.predictions[found.predictions["score"] >= RANK]
        columns = (sure[name] for name in ("label", "start", "end", "score"))
        console.show_segments(zip(*columns, strict=True))
    for path in found.results:
        print(path)
    if call.report and isinstance(folder, Path):
        from bineego.page.results import report_of

        log.info("page: %s", report_of(found, folder, overwrite=call.overwrite))
