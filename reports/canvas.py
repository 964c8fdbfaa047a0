"""Pictures as plain SVG: paths, marks and texts in the colours of a page, light or dark.

Text stays text and takes the reader's fonts. Each colour is a class with its light value and, where a reader prefers dark pages, its
dark one, so that one file serves both; programs that know no such preference show the light one.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from html import escape

#: Light and dark value of every colour; the series follow Okabe and Ito, whose order survives colour blindness.
COLOURS = {
    "ink": ("#22262b", "#e4e2dc"),
    "faint": ("#8a8f98", "#8d939c"),
    "grid": ("#dcdad3", "#3a3f46"),
    "series0": ("#0072b2", "#5cb3e8"),
    "series1": ("#d55e00", "#f08a3c"),
    "series2": ("#009e73", "#3cc9a0"),
    "series3": ("#b5568f", "#e09ac4"),
    "series4": ("#9a7d00", "#e3c94b"),
    "series5": ("#56606b", "#b5bdc7"),
}
#: Width and height, in points, and on the screen.
WIDTH, HEIGHT = 460.8, 280.8
_SCREEN = (640, 390)
#: Outlines of the marks of the series, of radius 1.
_MARKS = (
    "M-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0z",
    "M-.9-.9H.9V.9H-.9z",
    "M0-1.25L1.25 0L0 1.25L-1.25 0z",
    "M0-1.15L1.1.95H-1.1z",
    "M0 1.15L1.1-.95H-1.1z",
    "M-.4-1.1H.4V-.4H1.1V.4H.4V1.1H-.4V.4H-1.1V-.4H-.4z",
)
#: Dashes of the lines of the series.
DASHES = ("", "8 3", "2.4 2.4", "9 3 2.4 3", "13 5", "4.8 1.6 1.6 1.6")

Point = tuple[float, float]


class Canvas:
    """A picture of ``WIDTH`` x ``HEIGHT`` points, its origin at the upper left."""

    def __init__(self) -> None:
        self._body: list[str] = []
        self._definitions: dict[str, str] = {}
        self._colours: dict[str, None] = {}

    def line(self, points: Iterable[Point], colour: str, width: float = 1.0, dashes: str = "") -> None:
        """A line through ``points``, in pieces where one is not finite."""
        pieces = [f"M{'L'.join(f'{_at(x)} {_at(y)}' for x, y in piece)}" for piece in _pieces(points) if len(piece) > 1]
        if pieces:
            self._body.append(f'<path {self._stroke(colour, width, dashes)} fill="none" d="{"".join(pieces)}"/>')

    def area(self, points: Iterable[Point], colour: str, name: str = "") -> None:
        """A filled polygon; ``name`` says what it is to programs."""
        kind = f' data-kind="{name}"' if name else ""
        self._body.append(f'<path class="{self._class("fill", colour)}"{kind} d="M{"L".join(f"{_at(x)} {_at(y)}" for x, y in points)}z"/>')

    def box(self, x: float, y: float, width: float, height: float, fill: str, *, opacity: float = 1.0) -> None:
        """A rectangle in the colour of a series, in any other (``#rrggbb``), or in a defined pattern (``url(#name)``)."""
        named = f'class="{self._class("fill", fill)}"' if fill in COLOURS else f'fill="{fill}"'
        faint = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        self._body.append(f'<rect {named}{faint} x="{_at(x)}" y="{_at(y)}" width="{_at(width)}" height="{_at(height)}"/>')

    def marks(self, points: Iterable[Point], number: int, radius: float, opacity: float = 1.0) -> None:
        """The mark of series ``number`` at each finite point."""
        name = f"m{number}-{radius:g}".replace(".", "-")
        faint = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        drawn = f'class="{self._class("fill", f"series{number}")}"{faint} transform="scale({radius:g})" d="{_MARKS[number]}"'
        self._definitions[name] = f'<path id="{name}" {drawn}/>'
        known = (point for point in points if math.isfinite(point[0]) and math.isfinite(point[1]))
        self._body.append("".join(f'<use href="#{name}" x="{_at(x)}" y="{_at(y)}"/>' for x, y in known))

    def arrow(self, tail: Point, head: Point, colour: str, gap: float = 0.0) -> None:
        """A line from ``tail`` to ``head`` with a head, both ends ``gap`` points off."""
        length = math.dist(tail, head)
        if not length > 2 * gap:
            return
        across, down = (head[0] - tail[0]) / length, (head[1] - tail[1]) / length
        tip = (head[0] - gap * across, head[1] - gap * down)
        base = (tip[0] - 6 * across, tip[1] - 6 * down)
        self.line([(tail[0] + gap * across, tail[1] + gap * down), base], colour)
        self.area([tip, (base[0] - 3 * down, base[1] + 3 * across), (base[0] + 3 * down, base[1] - 3 * across)], colour, "arrow")

    def text(
        self, x: float, y: float, text: str, anchor: str = "middle", size: int = 11, colour: str = "ink", turned: bool = False
    ) -> None:
        """``text`` with its base line at ``y``, read upwards where ``turned``."""
        named = f'class="{self._class("fill", colour)}"' if colour in COLOURS else f'fill="{colour}"'
        place = f'transform="translate({_at(x)} {_at(y)}) rotate(-90)"' if turned else f'x="{_at(x)}" y="{_at(y)}"'
        large = f' font-size="{size}"' if size != 11 else ""
        self._body.append(f'<text {named} {place} text-anchor="{anchor}"{large}>{escape(text, quote=False)}</text>')

    def pixels(self, x: float, y: float, width: float, height: float, rows: Sequence[Sequence[str]]) -> None:
        """A raster of colours (``#rrggbb``, or nothing), the first row on top, stretched over a rectangle."""
        data = base64.b64encode(_png(rows)).decode()
        box = f'x="{_at(x)}" y="{_at(y)}" width="{_at(width)}" height="{_at(height)}"'
        self._body.append(f'<image {box} preserveAspectRatio="none" image-rendering="pixelated" href="data:image/png;base64,{data}"/>')

    def define(self, name: str, markup: str) -> str:
        """Define a pattern or gradient; what to fill with it."""
        self._definitions[name] = markup
        return f"url(#{name})"

    def document(self) -> str:
        """The picture."""
        sides = [_rules(self._colours, side) for side in (0, 1)]
        style = f"{_FONT}{sides[0]}@media (prefers-color-scheme:dark){{{sides[1]}}}"
        size = f'width="{_SCREEN[0]}" height="{_SCREEN[1]}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}"'
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>']
        parts += [f"<defs>{''.join(self._definitions.values())}</defs>"] if self._definitions else []
        return "\n".join([*parts, *filter(None, self._body), "</svg>\n"])

    def _class(self, what: str, colour: str) -> str:
        name = f"{what}-{colour}"
        self._colours[name] = None
        return name

    def _stroke(self, colour: str, width: float, dashes: str) -> str:
        named = f'class="{self._class("stroke", colour)}"' if colour in COLOURS else f'stroke="{colour}"'
        return f'{named} stroke-width="{width:g}"' + (f' stroke-dasharray="{dashes}"' if dashes else "")


_FONT = "text{font:11px system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}" + "".join(
    f"text[font-size='{size}']{{font-size:{size}px}}" for size in (8, 9)
)


def _rules(names: Iterable[str], side: int) -> str:
    return "".join(f".{name}{{{name.partition('-')[0]}:{COLOURS[name.partition('-')[2]][side]}}}" for name in names)


def _at(place: float) -> str:
    return f"{place:.5g}"


def _pieces(points: Iterable[Point]) -> Iterator[list[Point]]:
    piece: list[Point] = []
    for point in points:
        if math.isfinite(point[0]) and math.isfinite(point[1]):
            piece.append(point)
        else:
            yield piece
            piece = []
    yield piece


def _png(rows: Sequence[Sequence[str]]) -> bytes:
    """Colours as a PNG with transparency (8 bits, no filter)."""
    pixels = b"".join(b"\0" + b"".join(bytes.fromhex(colour[1:] + "ff") if colour else bytes(4) for colour in row) for row in rows)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    packed = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)
