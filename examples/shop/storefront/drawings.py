"""Product pictures, drawn: a sky, a shore, and the thing itself. The same product always looks the same."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

from PIL import Image, ImageDraw

SIZE = (880, 800)
SKIES = (
    ("#dfeff2", "#9ad1d4"),
    ("#fbe3cf", "#f3b98a"),
    ("#e4e6f1", "#aab4d4"),
    ("#e6f0e2", "#a9c9a4"),
    ("#f7ecd2", "#e2c67c"),
)
COLOURS = ("#0f4c5c", "#e36414", "#5f0f40", "#2d6a4f", "#9a031e", "#3d5a80", "#b08900")
Pen = ImageDraw.ImageDraw


def mix(first: str, second: str, share: float) -> tuple[int, ...]:
    """A colour between two."""
    a = [int(first[i : i + 2], 16) for i in (1, 3, 5)]
    b = [int(second[i : i + 2], 16) for i in (1, 3, 5)]
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))


def tent(pen: Pen, colour: str, s: float) -> None:
    pen.polygon([(440 - 280 * s, 620), (440, 620 - 380 * s), (440 + 280 * s, 620)], fill=colour)
    pen.polygon([(440, 620 - 380 * s), (440 - 70 * s, 620), (440 + 90 * s, 620)], fill=mix(colour, "#000000", 0.45))
    pen.line([(440, 620 - 380 * s), (440 - 360 * s, 640)], fill="#ffffff", width=4)
    pen.line([(440, 620 - 380 * s), (440 + 360 * s, 640)], fill="#ffffff", width=4)


def pack(pen: Pen, colour: str, s: float) -> None:
    dark = mix(colour, "#000000", 0.3)
    pen.rounded_rectangle([440 - 170 * s, 640 - 400 * s, 440 + 170 * s, 640], 60, fill=colour)
    pen.rounded_rectangle([440 - 180 * s, 640 - 420 * s, 440 + 180 * s, 640 - 300 * s], 50, fill=dark)
    pen.rounded_rectangle([440 - 120 * s, 640 - 190 * s, 440 + 120 * s, 620], 30, fill=dark)
    pen.arc([440 - 60 * s, 640 - 480 * s, 440 + 60 * s, 640 - 380 * s], 180, 360, fill=dark, width=14)


def bag(pen: Pen, colour: str, s: float) -> None:
    pen.rounded_rectangle([440 - 300 * s, 500, 440 + 300 * s, 640], 70, fill=colour)
    pen.ellipse([440 - 320 * s, 495, 440 - 180 * s, 645], fill=mix(colour, "#ffffff", 0.35))
    for step in range(4):
        x = 440 - 120 * s + step * 110 * s
        pen.line([(x, 505), (x, 635)], fill=mix(colour, "#000000", 0.25), width=6)


def pot(pen: Pen, colour: str, s: float) -> None:
    pen.rounded_rectangle([440 - 180 * s, 430, 440 + 180 * s, 640], 40, fill=colour)
    pen.rounded_rectangle([440 - 200 * s, 405, 440 + 200 * s, 440], 16, fill=mix(colour, "#ffffff", 0.3))
    pen.rounded_rectangle([440 + 180 * s, 480, 440 + 330 * s, 510], 12, fill=mix(colour, "#000000", 0.4))
    for x in (-80, 0, 80):
        pen.arc([440 + x - 25, 300, 440 + x + 25, 390], 100, 280, fill="#ffffff", width=8)


def coat(pen: Pen, colour: str, s: float) -> None:
    dark = mix(colour, "#000000", 0.3)
    pen.polygon([(440 - 150 * s, 300), (440 + 150 * s, 300), (440 + 190 * s, 650), (440 - 190 * s, 650)], fill=colour)
    pen.polygon([(440 - 150 * s, 300), (440 - 280 * s, 540), (440 - 220 * s, 570), (440 - 130 * s, 410)], fill=dark)
    pen.polygon([(440 + 150 * s, 300), (440 + 280 * s, 540), (440 + 220 * s, 570), (440 + 130 * s, 410)], fill=dark)
    pen.pieslice([440 - 95 * s, 200, 440 + 95 * s, 400], 180, 360, fill=dark)
    pen.line([(440, 300), (440, 650)], fill="#ffffff", width=6)


def lamp(pen: Pen, colour: str, s: float) -> None:
    pen.ellipse([440 - 240 * s, 240, 440 + 240 * s, 700], fill=mix("#fff3c4", "#ffffff", 0.3))
    pen.rounded_rectangle([440 - 100 * s, 330, 440 + 100 * s, 640], 30, fill=colour)
    pen.rounded_rectangle([440 - 70 * s, 390, 440 + 70 * s, 560], 20, fill="#ffe9a3")
    pen.arc([440 - 80 * s, 230, 440 + 80 * s, 430], 180, 360, fill=colour, width=14)


DRAWINGS: dict[str, Callable[[Pen, str, float], None]] = {
    "tent": tent,
    "pack": pack,
    "bag": bag,
    "pot": pot,
    "coat": coat,
    "lamp": lamp,
}


def picture(drawing: str, name: str) -> bytes:
    """A JPEG of a product."""
    chance = random.Random(name)
    top, bottom = chance.choice(SKIES)
    image = Image.new("RGB", SIZE)
    pen = ImageDraw.Draw(image)
    for y in range(SIZE[1]):
        pen.line([(0, y), (SIZE[0], y)], fill=mix(top, bottom, y / SIZE[1]))
    pen.ellipse([620, 90, 740, 210], fill="#ffffff")
    ridge = [(x, 520 + chance.randint(-60, 40)) for x in range(0, 960, 110)]
    pen.polygon([*ridge, (880, 800), (0, 800)], fill=mix(bottom, "#ffffff", 0.25))
    pen.rectangle([0, 640, 880, 800], fill=mix(bottom, "#20343a", 0.35))
    DRAWINGS[drawing](pen, chance.choice(COLOURS), chance.uniform(0.8, 1.05))
    out = io.BytesIO()
    image.resize((660, 600)).save(out, "JPEG", quality=82)
    return out.getvalue()
