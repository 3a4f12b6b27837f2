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


@pytest.fixture(scope="module")
def tab(browser):
    """The page that tests open one file after the other in: a new one would cost each of them half a second."""
    return browser.new_page()


@pytest.fixture
def visit(browser, tab):
    """Opens a file as from the file system, in a window and a color scheme; what was opened before is gone then."""
    with contextlib.ExitStack() as stack:

        def visit(path, width=1280, height=900, scheme="light", **context):
            stack.close()
            page = tab
            if context:
                page = browser.new_page(**context)
                stack.callback(page.close)
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(media="screen", color_scheme=scheme)
            opened = Opened(page)
            for event, note in {
                "console": lambda message: opened.console.append(message.text),
                "pageerror": lambda error: opened.console.append(str(error)),
                "request": lambda request: opened.requests.append(request.url),
                "dialog": lambda dialog: (opened.dialogs.append(dialog.message), dialog.dismiss()),
            }.items():
                page.on(event, note)
                stack.callback(page.remove_listener, event, note)
            page.goto(path.as_uri())
            return opened

        yield visit
