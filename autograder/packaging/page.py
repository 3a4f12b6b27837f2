"""The hand-out as a page: one self-contained HTML file that prints well.

A figure whose SVG has groups with `data-step` is part of the page itself, and the page has a script to step through it.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograder.report.page import build_policy, load_templates, read_texts

HERE = Path(__file__).parent
STEP = "<g data-step="  # in a figure with steps
# Corrections to the converter's output: brackets as high as their matrix, no space after the sign of a number, and a thin space
# after the name of a function.
TOUCHES = [
    (r"<mo>(&#x0005B;)</mo>(?=<mtable>)", r'<mo form="prefix" stretchy="true">\1</mo>'),
    (r"(?<=</mtable>)<mo>(&#x0005D;)</mo>", r'<mo form="postfix" stretchy="true">\1</mo>'),
    (r"(?<=</mo>)(?<!&#x00029;</mo>)<mo>(&#x02212;)</mo>", r'<mo form="prefix">\1</mo>'),
    (r"(?<!<msup>)<mi>(log|ln|tanh)</mi>(?!<mo)", r'<mi>\1</mi><mspace width="0.17em" />'),
]


def page(markdown: str, pictures: Mapping[str, str]) -> str:
    """Return the text as HTML with its math as MathML; `pictures` maps the file name of every figure to its SVG text.

    Raise KeyError if a picture is missing.
    """
    parser = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, renderer=mathml).use(anchors_plugin, max_level=3)
    parser.add_render_rule("image", image)
    parser.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0" role="group" aria-label="Table"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(markdown)
    title = next(token.content for token in tokens if token.type == "inline")
    body = parser.renderer.render(tokens, parser.options, {"pictures": pictures})
    for wide in ("<pre>", '<div class="math block">'):  # so that the keyboard can scroll them sideways
        body = body.replace(wide, f'{wide[:-1]} tabindex="0">')
    style = read_texts(HERE / "handout.css")
    script = read_texts(HERE / "handout.js") if STEP in body else ""
    frame = {"style": style, "script": script, "policy": build_policy(style, script, images="data:")}
    return load_templates(HERE).get_template("handout.html").render(title=title, body=body, **frame)


def mathml(formula: str, options: dict[str, Any]) -> str:
    """Return a formula between dollars as MathML."""
    text = convert(formula, display="block" if options["display_mode"] else "inline")
    for pattern, replacement in TOUCHES:
        text = re.sub(pattern, replacement, text)
    return text


def image(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Return a picture as a data URI, so that its ids cannot clash with others, or as it is if it has steps."""
    token = tokens[index]
    svg = env["pictures"][PurePosixPath(str(token.attrs["src"])).name]
    description = renderer.renderInlineAsText(token.children or [], options, env)
    if STEP in svg:
        return svg.replace("<svg ", f'<svg role="img" aria-label="{escapeHtml(description)}" ', 1)
    token.attrs["src"] = "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()
    token.attrs["alt"] = description
    return renderer.renderToken(tokens, index, options, env)
