"""A headless Chromium: the machine's own, or the one that Playwright brings."""

import contextlib
import shutil
import subprocess
import sys

from playwright.sync_api import Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowserError(Exception):
    """There is no Chromium; the text says what to do."""


@contextlib.contextmanager
def chromium():
    """A browser of Playwright's; NoBrowserError where there is none and none can be fetched."""
    with sync_playwright() as playwright:
        installed = next(filter(None, map(shutil.which, NAMES)), None)
        if installed is None:
            subprocess.run([sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"], capture_output=True)
        try:
            browser = playwright.chromium.launch(executable_path=installed)
        except Error as error:
            words = "There is no Chromium here: apt install chromium, or .venv/bin/playwright install chromium"
            raise NoBrowserError(f"{words}\n{error}") from error
        yield browser
        browser.close()
