"""A headless Chromium, and pages in it that note whatever they complain about or ask for."""

import contextlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Error, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NONE = "There is no Chromium here: apt install chromium, or .venv/bin/playwright install chromium"


@dataclass
class Opened:
    """A page, what came up on its console, what it asked for, and the dialogs it opened."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@contextlib.contextmanager
def chromium():
    """Chromium as the machine has it, or as Playwright brings it; pytest.skip without one, but a failure in CI."""
    with sync_playwright() as playwright:
        installed = next(filter(None, map(shutil.which, NAMES)), None)
        if installed is None:
            subprocess.run([sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"], capture_output=True)
        try:
            browser = playwright.chromium.launch(executable_path=installed)
        except Error as error:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{NONE}\n{error}")
        yield browser
        browser.close()


# A module's, and no longer: the loop that Playwright keeps running is in the way of other tests' loops.
@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def visit(browser):
    """Opens a file as from the file system, in a window and a colour scheme."""
    with contextlib.ExitStack() as stack:

        def visit(path, width=1280, height=900, scheme="light", **context):
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **context)
            stack.callback(context.close)
            opened = Opened(context.new_page())
            opened.page.on("console", lambda message: opened.console.append(message.text))
            opened.page.on("pageerror", lambda error: opened.console.append(str(error)))
            opened.page.on("request", lambda request: opened.requests.append(request.url))
            opened.page.on("dialog", lambda dialog: (opened.dialogs.append(dialog.message), dialog.dismiss()))
            opened.page.goto(path.as_uri())
            return opened

        yield visit
