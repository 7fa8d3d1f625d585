"""How fast the report page opens, and stays, in headless Chromium.

    python -m benchmarks.speed.page [--rounds 5] [--json benchmarks/results/page.json]

Pages of synthetic results with scores and truth, without videos: the file's size; seconds from the address to the first
drawn timeline, in a fresh tab; milliseconds from a click on another video, and from a turn of the wheel, to the frame
after it. Needs Playwright and a Chromium.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from benchmarks.common import Cell, asked, parser, report, spread
from bineego import segments
from bineego.formats.annotations import Annotations
from bineego.page import write_page
from bineego.page.results import gather
from bineego.tracks import ScoreTrack

VIEW = {"width": 1280, "height": 860}
DRAWN = "document.querySelector('#list button') && document.querySelector('.lane')"
AFTER = """(act) => new Promise((done) => {
  const began = performance.now();
  ({ next: () => travel(1), zoom: () => timeline.zoom(0.9, current.length / 2) })[act]();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
})"""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much a page holds; `found` segments and half as many true ones in each video."""

    videos: int
    actions: int
    minutes: float
    found: int

    def __str__(self) -> str:
        return f"{self.videos} x {self.minutes:g} min"


SIZES = (
    Size(videos=1, actions=5, minutes=180, found=1000),
    Size(videos=20, actions=5, minutes=5, found=40),
    Size(videos=200, actions=50, minutes=10, found=100),
)


def make_page(size: Size, path: Path) -> None:
    """Write a page of this size."""
    rng = np.random.default_rng(0)
    seconds = 60 * size.minutes
    actions = tuple(f"action {i}" for i in range(size.actions))
    videos = [f"video-{i:03}" for i in range(size.videos)]
    edges, none = np.arange(0, seconds + 0.5, 0.5), np.zeros(0)
    tracks = []
    for video in videos:
        logits = rng.normal(size=(len(edges) - 1, size.actions + 1)).astype(np.float32)
        logits[:, 0] += 4
        tracks.append(ScoreTrack(video_id=video, edges=edges, logits=logits, actions=actions, t=0.5, scene_probs=none))
    tables = []
    for count in (size.found, size.found // 2):
        n, ids = count * size.videos, np.repeat(videos, count)
        start = rng.uniform(0, seconds - 10, n)
        tables.append((ids, rng.choice(actions, n), start, start + rng.uniform(1, 8, n), rng.uniform(0.1, 1, n)))
    found, true = segments.make(*tables[0]), segments.make(*tables[1][:4])
    truth = Annotations(segments=true, videos=tuple(videos))
    write_page(gather("benchmark", found, truth, None, tracks), path)


def measure(browser: Any, path: Path, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds to open, milliseconds to the next video and to zoom, in every round."""
    opened, moved, zoomed = [], [], []
    for _ in range(rounds):
        context = browser.new_context(viewport=VIEW)
        page = context.new_page()
        began = time.monotonic()
        page.goto(path.as_uri(), wait_until="commit")
        while not page.evaluate(DRAWN):
            page.wait_for_timeout(5)
        opened.append(time.monotonic() - began)
        moved += [page.evaluate(AFTER, "next") for _ in range(5)]
        zoomed += [page.evaluate(AFTER, "zoom") for _ in range(10)]
        context.close()
    return opened, moved, zoomed


def main() -> None:
    made = parser(__doc__, rounds=5)
    made.set_defaults(sizes=SIZES)
    call = asked(made, sizes=SIZES[1:2])
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        path = Path(folder) / "report.html"
        for size in call.sizes:
            make_page(size, path)
            figures = measure(browser, path, call.rounds)
            rows.append([str(size), size.actions, path.stat().st_size / 1e6, *map(spread, figures)])
        browser.close()
    columns = {"videos": "", "actions": "d", "MB": ".1f",
               "opened, s": ".2f", "next video, ms": ".0f", "zoom, ms": ".0f"}  # fmt: skip
    report(call, columns, rows, note="Median of all rounds, smallest and largest.")


if __name__ == "__main__":
    main()
