"""The entity diagram, drawn from the metadata as SVG: a column of boxes per part of the hospital."""

from dataclasses import dataclass
from html import escape

from sqlalchemy import ForeignKeyConstraint, Table

from app.models import Base

# In the order they are drawn and documented; a test finds a table that stands in no group.
GROUPS: dict[str, tuple[str, ...]] = {
    "Organisation": ("regions", "hospitals", "roles", "users", "sessions", "password_links", "sign_in_delays",
                     "form_drafts", "idempotency_keys"),
    "People and their files": (
        "persons", "person_identifiers", "patients", "patient_identifiers", "allergies", "patient_alerts",
        "mrn_counters", "patient_merges", "merge_journal", "person_links",
    ),
    "Visits and beds": (
        "visits", "diagnoses", "beds", "bed_assignments", "bed_cleanings", "care_assignments", "appointments",
        "discharge_summaries", "transfer_requests",
    ),
    "Care": (
        "vitals", "escalations", "nurse_logs", "handovers", "fluid_entries", "lab_tests", "lab_results",
        "prescriptions",
        "ai_drafts",
    ),
    "Record, stock, messages, trail": (
        "emr_local", "emr_global", "access_grants", "import_sources", "inventory", "notifications", "audit_logs",
        "audit_seals",
    ),
}  # fmt: skip
COLOURS = ("#1f6feb", "#0f766e", "#b45309", "#be185d", "#6d28d9")
# What everybody would look for in a box, beside its keys.
TELLING = frozenset(
    {
        "name", "code", "display_name", "permissions", "email", "mrn", "last_name", "first_name", "date_of_birth",
        "network_number", "status", "visit_type", "admission_date", "discharge_date", "bed_number", "ward",
        "recorded_at", "heart_rate", "spo2", "log_type", "content", "test_type", "urgency", "medication_name", "dosage",
        "scheduled_at", "duration_minutes", "item_name", "quantity", "record_type", "data", "channel", "message",
        "action", "resource_type", "before_state", "after_state", "substance", "value", "draft_type", "role", "text",
        "value_numeric", "unit", "resource_id", "system", "last_number", "assigned_at", "released_at", "key",
        "expires_at", "timezone", "scope", "type",
    }
)  # fmt: skip
WIDTH, GAP, LINE, HEAD, TOP, MARGIN, SPACE = 232, 96, 17, 26, 108, 60, 26


@dataclass(frozen=True)
class Box:
    table: Table
    x: int
    y: int
    lines: tuple[tuple[str, bool], ...]
    left_out: int
    colour: str

    @property
    def height(self) -> int:
        return HEAD + LINE * (len(self.lines) + bool(self.left_out)) + 10

    def row_y(self, column: str) -> int:
        names = [name for name, _ in self.lines]
        return self.y + HEAD + LINE * names.index(column) + 13 if column in names else self.y + HEAD // 2


def order(key: ForeignKeyConstraint) -> tuple[int, list[str]]:
    """The most telling reference last, and always the same one."""
    return len(key.elements), [element.parent.name for element in key.elements]


def own_reference(key: ForeignKeyConstraint) -> bool:
    """A reference worth a line: those to the hospital and to users are in every box, and are marked there instead."""
    target = key.elements[0].column.table.name
    return target not in {"hospitals", "users"} or key.parent.name in {
        "users",
        "sessions",
        "idempotency_keys",
    }


def shown(table: Table) -> tuple[tuple[str, bool], ...]:
    """The columns in the box, in the table's order: keys and references, then what tells the row."""
    referring = {element.parent.name for key in table.foreign_key_constraints for element in key.elements}
    return tuple(
        (column.name, column.name in referring)
        for column in table.columns
        if column.name == "id" or column.name in referring or column.name in TELLING
    )


def boxes() -> dict[str, Box]:
    made: dict[str, Box] = {}
    for place, names in enumerate(GROUPS.values()):
        y = TOP
        for name in names:
            table = Base.metadata.tables[name]
            lines = shown(table)
            x = MARGIN + place * (WIDTH + GAP)
            made[name] = Box(table, x, y, lines, len(table.columns) - len(lines), COLOURS[place])
            y += made[name].height + SPACE
    return made


