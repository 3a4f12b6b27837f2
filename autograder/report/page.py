"""Pages that stand alone: one HTML file each, which asks for nothing and runs nothing but its own script.

A page is templates/<name>.html, which fills in templates/page.html, with the rules of page.css and <name>.css and the script
of <name>.js, where there is one. Each value that goes into it is escaped. Its content security policy names the style and the
script by their digests: whatever else got into it would be neither shown nor run.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.report.words import counted, number

TEMPLATES = Path(__file__).with_name("templates")


def page(name: str, folder: Path = TEMPLATES, **values: Any) -> str:
    """The text of a page, the values of its template filled in; the template may lie in another folder."""
    style, script = texts(TEMPLATES / "page.css", folder / f"{name}.css"), texts(folder / f"{name}.js")
    frame = {"style": style, "script": script, "policy": policy(style, script)}
    return environment(folder).get_template(f"{name}.html").render(**frame, **values)


@cache
def environment(folder: Path) -> Environment:
    """The templates of a folder, and those of all pages; what they use and do not have fails."""
    loader = FileSystemLoader([folder, TEMPLATES])
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(number=number, code=code, counted=counted)
    return made


def macro(template: str, name: str) -> Callable[..., Markup]:
    """A macro of a template, to be called from here."""
    return getattr(environment(TEMPLATES).get_template(template).module, name)


@cache
def texts(*paths: Path) -> Markup:
    """The text of some files of ours, one after the other, as far as they are there."""
    return Markup("".join(path.read_text(encoding="utf-8") for path in paths if path.exists()))  # noqa: S704


@cache
def policy(style: str, script: str = "", pictures: str = "") -> Markup:
    """The content security policy of a page: https://www.w3.org/TR/CSP3/#framework-directive-source-list."""
    allowed = {"style-src": style, "script-src": script}
    told = [f"{directive} '{digest(text)}'" for directive, text in allowed.items() if text]
    told += [f"img-src {pictures}"] * bool(pictures)
    return Markup("; ".join(["default-src 'none'", *told, "base-uri 'none'", "form-action 'none'"]))  # noqa: S704


def digest(text: str) -> str:
    """The digest by which a policy names a text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@lru_cache(maxsize=1024)  # most are the sentences of the checks
def code(text: str) -> Markup:
    """The text, escaped, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704
