"""A region's colours keep their contrast, whatever colour it chooses (ui.md 2.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import theme

# Primary given, hue, bar, brand light and dark; the table of ui.md 2.3.
TABLE = [
    ("#005eb8", 255, "#113d70", "#214c81", "#91b9ec"),
    ("#7a1fa2", 313, "#4f2b62", "#613c75", "#cca9e1"),
    ("#2e7d32", 144, "#124a16", "#205623", "#93c392"),
    ("#d32f2f", 26, "#4e3633", "#5f4643", "#cdafac"),
    ("#ffffff", None, "#3d3d3d", "#4c4c4c", "#b6b6b6"),
]


@pytest.mark.parametrize(("primary", "hue", "bar", "brand", "brand_dark"), TABLE)
def test_the_colours_are_those_of_the_table(
    primary: str, hue: int | None, bar: str, brand: str, brand_dark: str
) -> None:
    made = theme.theme_from(primary)
    assert (made.bar, made.brand, made.brand_dark) == (bar, brand, brand_dark)
    if hue is not None:
        assert round(theme.to_oklch(primary)[2]) == hue


@given(st.integers(0, 0xFFFFFF), st.integers(0, 0xFFFFFF))
def test_every_colour_gives_pairs_that_can_be_read(primary: int, secondary: int) -> None:
    made = theme.theme_from(f"#{primary:06x}", f"#{secondary:06x}")
    assert theme.contrast("#ffffff", made.bar) >= 9
    assert theme.contrast("#ffffff", made.bar_dark) >= 9
    assert theme.contrast(made.brand_ink, made.brand) >= 8.4
    assert theme.contrast(made.brand_ink_dark, made.brand_dark) >= 7.5
    assert theme.contrast(made.brand, theme.BG_LIGHT) >= 7.5
    assert theme.contrast(made.brand_dark, theme.SURFACE_DARK) >= 7.9
    assert theme.contrast(made.brand, made.brand_soft) >= 7
    assert theme.contrast(made.brand_dark, made.brand_soft_dark) >= 6
    assert min(theme.contrast(made.bar_mark, made.bar), theme.contrast(made.bar_mark, made.bar_dark)) >= 3


def test_an_alarm_hue_becomes_a_warm_grey() -> None:
    for primary in ("#ff0000", "#ff8800", "#ffdd00"):
        assert theme.to_oklch(theme.theme_from(primary).brand)[1] <= 0.04


def test_the_stylesheet_sets_brand_and_bar_only() -> None:
    sheet = theme.theme_from("#7a1fa2", "#4fc3c7").stylesheet()
    names = {line.split(":")[0].strip() for line in sheet.splitlines() if line.strip().startswith("--")}
    assert names == {"--bar", "--brand", "--brand-soft", "--brand-ink", "--bar-mark"}


@pytest.mark.parametrize(
    "wrong", [None, {}, {"primary_color": "red"}, {"primary_color": 7}, {"primary_color": "#12"}]
)
def test_settings_without_a_colour_give_no_sheet(wrong: dict[str, object] | None) -> None:
    assert theme.theme_url(wrong) is None


def test_the_address_of_a_sheet_names_its_colours() -> None:
    assert (
        theme.theme_url({"primary_color": "#7A1FA2", "secondary_color": "#4fc3c7"})
        == "/theme/7a1fa2-4fc3c7.css"
    )
    assert theme.theme_url({"primary_color": "#7a1fa2"}) == "/theme/7a1fa2.css"
