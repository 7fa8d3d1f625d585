"""The pictures of the documentation, from a finished demo: `python docs/pictures/make.py bineego-demo`.

Needs Playwright and a Chromium on the machine. Everything that is shown is synthetic, and what a terminal shows is what
the commands print.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import bineego
from bineego.runs import RunFolder

HERE = Path(__file__).parent
VIEW = {"width": 1280, "height": 860}
TERMINAL = """<body style="margin:0;background:#14161a"><pre style="color:#e8eaee;font:14px/1.35 'DejaVu Sans Mono',
monospace;margin:0;padding:16px 20px;white-space:pre-wrap;max-width:1060px">{text}</pre></body>"""


def main(demo: Path) -> None:
    from playwright.sync_api import sync_playwright

    run, tracks = RunFolder(demo / "runs" / "temporal"), demo / "temporal-tracks"
    truth = run.ground_truth
    shutil.copyfile(run.path / "curves.png", HERE / "training.png")
    shutil.copyfile(demo / "timeline.png", HERE / "timeline.png")
    bineego.evaluate(truth, tracks / "predictions.csv", curves=True).plot().save(HERE / "curves.png")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        pages(browser, demo)
        suggestions(browser, tracks, Path(folder))
        overlay(browser, demo, Path(folder))
        own = "runs/temporal/val/ground_truth.csv"
        terminal(browser, "localize", ["localize", "temporal-tracks", "-o", f"{folder}/found"], demo)
        terminal(browser, "check", ["check", own, "--videos", "dataset/panoramic"], demo)
        terminal(browser, "evaluate", ["evaluate"], demo)
        terminal(browser, "info", ["info", "temporal"], demo)
        browser.close()


def pages(browser: Any, demo: Path) -> None:
    """The report page: a video, and the summary."""
    page = browser.new_page(viewport=VIEW)
    page.goto((demo / "report.html").resolve().as_uri())
    page.wait_for_selector(".segment")
    page.locator(".segment").nth(2).click()
    page.wait_for_timeout(1500)  # the video's first picture
    page.screenshot(path=HERE / "report.png")
    page.click("#tab-summary")
    page.wait_for_timeout(200)
    page.screenshot(path=HERE / "summary.png")


def suggestions(browser: Any, tracks: Path, folder: Path) -> None:
    """The page of what to label next, in the dark."""
    bineego.suggest(tracks, minutes=1, output=folder / "next")
    page = browser.new_page(viewport={"width": 1280, "height": 620}, color_scheme="dark")
    page.goto((folder / "next" / "suggestions.html").as_uri())
    page.wait_for_selector(".mark")
    page.click("#fit")
    page.wait_for_timeout(300)
    page.screenshot(path=HERE / "suggestions.png")


def overlay(browser: Any, demo: Path, folder: Path) -> None:
    """A picture of a video with its predictions drawn on it."""
    video = sorted((demo / "dataset" / "panoramic").glob("*.mp4"))
    known = set(bineego.read_segments(demo / "temporal-tracks" / "predictions.csv")["video_id"])
    chosen = next(path for path in video if path.stem in known)
    shown = folder / "overlay.mp4"
    bineego.overlay(chosen, demo / "temporal-tracks" / "predictions.csv", output=shown)
    (folder / "overlay.html").write_text(f'<body style="margin:0"><video src="{shown.name}" id="v"></video></body>')
    page = browser.new_page(viewport={"width": 900, "height": 600})
    page.goto((folder / "overlay.html").as_uri())
    page.wait_for_function("document.getElementById('v').readyState > 1")
    page.evaluate("document.getElementById('v').currentTime = 9")
    page.wait_for_timeout(1000)
    page.locator("#v").screenshot(path=HERE / "overlay.png")


def terminal(browser: Any, name: str, arguments: list[str], folder: Path) -> None:
    """What a command prints in a folder, as a terminal shows it."""
    environment = os.environ | {"COLUMNS": "110"}
    command = [sys.executable, "-m", "bineego", *arguments]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=folder
    )
    text = f"$ bineego {' '.join(arguments)}\n{done.stdout}".replace(f"{tempfile.gettempdir()}/", "")
    page = browser.new_page(viewport={"width": 1100, "height": 300})
    page.set_content(TERMINAL.format(text=html.escape(re.sub(r"\btmp\w+/", "", text))))
    page.locator("pre").screenshot(path=HERE / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
