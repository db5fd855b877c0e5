# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A curve as SVG: both axes logarithmic, the name of each line at its end, no library needed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from tests.benchmark._measure import Curve

LEFT, TOP, WIDTH, HEIGHT, NAMES = 70, 40, 380, 240, 270
COLOURS = ("#0b6e4f", "#c8553d", "#2d5d9f", "#8a4f9e", "#7a6a00", "#555555")  # dark enough for text on white


def svg(curve: Curve) -> str:
    """Return the picture."""
    points = [point for line in curve.lines.values() for point in line]
    sizes, costs = sorted({size for size, _cost in points}), [cost for _size, cost in points]
    low, high = math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs)))
    span = math.log10(sizes[-1] / sizes[0])

    def at(size: float, cost: float) -> tuple[float, float]:
        x = LEFT + WIDTH * math.log10(size / sizes[0]) / span
        return round(x, 1), round(TOP + HEIGHT * (high - math.log10(cost)) / (high - low), 1)

    def parts() -> Iterator[str]:
        bottom, right = TOP + HEIGHT, LEFT + WIDTH
        yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right + NAMES} {bottom + 45}" role="img"'
        yield f' style="max-width: {right + NAMES}px; background: #fff" font-family="sans-serif" font-size="12">'
        yield f"<title>{escape(curve.title)}</title>"
        yield f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold">{escape(curve.title)}</text>'
        for power in range(low, high + 1):
            y = at(sizes[0], 10.0**power)[1]
            yield f'<path d="M{LEFT} {y}H{right}" stroke="#ddd"/><text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>'
        for size in sizes:
            x = at(size, 10.0**low)[0]
            yield f'<path d="M{x} {TOP}V{bottom}" stroke="#ddd"/><text x="{x}" y="{bottom + 18}" text-anchor="middle">{size:,g}</text>'
        yield f'<text x="{LEFT + WIDTH / 2}" y="{bottom + 38}" text-anchor="middle">{escape(curve.size)}</text>'
        yield f'<text transform="translate(16 {TOP + HEIGHT / 2}) rotate(-90)" text-anchor="middle">{escape(curve.unit)}</text>'
        heights = _apart({name: at(*line[-1])[1] for name, line in curve.lines.items()})
        for (name, line), colour in zip(curve.lines.items(), COLOURS, strict=False):
            spots = [at(*point) for point in line]
            drawn = "L".join(f"{x} {y}" for x, y in spots)
            yield f'<path d="M{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>'
            yield "".join(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in spots)
            yield f'<text x="{right + 10}" y="{heights[name] + 4}" fill="{colour}">{escape(name)}</text>'
        yield "</svg>"

    return "\n".join(parts()) + "\n"


def _apart(heights: dict[str, float], least: float = 15) -> dict[str, float]:
    """Return where names go: beside the end of their line, but not over each other."""
    placed: dict[str, float] = {}
    lowest = -math.inf
    for name, height in sorted(heights.items(), key=lambda one: one[1]):
        lowest = placed[name] = max(height, lowest + least)
    return placed
