"""A region's colours: from one colour of its choice to five pairs that keep their contrast (ui.md, 2.3).

Colour arithmetic: Björn Ottosson, "A perceptual color space for image processing" (OKLab, 2020);
contrast: WCAG 2.1, relative luminance. The clinical colours and the focus ring never come from here.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import Invalid

HEX = re.compile(r"#?([0-9a-fA-F]{6})")
SURFACE_LIGHT, SURFACE_DARK, BG_LIGHT = "#ffffff", "#17212b", "#f3f5f7"
CHROMA_MOST, CHROMA_ON_DARK = 0.10, 0.085
# Red, orange and yellow mean danger here: a brand of these hues becomes a warm grey.
ALARM_HUES, CHROMA_OF_ALARM = (350.0, 100.0), 0.035
STEP = 0.005
NO_COLOUR = "Write the colour as six digits, such as #0e5263."


@dataclass(frozen=True)
class Theme:
    """The five pairs as `#rrggbb`; `_dark` stands on dark surfaces."""

    bar: str
    bar_dark: str
    brand: str
    brand_dark: str
    brand_soft: str
    brand_soft_dark: str
    brand_ink: str
    brand_ink_dark: str
    bar_mark: str

    def stylesheet(self) -> str:
        return (
            ":root {\n"
            f"  --bar: light-dark({self.bar}, {self.bar_dark});\n"
            f"  --brand: light-dark({self.brand}, {self.brand_dark});\n"
            f"  --brand-soft: light-dark({self.brand_soft}, {self.brand_soft_dark});\n"
            f"  --brand-ink: light-dark({self.brand_ink}, {self.brand_ink_dark});\n"
            f"  --bar-mark: {self.bar_mark};\n"
            "}\n"
        )


def parse(colour: object) -> str | None:
    """`#RRGGBB` in lower case, or None when it is not a colour."""
    match = HEX.fullmatch(colour) if isinstance(colour, str) else None
    return f"#{match.group(1).lower()}" if match else None


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _to_linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _from_linear(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def luminance(colour: str) -> float:
    red, green, blue = (_to_linear(channel) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two opaque colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def to_oklch(colour: str) -> tuple[float, float, float]:
    """Lightness 0-1, chroma, hue in degrees."""
    red, green, blue = (_to_linear(channel) for channel in _channels(colour))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360


def _linear_rgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """The nearest `#rrggbb`; chroma gives way until the colour exists on a screen."""
    while True:
        channels = _linear_rgb(lightness, chroma, hue)
        if chroma <= 0 or all(-0.0005 <= channel <= 1.0005 for channel in channels):
            break
        chroma = max(0.0, chroma - 0.002)
    values = (round(255 * _from_linear(min(1.0, max(0.0, channel)))) for channel in channels)
    return "#" + "".join(f"{value:02x}" for value in values)


def _steps(start: float, towards: float) -> Iterator[float]:
    count = round(abs(towards - start) / STEP)
    direction = 1 if towards > start else -1
    return (start + direction * STEP * index for index in range(count + 1))


def _first(start: float, towards: float, make: Callable[[float], str], good: Callable[[str], bool]) -> str:
    colour = make(start)
    for lightness in _steps(start, towards):
        colour = make(lightness)
        if good(colour):
            break
    return colour


def is_alarm_hue(hue: float, chroma: float) -> bool:
    first, last = ALARM_HUES
    return chroma > 0.001 and (hue >= first or hue <= last)


def is_alarm(colour: str) -> bool:
    """Whether a region's colour would be taken for a warning, so that only its lightness is kept."""
    _, chroma, hue = to_oklch(colour)
    return is_alarm_hue(hue, chroma)


