"""Whatever a file holds, it is read or refused in a sentence (issue 2, "Bad input")."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bundles import bundle, patient, write

from app.fhir import bundle_reader
from app.fhir.bundle_reader import BrokenFileError, find_files, read_bundle

GOOD = bundle(patient())
DEEP = "[" * 150 + "]" * 150


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(BrokenFileError) as caught:
        read_bundle(path, **options)
    assert "Traceback" not in caught.value.reason
    return caught.value.reason


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b" \n ", "is empty"),
        (b"{", "is not JSON (line 1, column 2). Copy or export it again."),
        (b'{"resourceType": "Patient"}\n{"resourceType": "Patient"}', "looks like NDJSON"),
        (b"<Bundle/>", "looks like XML"),
        (b"\xff\xfe{\x00}\x00", "is not UTF-8"),
        (b'{"a": "\xe4"}', "is not UTF-8 text (byte 8)"),
        (b"[]", "not a FHIR bundle but other JSON"),
        (b"null", "not a FHIR bundle"),
        (b'{"resourceType": "Patient"}', "a single Patient"),
        (b'{"resourceType": "Bundle"}', "no entries"),
        (b'{"resourceType": "Bundle", "entry": []}', "no entries"),
        (b'{"resourceType": "Bundle", "entry": {}}', "no entries"),
        (b'{"resourceType": "Bundle", "entry": [1]}', "Entry 1 of the bundle is not an object"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": {}}]}', "Entry 1 of the bundle has no resource"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "../x"}}]}', "has no resource"),
        (b'{"resourceType": "Bundle", "entry": [NaN]}', "NaN, which is no JSON number"),
        (b'{"resourceType": "Bundle", "entry": [-Infinity]}', "-Infinity"),
        (b'{"resourceType": "Bundle", "entry": [1e999999]}', "more than 300 digits"),
        (b'{"resourceType": "Bundle", "entry": [1e' + b"9" * 20 + b"]}", "more than 300 digits"),
        (b'{"resourceType": "Bundle", "entry": [' + b"9" * 6000 + b"]}", "more than 300 digits"),
        (f'{{"resourceType": "Bundle", "entry": {DEEP}}}'.encode(), "nested too deeply"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_no_bundle_is_refused_in_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert sentence in refusal(write(tmp_path, content))


def test_a_gzip_file_that_was_cut_off_or_damaged_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(json.dumps(GOOD).encode())
    for name, raw in (("cut", whole[:-12]), ("head", whole[:8]), ("torn", whole[:40] + b"xx" + whole[42:])):
        assert "damaged or was cut off" in refusal(write(tmp_path, raw, name))


def test_a_file_larger_than_the_limit_is_refused_before_it_is_held(tmp_path: Path) -> None:
    """A gzip bomb too: 20 MB of blanks are 20 kB on the disk."""
    bomb = write(tmp_path, b" " * 20_000_000, "bomb.json.gz")
    assert "more than 1 MB" in refusal(bomb, max_megabytes=1)
    assert "--max-megabytes" in refusal(write(tmp_path, b" " * 2_000_000), max_megabytes=1)


def test_a_missing_file_and_a_folder_in_its_place_are_refused(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "missing.json")
    (tmp_path / "folder.json").mkdir()
    assert "cannot be read" in refusal(tmp_path / "folder.json")


def test_gzip_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    zipped = write(tmp_path, GOOD, "a.json.gz")
    plain = write(tmp_path, GOOD, "b.json.gz.json")
    wrong = tmp_path / "c.json"
    wrong.write_bytes(zipped.read_bytes())
    digests = {read_bundle(path).digest for path in (zipped, plain, wrong)}
    assert digests == {hashlib.sha256(json.dumps(GOOD).encode()).hexdigest()}


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert len(read_bundle(write(tmp_path, b"\xef\xbb\xbf" + json.dumps(GOOD).encode())).entries) == 1


def test_standard_input_is_read_gzipped_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = json.dumps(GOOD).encode()
    for given in (raw, gzip.compress(raw)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        assert read_bundle(Path("-")).entries[0].resource_id == "p1"


def test_a_folder_gives_its_bundles_in_order_and_those_below(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name in ("b.json", "a.json.gz", ".hidden.json", "notes.txt", "below/c.json"):
        write(tmp_path, GOOD, name)
    assert [path.name for path in find_files(tmp_path)] == ["a.json.gz", "b.json", "c.json"]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenFileError, match="holds no"):
        list(find_files(tmp_path))


def test_a_folder_that_may_not_be_looked_into_is_said() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "a.json").write_bytes(b"{}")
        (folder / "closed").mkdir(mode=0o000)
        with as_a_plain_user():
            found = list(find_files(folder))
            assert [path.name for path in found] == ["a.json", "closed"]
            assert refusal(found[1]) == "The file cannot be read: Permission denied."


@contextlib.contextmanager
def as_a_plain_user() -> Iterator[None]:
    """Permissions bind everyone but root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_numbers_keep_every_digit(tmp_path: Path) -> None:
    text = json.dumps(GOOD).replace(
        '"p1"', '"p1", "a": 1.10, "b": 0.1234567890123456789, "c": 12345678901234567890'
    )
    entry = read_bundle(write(tmp_path, text)).entries[0]
    assert entry.resource["a"] == Decimal("1.10")
    for digits in (b"1.10", b"0.1234567890123456789", b"12345678901234567890"):
        assert digits in entry.canonical


def test_characters_that_no_database_holds_are_replaced_and_counted(tmp_path: Path) -> None:
    text = json.dumps(GOOD).replace("Testfrau", r"Te\u0000st\ud800frau\ud83d\ude00")
    read = read_bundle(write(tmp_path, text))
    assert read.entries[0].resource["name"][0]["family"] == "Te\ufffdst\ufffdfrau\U0001f600"
    assert read.replaced_characters == 2


def test_the_order_of_elements_does_not_change_the_hash(tmp_path: Path) -> None:
    turned = bundle(dict(reversed(patient().items())))
    one, other = (read_bundle(write(tmp_path, content)).entries[0] for content in (GOOD, turned))
    assert one.content_hash == other.content_hash


@pytest.mark.parametrize(
    ("resource_id", "full_url", "expected"),
    [
        ("p1", "urn:uuid:2", "p1"),
        (None, "urn:uuid:2", "2"),
        (None, "https://a.example/fhir/Patient/77", "77"),
        ("x" * 65, None, "sha256-"),
        (None, None, "sha256-"),
        (7, None, "sha256-"),
    ],
)
def test_a_resource_has_one_id_whatever_the_source_gave(
    tmp_path: Path, resource_id: Any, full_url: Any, expected: str
) -> None:
    made = {"resourceType": "Bundle", "entry": [{"fullUrl": full_url, "resource": patient(id=resource_id)}]}
    found = [read_bundle(write(tmp_path, made)).entries[0].resource_id for _ in range(2)]
    assert found[0] == found[1]
    assert found[0].startswith(expected)
    assert len(found[0]) <= bundle_reader.MAX_ID_LENGTH


def test_entries_without_a_resource_are_counted(tmp_path: Path) -> None:
    made = bundle(patient())
    made["entry"].append({"request": {"method": "DELETE", "url": "Patient/9"}})
    read = read_bundle(write(tmp_path, made))
    assert (len(read.entries), read.without_resource) == (1, 1)
