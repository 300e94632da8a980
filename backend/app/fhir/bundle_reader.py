"""From a path to the entries of a bundle: files, folders, gzip, standard input; every fault is a sentence."""

import gzip
import hashlib
import io
import json
import os
import re
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import orjson

from app.fhir.values import Json, words

STANDARD_INPUT = Path("-")
MEGABYTE = 1024 * 1024
MAX_MEGABYTES = 128
# No clinical number has more digits, no resource nests deeper; PostgreSQL and the parser hold a little more.
MAX_DIGITS = 300
MAX_DEPTH = 100
MAX_ID_LENGTH = 64
SUFFIXES = (".json", ".json.gz")
# What a text column cannot hold: U+0000 and halves of surrogate pairs. Looked for before the text is parsed.
_SUSPECT_ESCAPE = re.compile(r"\\u(0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TYPE = re.compile(r"[A-Za-z]{1,64}")


class BrokenFileError(Exception):
    """What is wrong with a file, and what to do; it holds nothing of a patient."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of a bundle. `canonical` is its JSON with sorted keys, the text of its hash."""

    position: int
    full_url: str | None
    resource: Json = field(repr=False)
    resource_type: str
    resource_id: str
    canonical: bytes = field(repr=False)
    content_hash: str

    @property
    def key(self) -> tuple[str, str]:
        return self.resource_type, self.resource_id


@dataclass(frozen=True, slots=True)
class Bundle:
    name: str
    digest: str
    entries: list[Entry] = field(repr=False)
    without_resource: int = 0
    replaced_characters: int = 0


def find_files(path: Path) -> Iterator[Path]:
    """The files that `path` stands for: itself, or the bundles in that folder and below, in order of name.

    A folder below that may not be looked into stands for itself, so that reading it says why."""
    if path != STANDARD_INPUT and path.is_dir():
        closed: list[Path] = []
        found = [
            Path(folder, name)
            for folder, _, names in os.walk(path, onerror=lambda error: closed.append(Path(error.filename)))
            for name in names
            if name.endswith(SUFFIXES) and not name.startswith(".")
        ]
        if not found and not closed:
            raise BrokenFileError("The folder holds no .json and no .json.gz file.")
        yield from sorted([*found, *closed])
    else:
        yield path


def read_bundle(path: Path, max_megabytes: int = MAX_MEGABYTES) -> Bundle:
    raw = _read(path, max_megabytes)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BrokenFileError(
            f"The file is not UTF-8 text (byte {error.start + 1}). Export it as UTF-8."
        ) from None
    parsed = _parse(text)
    if not isinstance(parsed, dict) or parsed.get("resourceType") != "Bundle":
        kind = words(parsed.get("resourceType")) if isinstance(parsed, dict) else None
        found = f"a single {kind[:64]}" if kind else "other JSON"
        raise BrokenFileError(f"The file is not a FHIR bundle but {found}. Put the resources into a Bundle.")
    replaced = 0
    if _SUSPECT_ESCAPE.search(text):
        parsed, replaced = _storable(parsed)
    _check_depth(parsed)
    entries = parsed.get("entry")
    if not isinstance(entries, list) or not entries:
        raise BrokenFileError("The bundle has no entries.")
    made = [
        entry for position, found in enumerate(entries, 1) if (entry := _entry(position, found)) is not None
    ]
    return Bundle(str(path), hashlib.sha256(raw).hexdigest(), made, len(entries) - len(made), replaced)


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and every digit of its numbers."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=_encoded)


def _encoded(value: Any) -> orjson.Fragment | str:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    if isinstance(value, UUID):
        # The driver's own kind of UUID.
        return str(value)
    raise TypeError(type(value).__name__)


def _read(path: Path, max_megabytes: int) -> bytes:
    limit = max_megabytes * MEGABYTE
    try:
        if path == STANDARD_INPUT:
            return _unpacked(sys.stdin.buffer, limit)
        with path.open("rb") as opened:
            return _unpacked(opened, limit)
    except FileNotFoundError:
        raise BrokenFileError("There is no such file.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise BrokenFileError("The gzip file is damaged or was cut off. Copy it again.") from None
    except OSError as error:
        raise BrokenFileError(f"The file cannot be read: {error.strerror or type(error).__name__}.") from None


def _unpacked(source: IO[bytes], limit: int) -> bytes:
    """At most `limit` bytes are ever held, however much a gzip file claims to be."""
    head = source.read(2)
    rest = _Chained(head, source)
    raw = gzip.GzipFile(fileobj=rest).read(limit + 1) if head == b"\x1f\x8b" else rest.read(limit + 1)
    if len(raw) > limit:
        raise BrokenFileError(
            f"The file holds more than {limit // MEGABYTE} MB. Split it into one bundle for each patient, "
            "or allow more with --max-megabytes."
        )
    if not raw.strip():
        raise BrokenFileError("The file is empty. Copy or export it again.")
    return raw


class _Chained(io.RawIOBase):
    """The bytes that were looked at already, then the rest: standard input cannot be rewound."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._head:
            return self._rest.read(size)
        head = self._head if size < 0 else self._head[:size]
        self._head = self._head[len(head) :]
        return head + self._rest.read(-1 if size < 0 else size - len(head))


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_float=_exact, parse_int=_whole, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise BrokenFileError(
            f"The file is not JSON (line {error.lineno}, column {error.colno}). {_what_to_do(text, error)}"
        ) from None
    except RecursionError:
        raise BrokenFileError("The JSON is nested too deeply.") from None


def _what_to_do(text: str, error: json.JSONDecodeError) -> str:
    if text.lstrip().startswith("<"):
        return "It looks like XML; export it as JSON."
    if error.msg == "Extra data" and text[error.pos] == "{":
        return "It looks like NDJSON, a resource on each line; put the resources into a Bundle."
    return "Copy or export it again."


def _exact(text: str) -> Decimal:
    """Every digit as it was written: 1.10 stays 1.10."""
    too_long = BrokenFileError(f"A number has more than {MAX_DIGITS} digits; no measured value has.")
    try:
        value = Decimal(text)
    except InvalidOperation:
        # An exponent of twenty digits is more than Decimal itself can hold.
        raise too_long from None
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # JSON has no NaN and no infinity.
    if len(text) > MAX_DIGITS or max(abs(exponent), abs(value.adjusted())) > MAX_DIGITS:
        raise too_long
    return value


def _whole(text: str) -> int | Decimal:
    return int(text) if len(text) < 18 else _exact(text)


def _no_constant(name: str) -> Any:
    raise BrokenFileError(f"The file holds {name}, which is no JSON number.")


def _storable(value: Any, depth: int = 0) -> tuple[Any, int]:
    """The same JSON with U+FFFD in place of every character that PostgreSQL cannot hold, and how many those were."""
    if depth > MAX_DEPTH:
        raise BrokenFileError("The JSON is nested too deeply.")
    if isinstance(value, str):
        return _UNSTORABLE.subn("\ufffd", value)
    if isinstance(value, list):
        listed = [_storable(item, depth + 1) for item in value]
        return [item for item, _ in listed], sum(count for _, count in listed)
    if isinstance(value, dict):
        pairs = [(_storable(name), _storable(item, depth + 1)) for name, item in value.items()]
        return {name: item for (name, _), (item, _) in pairs}, sum(a + b for (_, a), (_, b) in pairs)
    return value, 0


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for item in level:
            inner.extend(
                child
                for child in (item.values() if isinstance(item, dict) else item)
                if isinstance(child, dict | list)
            )
        if not inner:
            return
        level = inner
    raise BrokenFileError("The JSON is nested too deeply.")


def _entry(position: int, found: Any) -> Entry | None:
    """None for an entry that carries no resource, such as a deletion in a history."""
    if not isinstance(found, dict):
        raise BrokenFileError(f"Entry {position} of the bundle is not an object.")
    resource = found.get("resource")
    if resource is None:
        return None
    resource_type = words(resource.get("resourceType")) if isinstance(resource, dict) else None
    if resource_type is None or not _TYPE.fullmatch(resource_type):
        raise BrokenFileError(f"Entry {position} of the bundle has no resource with a resourceType.")
    canonical = canonical_json(resource)
    digest = hashlib.sha256(canonical).hexdigest()
    full_url = words(found.get("fullUrl"))
    return Entry(
        position=position,
        full_url=full_url,
        resource=resource,
        resource_type=resource_type,
        resource_id=_resource_id(resource, full_url, digest),
        canonical=canonical,
        content_hash=digest,
    )


def _resource_id(resource: Json, full_url: str | None, digest: str) -> str:
    """The id at the source; else the last part of the fullUrl; else one made from the content, so that a second run
    finds the same."""
    for candidate in (words(resource.get("id")), re.split(r"[/:]", full_url)[-1] if full_url else None):
        if candidate and len(candidate) <= MAX_ID_LENGTH:
            return candidate
    return f"sha256-{digest[:56]}"
