"""What the stylesheets promise: contrast, known classes, colours from tokens only, small weight."""

import gzip
import re

import pytest

from app.web.static_files import STATIC, assets
from app.web.templating import TEMPLATES
from app.web.theme import contrast

SHEET = STATIC.joinpath("hass.css").read_text(encoding="utf-8")
ROOT = SHEET[SHEET.index(":root {") : SHEET.index("\n}\n")]
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|oklch|oklab|lch|lab)\(")


def tokens() -> dict[str, tuple[str, str]]:
    """Token > (light, dark), as six digits."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in re.findall(r"(--[\w-]+):\s*([^;]+);", ROOT):
        pair = re.fullmatch(r"light-dark\((#\w+),\s*(#\w+)\)", value.strip()) or re.fullmatch(
            r"(#\w+)()", value.strip()
        )
        if pair:
            light = six(pair[1])
            found[name] = (light, six(pair[2]) if pair[2] else light)
    return found


def six(colour: str) -> str:
    return "#" + "".join(letter * 2 for letter in colour[1:]) if len(colour) == 4 else colour[:7]


MEANINGS = ("crit", "high", "warn", "ok", "info", "calm")
PAIRS = [
    # text, ground, least contrast in light and in dark
    *(
        (ink, ground, 4.5)
        for ink in ("--ink", "--ink-2", "--ink-3")
        for ground in ("--surface", "--bg", "--surface-2")
    ),
    ("--line-strong", "--surface", 3),
    ("--line-strong", "--bg", 3),
    ("--bar-ink", "--bar", 9),
    ("--bar-ink-2", "--bar", 4.5),
    ("--bar-mark", "--bar", 3),
    ("--brand", "--surface", 4.5),
    ("--brand", "--bg", 4.5),
    ("--brand-ink", "--brand", 4.5),
    ("--brand", "--brand-soft", 4.5),
    ("--ink", "--brand-soft", 4.5),
    ("--focus", "--surface", 3),
    ("--focus", "--bg", 3),
    ("--focus-on-bar", "--bar", 3),
    ("--toast-ink", "--toast", 4.5),
    ("--toast-act", "--toast", 4.5),
    *((f"--{name}-ink", f"--{name}", 4.5) for name in MEANINGS),
    *((f"--{name}-text", f"--{name}-soft", 4.5) for name in MEANINGS),
    *((f"--{name}-text", "--surface", 4.5) for name in MEANINGS),
    *(("--ink", f"--news-{points}", 4.5) for points in (1, 2, 3)),
    # Marks of a plot on its band, and the words on it.
    ("--ink", "--band", 4.5),
    ("--high-text", "--band", 3),
]


@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_a_pair_of_tokens_can_be_told_apart(ink: str, ground: str, least: float) -> None:
    known = tokens()
    for shade in (0, 1):
        ratio = contrast(known[ink][shade], known[ground][shade])
        assert ratio >= least, f"{ink} on {ground}: {ratio:.2f} in {('light', 'dark')[shade]}"


def test_colours_stand_in_tokens_only() -> None:
    rest = re.sub(r"/\*.*?\*/", "", SHEET.replace(ROOT, ""), flags=re.S)
    assert COLOUR.findall(rest) == []
    for path in TEMPLATES.rglob("*.html"):
        text = re.sub(r'(?:href|id|for|hx-target|aria-\w+)="[^"]*"', "", path.read_text(encoding="utf-8"))
        assert COLOUR.findall(text) == [], path.name


def test_templates_hold_no_style_attribute_and_no_inline_script() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert " style=" not in text, path.name
        assert re.findall(r"<script(?![^>]*\bsrc=)", text) == [], path.name
        assert re.findall(r"\son[a-z]+=", text) == [], path.name


def test_every_class_of_a_template_stands_in_a_stylesheet() -> None:
    known = set(
        re.findall(r"\.(-?[a-zA-Z_][\w-]*)", SHEET + STATIC.joinpath("vendor/tabler.css").read_text("utf-8"))
    )
    for path in TEMPLATES.rglob("*.html"):
        for attribute in re.findall(r'class="([^"{]*?)(?:"|\{)', path.read_text(encoding="utf-8")):
            unknown = set(attribute.split()) - known
            assert not unknown, f"{path.name}: {unknown}"


def test_logical_properties_only() -> None:
    """Left and right would not turn round in a right-to-left page."""
    wrong = re.findall(r"[{;\s](?:margin|padding|border)-(?:left|right)\b|[{;\s](?:left|right)\s*:", SHEET)
    assert wrong == []


def test_every_icon_is_in_the_sprite_and_none_is_there_for_nothing() -> None:
    sprite = set(re.findall(r'id="i-([a-z0-9-]+)"', STATIC.joinpath("vendor/icons.svg").read_text("utf-8")))
    text = "".join(path.read_text("utf-8") for path in TEMPLATES.rglob("*.html"))
    text += "".join(path.read_text("utf-8") for path in TEMPLATES.parent.glob("*.py"))
    named = set(re.findall(r'\b(?:icon|empty)\("([a-z0-9-]+)"', text))
    assert named <= sprite
    assert {name for name in sprite if f'"{name}"' not in text} == set()


def test_vendored_files_have_their_licences_and_origin() -> None:
    vendor = STATIC / "vendor"
    assert "Licensed under MIT" in vendor.joinpath("tabler.css").read_text("utf-8")[:400]
    readme = vendor.joinpath("README.md").read_text("utf-8")
    for name in ("tabler.css", "icons.svg", "htmx.min.js"):
        assert name in readme
    for name in ("tabler.LICENSE", "tabler-icons.LICENSE", "htmx.LICENSE"):
        assert vendor.joinpath(name).stat().st_size > 200


def test_styles_and_scripts_stay_light() -> None:
    packed = {name: len(asset.packed) for name, asset in assets().items()}
    styles = sum(size for name, size in packed.items() if name.endswith(".css"))
    scripts = sum(size for name, size in packed.items() if name.endswith(".js"))
    assert styles <= 22_000, packed
    assert scripts <= 30_000, packed
    assert packed["vendor/icons.svg"] <= 4_000


def test_addresses_of_files_follow_their_content() -> None:
    for name, asset in assets().items():
        assert re.fullmatch(r"/static/.+\.[0-9a-f]{10}\.(css|js|svg)", asset.url), name
        assert gzip.decompress(asset.packed) == asset.body