def line(child: Box, parent: Box, key: ForeignKeyConstraint) -> str:
    """A curve from the referring column to the top of the box it refers to."""
    start_y = child.row_y(key.elements[-1].parent.name)
    end_y = parent.y + HEAD // 2
    if child.x == parent.x:
        # Out to the left and back, past the boxes between.
        start, end, bend = child.x, parent.x, -44
        first, second = start + bend, end + bend
    elif child.x > parent.x:
        start, end = child.x, parent.x + WIDTH
        first, second = start - 60, end + 60
    else:
        start, end = child.x + WIDTH, parent.x
        first, second = start + 60, end - 60
    return (
        f'<path d="M{start} {start_y} C{first} {start_y} {second} {end_y} {end} {end_y}" stroke="{parent.colour}"'
        f' marker-end="url(#a{COLOURS.index(parent.colour)})"><title>{escape(child.table.name)} refers to'
        f" {escape(parent.table.name)}</title></path>"
    )


def draw(box: Box) -> str:
    name = escape(box.table.name)
    own = "hospital_id" in box.table.columns
    tenant = '<tspan fill-opacity=".75" font-weight="400"> · hospital</tspan>' if own else ""
    frame = f'<rect x="{box.x}" y="{box.y}" width="{WIDTH}" height="{box.height}" rx="6" fill="#fff"'
    side = HEAD - 6
    corners = f"M{box.x} {box.y + HEAD} v-{side} a6 6 0 0 1 6 -6 h{WIDTH - 12} a6 6 0 0 1 6 6 v{side} z"
    parts = [
        f'<g>{frame} stroke="{box.colour}" stroke-width="1.2"/>',
        f'<path d="{corners}" fill="{box.colour}"/>',
        f'<text x="{box.x + 10}" y="{box.y + 18}" class="name">{name}{tenant}</text>',
    ]
    for place, (column, refers) in enumerate(box.lines):
        y = box.y + HEAD + LINE * place + 17
        mark = "key" if column == "id" else "ref" if refers else "col"
        parts.append(f'<text x="{box.x + 10}" y="{y}" class="{mark}">{escape(column)}</text>')
        kind = box.table.columns[column].type.compile().lower().split("(")[0]
        parts.append(f'<text x="{box.x + WIDTH - 10}" y="{y}" class="kind">{escape(short(kind))}</text>')
    if box.left_out:
        y = box.y + HEAD + LINE * len(box.lines) + 17
        parts.append(f'<text x="{box.x + 10}" y="{y}" class="more">and {box.left_out} more</text>')
    return "".join(parts) + "</g>"


def short(kind: str) -> str:
    word = kind.split()[0]
    return {"datetime": "instant", "timestamp": "instant", "char": "uuid", "varchar": "text"}.get(word, word)


def picture() -> str:
    placed = boxes()
    width = MARGIN * 2 + len(GROUPS) * WIDTH + (len(GROUPS) - 1) * GAP
    height = max(box.y + box.height for box in placed.values()) + MARGIN
    drawn: dict[tuple[str, str], str] = {}
    for child in placed.values():
        for key in sorted(child.table.foreign_key_constraints, key=order):
            parent = placed[key.elements[0].column.table.name]
            if own_reference(key):
                drawn[child.table.name, parent.table.name] = line(child, parent, key)
    markers = "".join(
        f'<marker id="a{place}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="{colour}"/></marker>'
        for place, colour in enumerate(COLOURS)
    )
    groups = "".join(
        f'<text x="{MARGIN + place * (WIDTH + GAP)}" y="{TOP - 16}" class="group" fill="{COLOURS[place]}">'
        f"{escape(group)}</text>"
        for place, group in enumerate(GROUPS)
    )
    style = (
        "text{font:12px system-ui,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;fill:#1f2328}"
        ".title{font-size:22px;font-weight:600}.lead{fill:#57606a;font-size:13px}"
        ".group{font-size:14px;font-weight:600}"
        ".name{fill:#fff;font-weight:600;font-size:13px}.key{font-weight:600}.ref{font-style:italic}"
        ".kind{fill:#6e7781;text-anchor:end;font-size:11px}.more{fill:#6e7781;font-size:11px}"
        ".lines path{fill:none;stroke-width:1.4;stroke-opacity:.6}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="The {len(placed)} tables of HASS and how they refer to each other">\n'
        f"<style>{style}</style>\n<defs>{markers}</defs>\n"
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n'
        f'<text x="{MARGIN}" y="42" class="title">HASS: {len(placed)} tables</text>\n'
        f'<text x="{MARGIN}" y="64" class="lead">A line leads from a reference to the table it names. Columns in'
        " italics refer; those to the hospital and to users have no line. “hospital”: row-level security shows the"
        " row to its own hospital only.</text>\n"
        f'{groups}\n<g class="lines">'
        + "\n".join(drawn.values())
        + "</g>\n"
        + "\n".join(draw(box) for box in placed.values())
        + "\n</svg>\n"
    )
