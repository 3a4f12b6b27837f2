"""Pages that stand alone: one HTML file each, which loads nothing and runs nothing but its own script.

A page is templates/<name>.html, which extends templates/page.html, with the styles of page.css and <name>.css and the script of
<name>.js, if there is one. Every value is escaped. The content security policy names the style and the script by their digests:
anything else that got into the page would be neither shown nor run.
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

from autograder.report.words import CODE, is_checked
from autograder.text import format_count, format_number

TEMPLATES = Path(__file__).with_name("templates")


def render_page(name: str, folder: Path = TEMPLATES, **values: Any) -> str:
    """Return the text of a page with the values of its template; the template may be in another folder."""
    style, script = read_texts(TEMPLATES / "page.css", folder / f"{name}.css"), read_texts(folder / f"{name}.js")
    frame = {"style": style, "script": script, "policy": build_policy(style, script)}
    return load_templates(folder).get_template(f"{name}.html").render(**frame, **values)


@cache
def load_templates(folder: Path) -> Environment:
    """Return the templates of a folder together with those of all pages; using an undefined value raises UndefinedError."""
    loader = FileSystemLoader([folder, TEMPLATES])
    templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    templates.globals.update(is_checked=is_checked, your_code=CODE)
    templates.filters.update(number=format_number, quantity=format_count, code=mark_code)
    return templates


def load_macro(template: str, name: str, folder: Path = TEMPLATES) -> Callable[..., Markup]:
    """Return a macro of a template as a function; the template may be in another folder."""
    return getattr(load_templates(folder).get_template(template).module, name)


@cache
def read_texts(*paths: Path) -> Markup:
    """Return the concatenated texts of our own files; files that do not exist are left out."""
    return Markup("".join(path.read_text(encoding="utf-8") for path in paths if path.exists()))  # noqa: S704


@cache
def build_policy(style: str, script: str = "", images: str = "") -> Markup:
    """Return the content security policy of a page: https://www.w3.org/TR/CSP3/#framework-directive-source-list."""
    digests = [
        f"{directive} '{digest_text(text)}'" for directive, text in (("style-src", style), ("script-src", script)) if text
    ]
    sources = [f"img-src {images}"] * bool(images)
    return Markup("; ".join(["default-src 'none'", *digests, *sources, "base-uri 'none'", "form-action 'none'"]))  # noqa: S704


def digest_text(text: str) -> str:
    """Return the digest that names a text in a policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@lru_cache(maxsize=1024)  # most are the sentences of the checks
def mark_code(text: str) -> Markup:
    """Return the text, escaped, with everything between backticks as code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704
