"""Fluid balance: what may be charted as going in or coming out, and how much of it at once (S62).

No standard fixes these bounds. All of them are ours (HASS), for the hospital's clinical lead to approve; they catch
slips of the pen (a litre typed as ten), and do not judge a patient. A bag holds 1,000 mL, a unit of blood some 300, a
full bladder some 500; ascites is drained by the litre."""

# Way > the kinds that can be charted under it.
KINDS: dict[str, tuple[str, ...]] = {
    "in": ("oral", "iv", "tube", "blood", "other"),
    "out": ("urine", "drain", "vomit", "stool", "blood", "other"),
}
# Above this an amount is a slip, and refused.
MOST_ML = 20_000
# Above these an amount is asked for twice (way, kind).
CONFIRM_ABOVE_ML: dict[tuple[str, str], int] = {
    ("in", "oral"): 1_000,
    ("in", "iv"): 3_000,
    ("in", "tube"): 1_500,
    ("in", "blood"): 1_000,
    ("in", "other"): 1_000,
    ("out", "urine"): 2_000,
    ("out", "drain"): 5_000,
    ("out", "vomit"): 1_500,
    ("out", "stool"): 2_000,
    ("out", "blood"): 2_000,
    ("out", "other"): 1_000,
}


def is_unusual(direction: str, kind: str, volume_ml: int) -> bool:
    """Whether so much at once is asked for twice.

    >>> is_unusual("out", "urine", 450), is_unusual("out", "urine", 4500)
    (False, True)
    """
    return volume_ml > CONFIRM_ABOVE_ML[direction, kind]
