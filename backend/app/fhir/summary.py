"""What an import did: counted by resource type, shown as a table or as JSON."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table

from app.fhir.bundle_reader import Bundle
from app.fhir.plan import Plan

CHANGED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Broken:
    """A file of which nothing went in, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A resource that came with another content than before; nothing was changed here."""

    path: str
    resource_type: str
    resource_id: str


@dataclass
class Summary:
    hospital: str
    system: str
    files: int = 0
    bundles: int = 0
    entries: Counter[str] = field(default_factory=Counter)
    # (resource type, table): new resources by the table that took them.
    placed: Counter[tuple[str, str]] = field(default_factory=Counter)
    # (resource type, reason): only in emr_local; in emr_local beside their row.
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    copied: Counter[tuple[str, str]] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    changed: list[Changed] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def exit_status(self) -> int:
        return 1 if self.broken or self.changed else 0

    @property
    def new(self) -> int:
        return sum(self.placed.values())

    @property
    def resources(self) -> int:
        return sum(self.entries.values())

    def add(self, bundle: Bundle, plan: Plan, unchanged: Counter[str], changed: list[Changed]) -> None:
        """Count a bundle that is in."""
        self.bundles += 1
        self.entries.update(entry.resource_type for entry in bundle.entries)
        self.placed.update((placed.entry.resource_type, placed.table) for placed in plan.placed)
        self.kept.update(plan.kept)
        self.copied.update(plan.copied)
        self.unchanged.update(unchanged)
        self.changed.extend(changed)
        self.rows.update({table: len(rows) for table, rows in plan.rows.items() if rows})
        self.warnings.update(plan.warnings)
        if bundle.without_resource:
            self.warnings["entry without a resource (a deletion or an answer): nothing to take"] += (
                bundle.without_resource
            )
        if bundle.replaced_characters:
            self.warnings["character that no database can hold: replaced by U+FFFD"] += (
                bundle.replaced_characters
            )

    def as_json(self) -> dict[str, Any]:
        return {
            "hospital": self.hospital,
            "system": self.system,
            "files": self.files,
            "bundles": self.bundles,
            "resources": self.resources,
            "new": self.new,
            "unchanged": sum(self.unchanged.values()),
            "changed": [
                {"path": one.path, "resource_type": one.resource_type, "resource_id": one.resource_id}
                for one in self.changed
            ],
            "broken": [{"path": one.path, "reason": one.reason} for one in self.broken],
            "by_resource_type": {kind: self._of_type(kind) for kind in sorted(self.entries)},
            "rows": dict(sorted(self.rows.items())),
            "warnings": dict(sorted(self.warnings.items())),
            "seconds": round(self.seconds, 3),
            "exit_status": self.exit_status,
        }

    def _of_type(self, kind: str) -> dict[str, Any]:
        return {
            "resources": self.entries[kind],
            "tables": _of(self.placed, kind),
            "kept_whole_only": _of(self.kept, kind),
            "kept_whole_beside_row": _of(self.copied, kind),
            "unchanged": self.unchanged[kind],
            "changed": sum(one.resource_type == kind for one in self.changed),
        }

    def print(self, console: Console) -> None:
        console.print(Group(self._table()), markup=False)
        for warning, count in sorted(self.warnings.items()):
            _line(console, f"{count} x {warning}")
        for one in self.changed[:CHANGED_SHOWN]:
            _line(
                console,
                f"Changed at the source, left as it is here: {one.resource_type}/{one.resource_id} ({one.path})",
            )
        if len(self.changed) > CHANGED_SHOWN:
            _line(console, f"... and {len(self.changed) - CHANGED_SHOWN} more (--json lists all).")
        for broken in self.broken:
            _line(console, f"Not imported: {broken.path}: {broken.reason}")
        _line(console, self._last_line())

    def _table(self) -> Table:
        """Narrow enough for a terminal of 80 columns; a column that would be empty is left out."""
        changed = Counter(one.resource_type for one in self.changed)
        counts = {"same": self.unchanged, "changed": changed}
        counts = {heading: counted for heading, counted in counts.items() if counted.total()}
        table = Table(
            title=f"Import into {self.hospital} from {self.system}",
            caption="+ kept whole beside its row" if self.copied else None,
            title_justify="left",
            caption_justify="left",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        for heading in ("resource", "read", "went to", "kept whole", *counts):
            table.add_column(
                heading, justify="right" if heading in ("read", *counts) else "left", no_wrap=True
            )
        for kind in sorted(self.entries):
            # What is only kept whole is named in its own column.
            tables = {name: n for name, n in _of(self.placed, kind).items() if name != "emr_local"}
            kept = [f"{n:,} {reason}" for reason, n in _of(self.kept, kind).items()]
            beside = [f"+ {n:,} {reason}" for reason, n in _of(self.copied, kind).items()]
            table.add_row(
                kind,
                f"{self.entries[kind]:,}",
                "\n".join(f"{n:,} {name}" for name, n in tables.items()),
                "\n".join(kept + beside),
                *(f"{counted[kind]:,}" if counted[kind] else "" for counted in counts.values()),
            )
        return table

    def _last_line(self) -> str:
        unchanged = sum(self.unchanged.values())
        head = f"{self.bundles} of {self.files} bundles, {self.resources:,} resources"
        if not self.new and not self.changed and not self.broken:
            return f"{head}: nothing new, nothing changed."
        rate = f", {self.resources / self.seconds:,.0f} resources/s" if self.seconds else ""
        return (
            f"{head}: {self.new:,} new, {unchanged:,} unchanged, {len(self.changed):,} changed, "
            f"{len(self.broken)} files not imported; {self.seconds:.1f} s{rate}."
        )


def _line(console: Console, sentence: str) -> None:
    """One sentence, one line: a path that was broken in two could be neither searched for nor copied."""
    console.print(sentence, markup=False, soft_wrap=True)


def _of(counted: Counter[tuple[str, str]], kind: str) -> dict[str, int]:
    return {name: count for (found, name), count in sorted(counted.items()) if found == kind}
