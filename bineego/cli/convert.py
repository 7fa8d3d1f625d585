"""`bineego convert`."""

from __future__ import annotations

from bineego.datasets.options import ConvertCall


def convert(call: ConvertCall) -> None:
    """Convert labels or predictions from one format to another.

    Prints the path of the result. The format of the input is recognised by its content.

    Examples:
      bineego convert project.boris labels.csv
      bineego convert predictions.csv project.boris --videos my-videos
      bineego convert labels.csv subtitles --format srt
    """
    from bineego.datasets.converting import convert as run

    print(run(call.source, call.target, options=call))
