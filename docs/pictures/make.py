"""The pictures of the documentation, from a finished demo: `python docs/pictures/make.py bineego-demo`.

Needs Playwright and a Chromium on the machine. Everything that is shown is synthetic.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
VIEW = {"width": 1280, "height": 860}


def main(demo: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=VIEW)
        page.goto((demo / "report.html").resolve().as_uri())
        page.wait_for_selector(".segment")
        page.locator(".segment").nth(2).click()
        page.wait_for_timeout(1500)  # the video's first picture
        page.screenshot(path=HERE / "report.png")
        page.click("#tab-summary")
        page.wait_for_timeout(200)
        page.screenshot(path=HERE / "summary.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
