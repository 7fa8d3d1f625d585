"""`bineego report`."""

from __future__ import annotations

from bineego.page.options import ReportCall


def report(call: ReportCall) -> None:
    """Show results as a page to look at and to correct.

    Prints its path: one HTML file without network, with the timeline of every video, its scores, and, where there is
    truth, how good they are. Labels that are corrected on it are saved as a table that train takes.

    Examples:
      bineego report runs/first
      bineego report out --truth labels.csv --videos my-videos -o results.html
    """
    from bineego.page import report as run

    print(run(call.predictions, options=call))