def theme_from(primary: str, secondary: str | None = None) -> Theme:
    """The pairs of a region whose theme_settings name these colours (`#rrggbb`)."""
    _, chroma, hue = to_oklch(primary)
    chroma = min(chroma, CHROMA_OF_ALARM if is_alarm_hue(hue, chroma) else CHROMA_MOST)
    if chroma < 0.004:
        chroma = 0.0

    def shade(lightness: float) -> str:
        return from_oklch(lightness, chroma, hue)

    soft_chroma = min(chroma, 0.018)
    bar = _first(0.36, 0.05, shade, lambda colour: contrast("#ffffff", colour) >= 9)
    brand = _first(0.50, 0.10, shade, lambda colour: contrast("#ffffff", colour) >= 8.5)
    # On dark grounds the same chroma looks louder, so that it is held a little lower.
    brand_dark = _first(
        0.74,
        0.98,
        lambda lightness: from_oklch(lightness, min(chroma, CHROMA_ON_DARK), hue),
        lambda colour: contrast(colour, SURFACE_DARK) >= 8,
    )
    mark = parse(secondary) or "#f2b84b"
    mark_light, mark_chroma, mark_hue = to_oklch(mark)
    bar_dark = from_oklch(0.26, min(chroma, 0.045), hue)
    if min(contrast(mark, bar), contrast(mark, bar_dark)) < 3:
        mark = _first(
            mark_light,
            1.0,
            lambda lightness: from_oklch(lightness, mark_chroma, mark_hue),
            lambda colour: min(contrast(colour, bar), contrast(colour, bar_dark)) >= 3,
        )
    return Theme(
        bar=bar,
        bar_dark=bar_dark,
        brand=brand,
        brand_dark=brand_dark,
        brand_soft=from_oklch(0.945, soft_chroma, hue),
        brand_soft_dark=from_oklch(0.30, min(chroma, 0.04), hue),
        brand_ink="#ffffff",
        brand_ink_dark=from_oklch(0.23, min(chroma, 0.04), hue),
        bar_mark=mark,
    )


def theme_url(settings: Mapping[str, Any] | None) -> str | None:
    """Where the region's stylesheet is; its colours stand in the address, so it may be kept for a year."""
    primary = parse((settings or {}).get("primary_color"))
    if primary is None:
        return None
    secondary = parse((settings or {}).get("secondary_color"))
    return f"/theme/{primary[1:]}{'-' + secondary[1:] if secondary else ''}.css"


# What, the ink, its ground, and the least contrast (WCAG 2.1, 1.4.3 and 1.4.11; ui.md, 2.3 asks for more).
def pairs_of(made: Theme) -> list[tuple[str, float, float]]:
    """Every pair that a page draws with this theme: what it is, its contrast, and the least that is taken."""
    return [
        ("Words on the bar", contrast("#ffffff", made.bar), 9.0),
        ("Words on the bar, dark", contrast("#ffffff", made.bar_dark), 9.0),
        ("Words on buttons", contrast(made.brand_ink, made.brand), 4.5),
        ("Words on buttons, dark", contrast(made.brand_ink_dark, made.brand_dark), 4.5),
        ("Links", contrast(made.brand, BG_LIGHT), 4.5),
        ("Links, dark", contrast(made.brand_dark, SURFACE_DARK), 4.5),
        ("The chosen entry", contrast(made.brand, made.brand_soft), 4.5),
        ("The chosen entry, dark", contrast(made.brand_dark, made.brand_soft_dark), 4.5),
        ("The mark on the bar", contrast(made.bar_mark, made.bar), 3.0),
        ("The mark on the bar, dark", contrast(made.bar_mark, made.bar_dark), 3.0),
    ]


def checked_colours(primary: str, secondary: str | None) -> dict[str, str | None]:
    """The colours as they are kept; raises Invalid for one that is none, or whose pairs miss their contrast."""
    found = {"primary_color": parse(primary), "secondary_color": parse(secondary) if secondary else None}
    for name, given in (("primary_color", primary), ("secondary_color", secondary)):
        if given and found[name] is None:
            raise Invalid("colour-unknown", NO_COLOUR, field=name)
    missed = [
        what
        for what, ratio, least in pairs_of(theme_from(found["primary_color"] or "", found["secondary_color"]))
        if ratio < least
    ]
    if missed:
        raise Invalid(
            "contrast-too-low",
            f"These colours cannot be told apart well enough: {', '.join(missed).lower()}. Choose a darker one.",
            field="primary_color",
        )
    return found
