"""``{% style p %}``: the inline style of one element of a mail (a template builtin)."""

from __future__ import annotations

from django import template
from django.template.base import Parser, TextNode, Token

from config.rendering import STYLE

register = template.Library()


@register.tag
def style(parser: Parser, token: Token) -> TextNode:
    """Put the style into the template when it is compiled: a mail would look up a hundred of them."""
    try:
        _, name = token.split_contents()
        return TextNode(STYLE[name])
    except (ValueError, KeyError):
        raise template.TemplateSyntaxError(f"No such style: {token.contents}") from None
