"""The hand-out as a page: one HTML file that asks for nothing else and prints well."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograder.report.page import build_policy, load_templates, read_texts

HERE = Path(__file__).parent
# What the converter leaves to browsers, and browsers leave undone: brackets as high as their matrix, no space behind the sign
# of a number, a little space behind the name of a function.
TOUCHES = [
    (r"<mo>(&#x0005B;)</mo>(?=<mtable>)", r'<mo form="prefix" stretchy="true">\1</mo>'),
    (r"(?<=</mtable>)<mo>(&#x0005D;)</mo>", r'<mo form="postfix" stretchy="true">\1</mo>'),
    (r"(?<=</mo>)(?<!&#x00029;</mo>)<mo>(&#x02212;)</mo>", r'<mo form="prefix">\1</mo>'),
    (r"(?<!<msup>)<mi>(log|ln|tanh)</mi>(?!<mo)", r'<mi>\1</mi><mspace width="0.17em" />'),
]


def page(markdown: str, pictures: Mapping[str, str]) -> str:
    """Return the text as HTML with its maths as MathML; `pictures` holds the SVG text of every figure by file name.

    Raises KeyError for a picture that is not among them.
    """
    parser = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, renderer=mathml).use(anchors_plugin, max_level=3)
    parser.add_render_rule("image", image)
    parser.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0" role="group" aria-label="Table"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(markdown)
    title = next(token.content for token in tokens if token.type == "inline")
    body = parser.renderer.render(tokens, parser.options, {"pictures": pictures})
    for wide in ("<pre>", '<div class="math block">'):  # can be moved sideways by keyboard too
        body = body.replace(wide, f'{wide[:-1]} tabindex="0">')
    style = read_texts(HERE / "handout.css")
    frame = {"style": style, "script": "", "policy": build_policy(style, images="data:")}
    return load_templates(HERE).get_template("handout.html").render(title=title, body=body, **frame)


def mathml(formula: str, options: dict[str, Any]) -> str:
    """Return a formula between dollars as MathML."""
    text = convert(formula, display="block" if options["display_mode"] else "inline")
    for pattern, replacement in TOUCHES:
        text = re.sub(pattern, replacement, text)
    return text


def image(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Return a picture as a data URI: in an image of its own, its ids meet no others."""
    token = tokens[index]
    svg = env["pictures"][PurePosixPath(str(token.attrs["src"])).name]
    token.attrs["src"] = "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()
    token.attrs["alt"] = renderer.renderInlineAsText(token.children or [], options, env)
    return renderer.renderToken(tokens, index, options, env)
