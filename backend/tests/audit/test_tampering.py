"""Design 5: whatever the owner of the database does to the trail behind its back, verify names the row."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from trail import COLUMNS, Trail, digest

from app.audit.keys import head_path, key_path
from app.core.errors import HassError
from app.core.ids import new_id
from app.core.settings import get_settings

INSTANT = "%s::timestamptz + interval '1 microsecond'"


def full_row(trail: Trail) -> dict[str, Any]:
    """A row in which as many columns as can be hold something."""
    return next(row for row in trail.rows() if row["event_type"] == "110110")


def test_an_untouched_trail_is_whole(trail: Trail) -> None:
    report = trail.verify()
    assert report.is_whole
    assert report.rows == len(trail.rows()) > 12
    assert report.seals == 3
    assert report.unsealed == 0


def test_the_digest_is_the_same_when_python_computes_it(trail: Trail) -> None:
    """So it depends on no release, time zone, locale or form of printing JSON."""
    with trail.database.owner() as connection:
        connection.execute(
            "SET timezone = 'Asia/Kathmandu'; SET datestyle = 'German'; SET extra_float_digits = 0"
        )
        connection.execute(
            "SET hass.scope = 'network'; SET bytea_output = 'escape'; SET intervalstyle = 'iso_8601'"
        )
        found = connection.execute(
            "SELECT id, digest FROM audit_digests(%s, %s, 0, %s)", (-(2**63), 2**63 - 1, 2**63 - 1)
        ).fetchall()
    assert dict(found) == {row["id"]: digest(row) for row in trail.rows()}
    assert len(found) > 12


@pytest.mark.parametrize("column", COLUMNS)
def test_a_change_of_any_column_names_the_row(trail: Trail, column: str) -> None:
    row = full_row(trail)
    if column in {"before_state", "after_state"}:
        row = next(each for each in trail.rows() if (each["after_state"] or {}).get("reason_for_visit"))
        assert row["action"] == "U"
    new: dict[str, str] = {
        "id": "gen_random_uuid()",
        "created_at": "created_at + interval '1 microsecond'",
        "updated_at": "updated_at + interval '1 microsecond'",
        "seq": "seq + 1000000",
        # Into the first batch.
        "transaction_id": "1",
        "action": "'E'",
        "outcome": "8",
        "ip_address": "'192.0.2.8'",
        "before_state": 'before_state || \'{"reason_for_visit": "Chest pains"}\'',
        "after_state": "after_state - 'reason_for_visit'",
        "query": "'{\"found\": 4}'",
    }
    uuids = {"user_id", "user_hospital_id", "resource_id", "patient_id", "hospital_id", "region_id"}
    value = new.get(column) or ("NULL" if column in uuids else f"{column} || '.'")
    trail.behind_its_back(f"UPDATE audit_logs SET {column} = {value} WHERE id = %s", row["id"])
    found = trail.found()
    kinds = {kind for kind, _ in found}
    assert kinds == ({"removed", "inserted"} if column in {"id", "transaction_id"} else {"changed"})
    # As it was known when it was sealed.
    assert row["id"] in {row_id for _, row_id in found}


def test_one_byte_of_a_state_is_enough(trail: Trail) -> None:
    row = next(each for each in trail.rows() if each["resource_type"] == "emr_local")
    trail.behind_its_back(
        "UPDATE audit_logs SET after_state = replace(after_state::text, 'é', 'è')::jsonb WHERE id = %s",
        row["id"],
    )
    assert trail.found() == [("changed", row["id"])]


def test_a_removed_row_is_named(trail: Trail) -> None:
    row = trail.rows()[5]
    trail.behind_its_back("DELETE FROM audit_logs WHERE id = %s", row["id"])
    assert trail.found() == [("removed", row["id"])]


def test_two_swapped_rows_are_named(trail: Trail) -> None:
    one, two = trail.rows()[-4:-2]
    assert one["transaction_id"] == two["transaction_id"]
    trail.behind_its_back(
        "UPDATE audit_logs SET seq = CASE id WHEN %s THEN %s ELSE %s END WHERE id IN (%s, %s)",
        one["id"], two["seq"], one["seq"], one["id"], two["id"],
    )  # fmt: skip
    assert trail.found() == [("changed", one["id"]), ("changed", two["id"])]


@pytest.mark.parametrize("in_month", [0, -1])
def test_a_row_inserted_behind_its_back_is_named(trail: Trail, in_month: int) -> None:
    """Also in a month that the batch has no seal for."""
    like, made = trail.rows()[4], new_id()
    at = like["created_at"] + timedelta(days=31 * in_month)
    trail.behind_its_back(
        "INSERT INTO audit_logs (id, seq, transaction_id, action, resource_type, created_at, updated_at)"
        " VALUES (%s, %s, %s, 'R', 'patients', %s, %s)",
        made, like["seq"], like["transaction_id"], at, at,
    )  # fmt: skip
    assert trail.found() == [("inserted", made)]


@pytest.mark.parametrize("seq", [0, -1, -(2**63)])
def test_a_row_inserted_before_the_first_one_is_named(trail: Trail, seq: int) -> None:
    like, made = trail.rows()[4], new_id()
    trail.behind_its_back(
        "INSERT INTO audit_logs (id, seq, transaction_id, action, resource_type, created_at, updated_at)"
        " VALUES (%s, %s, %s, 'R', 'patients', %s, %s)",
        made, seq, like["transaction_id"], like["created_at"], like["created_at"],
    )  # fmt: skip
    assert trail.found() == [("inserted", made)]


@pytest.mark.parametrize("seq", [1, 10**6])
def test_a_row_inserted_under_the_id_of_another_is_named(trail: Trail, seq: int) -> None:
    """The key of the table holds the instant too."""
    like = trail.rows()[4]
    at = like["created_at"] + timedelta(microseconds=1)
    trail.behind_its_back(
        "INSERT INTO audit_logs (id, seq, transaction_id, action, resource_type, created_at, updated_at)"
        " VALUES (%s, %s, %s, 'R', 'patients', %s, %s)",
        like["id"], seq, like["transaction_id"], at, at,
    )  # fmt: skip
    assert trail.found() == [("inserted", like["id"])]


def test_the_first_trace_stands_first(trail: Trail) -> None:
    rows = trail.rows()
    for row in (rows[-1], rows[1], rows[7]):
        trail.behind_its_back("UPDATE audit_logs SET act = 'other' WHERE id = %s", row["id"])
    assert trail.found() == [("changed", row["id"]) for row in (rows[1], rows[7], rows[-1])]


def test_a_tail_cut_off_the_rows_is_named(trail: Trail) -> None:
    cut = trail.rows()[-4:]
    trail.behind_its_back("DELETE FROM audit_logs WHERE id = ANY (%s)", [row["id"] for row in cut])
    assert trail.found() == [("removed", row["id"]) for row in cut]


def test_a_tail_cut_off_rows_and_seals_is_seen_by_the_head_kept_outside(trail: Trail) -> None:
    last = trail.rows()[-1]["transaction_id"]
    trail.behind_its_back("DELETE FROM audit_logs WHERE transaction_id = %s", last)
    trail.behind_its_back("DELETE FROM audit_seals WHERE number = 3")
    (finding,) = trail.verify().findings
    assert (finding.kind, finding.seal) == ("seal-missing", 3)


@pytest.mark.parametrize("gone", ["number = 3", "true"])
def test_a_chain_that_was_cut_is_not_gone_on_with(trail: Trail, gone: str) -> None:
    """Else the next seals would cover the gap, within a minute, before anybody verifies."""
    trail.behind_its_back("DELETE FROM audit_logs WHERE id = %s", trail.rows()[-1]["id"])
    trail.behind_its_back(f"DELETE FROM audit_seals WHERE {gone}")
    for _ in range(2):
        with trail.database.owner() as connection:
            connection.execute("SELECT audit_event('R', '110110', 'patients', %s)", (new_id(),))
        with pytest.raises(HassError, match="Seal 3 of the audit trail was made and is gone"):
            trail.seal()
    assert ("seal-missing", 3) in {(each.kind, each.seal) for each in trail.verify().findings}


def test_a_chain_of_an_older_backup_goes_on_with_the_head_of_that_backup(trail: Trail) -> None:
    with trail.database.owner() as connection:
        before = connection.execute("SELECT seal FROM audit_seals WHERE number = 2").fetchone()
    assert before is not None
    trail.behind_its_back("DELETE FROM audit_seals WHERE number = 3")
    head_path().write_text(f"2 {before[0]}\n")
    assert trail.seal() > 0
    assert trail.verify().is_whole


def test_a_whole_chain_that_is_gone_is_seen(trail: Trail) -> None:
    trail.behind_its_back("DELETE FROM audit_seals")
    assert [finding.kind for finding in trail.verify().findings] == ["seal-missing"] * 3


def test_a_dropped_seal_is_named(trail: Trail) -> None:
    trail.behind_its_back("DELETE FROM audit_seals WHERE number = 2")
    (finding,) = trail.verify().findings
    assert (finding.kind, finding.seal) == ("seal-missing", 2)


@pytest.mark.parametrize(
    "change",
    [
        "entries = set_byte(entries, 20, get_byte(entries, 20) # 1)",
        "created_at = created_at - interval '1 day', updated_at = updated_at - interval '1 day'",
        "upper_transaction = upper_transaction + 1",
        "lower_transaction = lower_transaction - 1",
        "kind = 'pruned'",
        "month = '2020-01'",
        "after_seq = 1",
        "last_seq = last_seq + 1",
        "first_id = NULL",
        "previous_seal = repeat('0', 64)",
        "seal = repeat('a', 64)",
        "row_count = row_count - 1, entries = substr(entries, 49)",
    ],
)
def test_an_altered_seal_is_named(trail: Trail, change: str) -> None:
    trail.behind_its_back(f"UPDATE audit_seals SET {change} WHERE number = 2")
    findings = trail.verify().findings
    assert ("seal-changed", 2) in {(each.kind, each.seal) for each in findings}


def test_a_row_and_its_seal_altered_together_are_seen(trail: Trail) -> None:
    """Whoever rules the database can compute digests, but not the seal over them."""
    row = trail.rows()[-1]
    trail.behind_its_back("UPDATE audit_logs SET act = 'harmless' WHERE id = %s", row["id"])
    forged = next(each for each in trail.rows() if each["id"] == row["id"])
    trail.behind_its_back(
        "UPDATE audit_seals SET entries = overlay(entries PLACING %s FROM octet_length(entries) - 31)"
        " WHERE number = 3",
        digest(forged),
    )
    (finding,) = trail.verify().findings
    assert (finding.kind, finding.seal) == ("seal-changed", 3)


def test_rows_since_the_last_seal_are_unsealed_and_no_alarm(trail: Trail) -> None:
    with trail.database.owner() as connection:
        connection.execute("SELECT audit_event('R', '110110', 'patients', %s)", (new_id(),))
    report = trail.verify()
    assert report.is_whole
    assert report.unsealed == 1
    assert trail.seal() == 1
    assert trail.verify().unsealed == 0


def test_another_key_makes_no_seal_that_passes(trail: Trail) -> None:
    key_path().write_text("f" * 64)
    assert {finding.kind for finding in trail.verify().findings} == {"seal-changed"}


def test_a_chain_that_goes_on_never_gets_a_new_key(trail: Trail) -> None:
    """Else whoever takes the key away would have the rest sealed with one that anybody made."""
    key_path().unlink()
    with pytest.raises(HassError, match="Bring it back from your backup"):
        trail.verify()
    head_path().unlink()
    with pytest.raises(HassError, match="Bring it back from your backup"):
        trail.seal()


def test_key_and_head_are_closed_to_others(trail: Trail) -> None:
    assert key_path().stat().st_mode & 0o077 == 0
    assert head_path().stat().st_mode & 0o077 == 0
    key_path().chmod(0o644)
    with pytest.raises(HassError, match="chmod 600"):
        trail.verify()


def test_findings_print_the_whole_id(trail: Trail) -> None:
    row = trail.rows()[5]
    trail.behind_its_back("DELETE FROM audit_logs WHERE id = %s", row["id"])
    (finding,) = trail.verify().findings
    assert str(row["id"]) in finding.sentence
    assert UUID(finding.sentence.split()[3])


def test_a_key_of_ones_own_is_asked_for_where_nothing_is_sealed_yet(
    trail: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No backup can hold it, so none is spoken of."""
    monkeypatch.setenv("HASS_AUDIT_KEY_FILE", str(tmp_path / "own.key"))
    get_settings.cache_clear()
    with pytest.raises(HassError, match="Bring it back from your backup"):
        trail.seal()
    trail.behind_its_back("DELETE FROM audit_seals")
    with pytest.raises(HassError, match="nothing is sealed yet"):
        trail.seal()
    (tmp_path / "own.key").write_text("a" * 64)
    (tmp_path / "own.key").chmod(0o600)
    assert trail.seal() > 0
    assert trail.verify().is_whole
