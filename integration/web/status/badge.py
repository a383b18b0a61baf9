"""A badge of an organization: a small SVG that any page can show."""

from html import escape

from integration.operations.status_shapes import OrganizationState, OrganizationStatus
from integration.plain_text import plain

_WORDS = {"linked": "linked", "not_linked": "not linked", "unknown": "unknown"}
# Dark enough for white letters: a contrast of 4.5 or more (WCAG 2.2, 1.4.3).
_COLOURS = {"pass": "#1a7f37", "warn": "#9a6700", "fail": "#cf222e"}
_SHOWN = 40
_LETTER = 7
_PADDING = 10


def badge(organization: OrganizationStatus | OrganizationState) -> bytes:
    """Draw it; the state stands in words, and in the image's title for who cannot see it."""
    name = plain(organization.name)[:_SHOWN]
    word = _WORDS.get(organization.state, "unknown")
    left = len(name) * _LETTER + 2 * _PADDING
    right = len(word) * _LETTER + 2 * _PADDING
    title = escape(f"{name}: {word}")
    text = 'font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" fill="#fff" text-anchor="middle"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_COLOURS[organization.level]}"/>'
        f'<text x="{left / 2:g}" y="14" {text}>{escape(name)}</text>'
        f'<text x="{left + right / 2:g}" y="14" {text}>{escape(word)}</text>'
        "</svg>"
    ).encode()
