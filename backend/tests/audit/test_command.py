"""`hass audit` as an operator or a script meets it: plain lines, whole ids, a status that tells."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cluster import BACKEND
from trail import Trail

from app.audit.pruning import drop, mark_pruned
from app.core.errors import Conflict
from app.core.ids import new_id

EVENT = "SELECT audit_event('R', '110110', 'patients', %s)"
LONG_AGO = "2019-03"


def hass(trail: Trail, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "audit", *arguments],
        cwd=BACKEND,
        env={
            **os.environ,
            # A narrow screen must not cut an id.
            "COLUMNS": "20",
            "HASS_DATABASE_URL": trail.database.app_url,
            "HASS_OWNER_DATABASE_URL": trail.database.owner_url,
            **settings,
        },
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def test_seal_then_verify_says_that_all_is_well(trail: Trail) -> None:
    with trail.database.owner() as connection:
        connection.execute(EVENT, (new_id(),))
    assert hass(trail, "seal").stdout == "1 rows sealed.\n"
    assert hass(trail, "seal").stdout.startswith("Nothing to seal")
    done = hass(trail, "verify")
    assert done.returncode == 0
    assert done.stdout == f"{len(trail.rows())} rows under 4 seals are as they were written.\n"


def test_verify_names_the_rows_first_and_ends_with_status_1(trail: Trail) -> None:
    changed, removed = trail.rows()[2], trail.rows()[8]
    trail.behind_its_back("UPDATE audit_logs SET act = 'other' WHERE id = %s", changed["id"])
    trail.behind_its_back("DELETE FROM audit_logs WHERE id = %s", removed["id"])
    done = hass(trail, "verify")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"row was changed: {changed['id']} ")
    assert lines[1].startswith(f"row was removed: {removed['id']} ")
    assert "tampered" in lines[2]


def test_unsealed_rows_are_told_of_and_are_no_alarm(trail: Trail) -> None:
    with trail.database.owner() as connection:
        connection.execute(EVENT, (new_id(),))
    done = hass(trail, "verify")
    assert done.returncode == 0
    assert "1 rows since" in done.stdout
    assert "unsealed" in done.stdout


@pytest.fixture
def old_trail(trail: Trail) -> Trail:
    """With a month of seven years ago, sealed as it was written, beside the present one."""
    with trail.database.owner() as connection:
        connection.execute(
            "CREATE TABLE audit_logs_201903 PARTITION OF audit_logs"
            " FOR VALUES FROM ('2019-03-01 00:00+00') TO ('2019-04-01 00:00+00')"
        )
        connection.execute("ALTER TABLE audit_logs_201903 OWNER TO hass_owner")
        for day in (1, 2):
            at = datetime(2019, 3, day, tzinfo=UTC)
            connection.execute(
                "INSERT INTO audit_logs (id, action, resource_type, created_at, updated_at)"
                " VALUES (%s, 'R', 'patients', %s, %s)",
                (new_id(), at, at),
            )
        # One transaction over the turn of a month: its batch gets a seal for each.
        connection.execute(
            "INSERT INTO audit_logs (id, action, resource_type, created_at, updated_at)"
            " SELECT new_id(), 'R', 'patients', at, at"
            "   FROM unnest(ARRAY['2019-03-31 23:59:59+00', now()]::timestamptz[]) AS at"
        )
    trail.seal()
    return trail


def partitions(trail: Trail) -> set[str]:
    with trail.database.owner() as connection:
        found = connection.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'audit_logs'::regclass"
        ).fetchall()
    return {row[0] for row in found}


def test_prune_lists_what_is_too_old_and_drops_it_when_told(old_trail: Trail) -> None:
    before, rows = partitions(old_trail), len(old_trail.rows())
    listed = hass(old_trail, "prune")
    assert listed.returncode == 0, listed.stderr
    assert LONG_AGO in listed.stdout
    assert partitions(old_trail) == before
    done = hass(old_trail, "prune", "--yes")
    assert done.stdout == f"{LONG_AGO} was dropped; its seals are kept.\n", done.stderr
    assert before - partitions(old_trail) == {"audit_logs_201903"}
    assert len(old_trail.rows()) == rows - 3
    verified = hass(old_trail, "verify")
    assert verified.returncode == 0, verified.stdout
    assert f"3 rows were dropped by policy, with their seals kept: {LONG_AGO}." in verified.stdout
    assert hass(old_trail, "prune", "--yes").stdout == "Nothing is older than 72 months.\n"


def test_a_month_that_goes_without_its_mark_is_an_alarm(old_trail: Trail) -> None:
    with old_trail.database.owner() as connection:
        connection.execute("DROP TABLE audit_logs_201903")
    report = old_trail.verify()
    assert [finding.kind for finding in report.findings] == ["removed"] * 3


def test_a_forged_mark_does_not_pass(old_trail: Trail) -> None:
    old_trail.behind_its_back(
        "INSERT INTO audit_seals (id, number, kind, month, lower_transaction, upper_transaction, after_seq, last_seq,"
        " row_count, entries,"
        " previous_seal, seal, key_id) SELECT gen_random_uuid(), number + 1, 'pruned', '2019-03', upper_transaction,"
        " upper_transaction, after_seq, last_seq, 0, '', seal, repeat('0', 64), key_id"
        " FROM audit_seals ORDER BY number DESC LIMIT 1"
    )
    with old_trail.database.owner() as connection:
        connection.execute("DROP TABLE audit_logs_201903")
    assert not old_trail.verify().is_whole


def test_what_is_young_enough_stays(old_trail: Trail) -> None:
    months = (datetime.now(UTC) - datetime(2019, 3, 31, tzinfo=UTC)) // timedelta(days=30) + 2
    assert hass(old_trail, "prune", "--yes", "--months", str(months)).stdout.startswith("Nothing is older")
    assert hass(old_trail, "prune", HASS_AUDIT_KEEP_MONTHS=str(months)).stdout.startswith("Nothing is older")


def test_nothing_of_a_trail_that_was_tampered_with_is_dropped(old_trail: Trail) -> None:
    old_trail.behind_its_back("UPDATE audit_logs SET act = 'other' WHERE id = %s", old_trail.rows()[0]["id"])
    done = hass(old_trail, "prune", "--yes")
    assert done.returncode == 1
    assert "tampered" in done.stderr
    assert "audit_logs_201903" in partitions(old_trail)


def test_a_month_that_somebody_reads_is_not_dropped_and_the_next_time_is(
    old_trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.audit.pruning.LOCK_TIMEOUT", "100ms")
    old_trail.run(lambda sessions: mark_pruned(sessions, LONG_AGO))
    with old_trail.database.owner(autocommit=False) as reader:
        reader.execute("SELECT count(*) FROM audit_logs")
        with pytest.raises(Conflict, match=f"{LONG_AGO} was not dropped"):
            drop(old_trail.database.owner_url, LONG_AGO)
    # Marked already, and still there: no alarm.
    assert old_trail.verify().is_whole
    drop(old_trail.database.owner_url, LONG_AGO)
    assert "audit_logs_201903" not in partitions(old_trail)
    assert old_trail.verify().is_whole


def test_the_doctor_tells_how_far_the_trail_is_sealed(trail: Trail) -> None:
    from app.core.database import Urls
    from app.doctor import _trail

    urls = Urls(trail.database.app_url, trail.database.owner_url)
    (fine,) = _trail(urls)
    assert (fine.sentence, fine.is_wrong) == ("3 seals, 0 rows not sealed yet.", False)
    with trail.database.owner() as connection:
        connection.execute(
            "INSERT INTO audit_logs (id, action, resource_type, created_at, updated_at)"
            " SELECT new_id(), 'R', 'patients', at, at FROM (SELECT now() - interval '1 year' AS at) a"
        )
    late, outside = _trail(urls)
    assert late.is_wrong
    assert "hass audit seal" in late.sentence
    assert "1 rows lie outside the months made ahead" in outside.sentence
    trail.behind_its_back("DELETE FROM audit_seals WHERE number = 3")
    assert any("Seal 3 was made and is gone" in finding.sentence for finding in _trail(urls))
