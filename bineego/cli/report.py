"""`bineego report`."""

from __future__ import annotations

from bineego.page.options import ReportCall


def report(call: ReportCall) -> None:
    """Show results on a page where you can correct them.

    Prints the path of the page: a single HTML file that works offline, with a timeline of every video and, where
    ground truth is given, the scores. Corrected labels can be saved as a table for training.

    Examples:
      bineego report runs/first
      bineego report out --truth labels.csv --videos my-videos -o results.html
    """
    from bineego.page import report as run

    print(run(call.predictions, options=call))
