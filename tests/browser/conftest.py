"""Pages in a headless Chromium that note whatever they complain about or ask for."""

import contextlib
import os
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import NoBrowserError, chromium


@dataclass
class Opened:
    """A page, what came up on its console, what it asked for, and the dialogs it opened."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


# A module's, and no longer: the loop that Playwright keeps running is in the way of other tests' loops.
@pytest.fixture(scope="module")
def browser():
    """Where there is none these tests are skipped, but in CI they fail."""
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(chromium())
        except NoBrowserError as error:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


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
