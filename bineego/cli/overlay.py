"""`bineego overlay`."""

from __future__ import annotations

from bineego.cli import console
from bineego.drawing.options import OverlayCall


def overlay(call: OverlayCall) -> None:
    """Draw predictions on a video.

    Prints the path of an MP4 with the current actions and their scores, a timeline, and the sound of the video.

    Examples:
      bineego overlay kitchen.mp4 kitchen.csv
      bineego overlay kitchen.mp4 out/predictions.csv -o shown.mp4
    """
    from bineego.drawing import overlay as run

    with console.progress("drawing") as on_progress:
        path = run(call.video, call.predictions, options=call, on_progress=on_progress)
    print(path)
