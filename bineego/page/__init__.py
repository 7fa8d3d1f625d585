"""The report page: results of up to hundreds of videos in one file, to look at and to correct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.page.build import write_page
    from bineego.page.content import Content
    from bineego.page.results import report

__all__ = ["Content", "report", "write_page"]

_HOMES = {"Content": "content", "report": "results", "write_page": "build"}

__getattr__ = attach(__name__, _HOMES)
