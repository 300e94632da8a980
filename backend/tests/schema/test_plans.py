"""Design 4: the hot questions find an index, asked as hass_app over filled tenants. Under row-level security only
leakproof operators may use one, so a question that reads well can still scan a tenant."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from cluster import Database
from factories import NOW, Make, Values

from app.access.policies import ORGANISATION

# Ten hospitals of 500 patients: a scan of one tenant is already a mistake, a scan of all the more so.
FILL = (
    """INSERT INTO persons (id, first_name, last_name, date_of_birth, gender)
       SELECT md5('person' || n)::uuid, 'First' || n % 500, 'Family' || n, DATE '1930-01-01' + n % 30000, 'female'
         FROM generate_series(1, 5000) n""",
    """INSERT INTO patients (id, hospital_id, person_id, mrn, first_name, last_name, search_family_given,
                             search_given_family, date_of_birth, gender, phone_digits)
       SELECT md5('file' || n)::uuid, (%(hospitals)s::uuid[])[n % 10 + 1], md5('person' || n)::uuid,
              'FILL-' || lpad(n::text, 7, '0'), 'First' || n % 500, 'Family' || n,
              'family' || n || ' first' || n % 500, 'first' || n % 500 || ' family' || n,
              DATE '1930-01-01' + n % 30000, 'female', lpad((n * 7919 % 10000000)::text, 10, '5')
         FROM generate_series(1, 5000) n""",
    """INSERT INTO visits (id, hospital_id, patient_id, visit_type, status, admission_date, discharge_date)
       SELECT md5('visit' || n)::uuid, p.hospital_id, p.id, 'inpatient', CASE WHEN n % 20 = 0 THEN 'active'
              ELSE 'discharged' END, now() - n * INTERVAL '1 minute', CASE WHEN n % 20 > 0 THEN now() END
         FROM generate_series(1, 5000) n JOIN patients p ON p.id = md5('file' || n)::uuid""",
    """INSERT INTO vitals (id, hospital_id, patient_id, visit_id, recorded_at, heart_rate, source)
       SELECT gen_random_uuid(), hospital_id, patient_id, id, now() - n * INTERVAL '1 hour', 72, 'urn:fill'
         FROM visits, generate_series(1, 2) n""",
    """INSERT INTO lab_tests (id, hospital_id, patient_id, visit_id, test_type, status, requested_at, source)
       SELECT md5('test' || id)::uuid, hospital_id, patient_id, id, 'Count',
              CASE WHEN random() < 0.02 THEN 'pending' ELSE 'completed' END, admission_date, 'urn:fill' FROM visits""",
    """INSERT INTO lab_results (id, hospital_id, patient_id, lab_test_id, rank, name, code, value_numeric, status)
       SELECT gen_random_uuid(), hospital_id, patient_id, id, 1, 'Haemoglobin', '718-7', 13, 'final' FROM lab_tests""",
    """INSERT INTO prescriptions (id, hospital_id, patient_id, visit_id, medication_name, status, start_date, source)
       SELECT gen_random_uuid(), hospital_id, patient_id, id, 'Lisinopril',
              CASE WHEN random() < 0.05 THEN 'active' ELSE 'completed' END, current_date, 'urn:fill' FROM visits""",
    """INSERT INTO emr_local (id, hospital_id, patient_id, visit_id, record_type, data, recorded_at, source)
       SELECT gen_random_uuid(), hospital_id, patient_id, id, 'Condition', '{"code": "I10"}', now(), 'urn:fill'
         FROM visits""",
    """INSERT INTO allergies (id, hospital_id, patient_id, substance, source)
       SELECT gen_random_uuid(), hospital_id, id, 'Penicillin', 'urn:fill' FROM patients""",
    """INSERT INTO patient_alerts (id, hospital_id, patient_id, alert_type, since, source)
       SELECT gen_random_uuid(), hospital_id, id, 'falls', now(), 'urn:fill' FROM patients""",
    """INSERT INTO patient_merges (id, hospital_id, survivor_id, loser_id, reason, merged_at, merged_by_id)
       SELECT md5('merge' || id)::uuid, hospital_id, id, md5('loser' || id)::uuid, 'fill', created_at, %(doctor)s
         FROM patients""",
    """INSERT INTO merge_journal (id, hospital_id, merge_id, table_name, row_id, column_name, old_value)
       SELECT gen_random_uuid(), hospital_id, id, 'visits', survivor_id, 'patient_id', 'x'
         FROM patient_merges""",
    """INSERT INTO users (id, email, password_hash, last_name, role_id, scope, region_id, hospital_id)
       SELECT md5('carer' || n)::uuid, 'carer' || n || '@hass.test', password_hash, 'Carer', role_id, scope, region_id,
              hospital_id FROM users, generate_series(1, 50) n WHERE id = %(doctor)s""",
    """INSERT INTO care_assignments (id, hospital_id, patient_id, visit_id, user_id, role, from_at, until_at)
       SELECT gen_random_uuid(), hospital_id, patient_id, id,
              md5('carer' || (row_number() OVER ())::int % 50 + 1)::uuid, 'nurse', now() - INTERVAL '2 hours',
              CASE WHEN status <> 'active' THEN now() END FROM visits""",
    """INSERT INTO nurse_logs (id, hospital_id, patient_id, visit_id, log_type, content, logged_at, source)
       SELECT gen_random_uuid(), hospital_id, patient_id, id, CASE WHEN n = 20 THEN 'incident' ELSE 'note' END, 'x',
              now() - n * INTERVAL '1 hour', 'urn:fill' FROM visits, generate_series(1, 20) n
        WHERE status = 'active'""",
    """INSERT INTO fluid_entries (id, hospital_id, patient_id, visit_id, direction, kind, volume_ml, measured_at,
                                  recorded_by_id)
       SELECT gen_random_uuid(), hospital_id, patient_id, id, 'in', 'oral', 100, now() - n * INTERVAL '1 hour',
              %(doctor)s FROM visits, generate_series(1, 10) n WHERE status = 'active'""",
    """INSERT INTO handovers (id, hospital_id, patient_id, visit_id, from_user_id, to_user_id, care_role, status)
       SELECT gen_random_uuid(), hospital_id, patient_id, visit_id, user_id, %(doctor)s, 'nurse', 'draft'
         FROM care_assignments""",
    """INSERT INTO emr_global (id, source_hospital_id, patient_id, visit_id, person_id, source_record_id, record_type,
                               content_hash, status, synced_at)
       SELECT gen_random_uuid(), e.hospital_id, e.patient_id, e.visit_id, p.person_id, e.id, 'Condition', 'x', 'synced',
              now() FROM emr_local e JOIN patients p ON p.id = e.patient_id""",
    """INSERT INTO nurse_logs (id, hospital_id, patient_id, visit_id, log_type, content, logged_at, source)
       SELECT gen_random_uuid(), hospital_id, patient_id, id, 'note', 'Slept.', now(), 'urn:fill' FROM visits""",
    """INSERT INTO appointments (id, hospital_id, patient_id, doctor_id, scheduled_at, duration_minutes, ends_at,
                                 source)
       SELECT gen_random_uuid(), hospital_id, patient_id, %(doctor)s, begins, 30, begins + INTERVAL '30 minutes',
              'urn:fill'
         FROM (SELECT *, now() + row_number() OVER () * INTERVAL '30 minutes' AS begins FROM visits) v""",
    """INSERT INTO beds (id, hospital_id, bed_number, ward)
       SELECT gen_random_uuid(), h, 'F' || n, 'Ward ' || n % 20 FROM unnest(%(hospitals)s::uuid[]) h,
              generate_series(1, 100) n""",
    """INSERT INTO inventory (id, hospital_id, item_type, item_name, item_code, unit, quantity, expiry_date)
       SELECT gen_random_uuid(), h, 'supply', 'Item ' || n, 'F' || n, 'piece', n, current_date + n
         FROM unnest(%(hospitals)s::uuid[]) h, generate_series(1, 200) n""",
    """INSERT INTO users (id, email, password_hash, last_name, role_id, scope, region_id, hospital_id)
       SELECT gen_random_uuid(), 'fill' || n || '@hass.test', password_hash, 'Fill', role_id, scope, region_id,
              hospital_id FROM users, generate_series(1, 2000) n WHERE id = %(doctor)s""",
    """INSERT INTO sessions (id, user_id, cookie_hash, expires_at)
       SELECT gen_random_uuid(), %(doctor)s, md5(n::text), now() + INTERVAL '1 day' FROM generate_series(1, 5000) n""",
    """INSERT INTO notifications (id, hospital_id, recipient_user_id, notification_type, subject_id, channel, message,
                                  status)
       SELECT gen_random_uuid(), (%(hospitals)s::uuid[])[n % 10 + 1], NULL, 'reminder', gen_random_uuid(), 'in_app',
              'x', CASE WHEN n % 50 = 0 THEN 'pending' ELSE 'expired' END FROM generate_series(1, 5000) n""",
    """INSERT INTO audit_logs (id, action, resource_type, resource_id, patient_id, hospital_id)
       SELECT gen_random_uuid(), 'R', 'patients', id, id, hospital_id FROM patients""",
)
TENANT = (
    "patients|visits|vitals|lab_tests|lab_results|prescriptions|emr_local|emr_global|nurse_logs|appointments|beds"
    "|bed_assignments|patient_alerts|patient_merges|merge_journal|handovers|fluid_entries|care_assignments|inventory|allergies|diagnoses|patient_identifiers|notifications|sessions|users|persons|audit_logs"
)
OWN = "hospital_id = %(hospital)s"
# As the features ask (features/registration/statements.py is explained in tests/registration as well).
HOT = {
    "search by family name": f"SELECT id FROM patients WHERE {OWN} AND search_family_given ^@ 'family12'"
    " ORDER BY search_family_given LIMIT 20",
    "search by given name": f"SELECT id FROM patients WHERE {OWN} AND search_given_family ^@ 'first12 f'",
    "search by either name": f"SELECT id FROM patients WHERE {OWN} AND (search_family_given ^@ 'family12'"
    " OR search_given_family ^@ 'family12')",
    "search by MRN": f"SELECT id FROM patients WHERE {OWN} AND mrn ^@ 'FILL-00012'",
    "MRN typed in full": "SELECT id FROM patients WHERE mrn = 'FILL-0001234'",
    "search by phone": f"SELECT id FROM patients WHERE {OWN} AND phone_digits ^@ '5557919'",
    "search by date of birth": f"SELECT id FROM patients WHERE {OWN} AND date_of_birth = DATE '1950-03-01'",
    "one file": "SELECT id FROM patients WHERE id = %(patient)s",
    "visits of a chart": "SELECT id FROM visits WHERE patient_id = %(patient)s ORDER BY admission_date DESC LIMIT 50",
    "vital signs of a chart": "SELECT id FROM vitals WHERE patient_id = %(patient)s"
    " ORDER BY recorded_at DESC, id DESC LIMIT 400",
    "vital signs of a visit": "SELECT id FROM vitals WHERE visit_id = %(visit)s ORDER BY recorded_at DESC",
    "tests of a chart": "SELECT id FROM lab_tests WHERE patient_id = %(patient)s"
    " ORDER BY requested_at DESC, id DESC LIMIT 50",
    "results of a test": f"SELECT id FROM lab_results WHERE {OWN} AND patient_id = %(patient)s"
    " AND lab_test_id = %(test)s ORDER BY rank",
    "a value over time": "SELECT id FROM lab_results WHERE patient_id = %(patient)s AND code = '718-7'"
    " ORDER BY observed_at DESC",
    "prescriptions of a chart": "SELECT id FROM prescriptions WHERE patient_id = %(patient)s",
    "records of a chart": "SELECT id FROM emr_local WHERE patient_id = %(patient)s AND record_type = 'Condition'"
    " ORDER BY recorded_at DESC, id DESC LIMIT 50",
    "global records of a person": "SELECT id FROM emr_global WHERE person_id = %(person)s ORDER BY created_at DESC",
    "notes of a visit": "SELECT id FROM nurse_logs WHERE visit_id = %(visit)s ORDER BY logged_at DESC LIMIT 50",
    "incidents of a hospital": f"SELECT id FROM nurse_logs WHERE {OWN} AND log_type = 'incident'"
    " ORDER BY logged_at DESC, id DESC LIMIT 31",
    "who cares for a visit": "SELECT id FROM care_assignments WHERE visit_id = %(visit)s AND until_at IS NULL",
    "patients of a nurse": f"SELECT visit_id FROM care_assignments WHERE {OWN} AND user_id = md5('carer1')::uuid"
    " AND until_at IS NULL",
    "hand-overs to accept": f"SELECT id FROM handovers WHERE {OWN} AND to_user_id = %(doctor)s AND status = 'given'",
    "hand-overs of a visit": "SELECT id FROM handovers WHERE visit_id = %(visit)s ORDER BY created_at DESC LIMIT 100",
    "fluids of a visit": "SELECT sum(f.volume_ml) FROM fluid_entries f WHERE f.visit_id = %(visit)s"
    " AND f.entered_in_error_at IS NULL AND NOT EXISTS (SELECT FROM fluid_entries s WHERE s.amends_id = f.id)",
    "allergies of the banner": f"SELECT id FROM allergies WHERE {OWN} AND patient_id = %(patient)s",
    "alerts of the banner": f"SELECT id FROM patient_alerts WHERE {OWN} AND patient_id = %(patient)s"
    " AND (until IS NULL OR until > now())",
    "merges of a hospital": f"SELECT id FROM patient_merges WHERE {OWN} ORDER BY merged_at DESC, id DESC LIMIT 21",
    "journal of a merge": f"SELECT count(*) FROM merge_journal WHERE {OWN} AND merge_id = md5('merge')::uuid",
    "open visits of the ward": f"SELECT id FROM visits WHERE {OWN} AND status IN ('active', 'on_leave')"
    " ORDER BY admission_date",
    "bed board": f"SELECT id FROM beds WHERE {OWN} AND status = 'available' AND ward = 'Ward 3'",
    "bed of a patient": f"SELECT id FROM beds WHERE {OWN} AND assigned_patient_id = %(patient)s",
    "laboratory queue": f"SELECT id FROM lab_tests WHERE {OWN} AND status = 'pending'"
    " ORDER BY urgency, requested_at LIMIT 50",
    "pharmacy queue": f"SELECT id FROM prescriptions WHERE {OWN} AND status = 'active' ORDER BY created_at LIMIT 50",
    "day of a doctor": "SELECT id FROM appointments WHERE doctor_id = %(doctor)s"
    " AND scheduled_at >= now() AND scheduled_at < now() + INTERVAL '1 hour'",
    "lots of an item": f"SELECT id FROM inventory WHERE {OWN} AND item_code = 'F12' ORDER BY expiry_date",
    "messages that are due": f"SELECT id FROM notifications WHERE {OWN} AND created_at > now() + INTERVAL '1 hour'",
    "newest of the trail": f"SELECT id FROM audit_logs WHERE {OWN}"
    " ORDER BY created_at DESC, id DESC LIMIT 51",
    "trail of a patient": "SELECT id FROM audit_logs WHERE patient_id = %(patient)s ORDER BY created_at DESC LIMIT 50",
    "trail of a row": "SELECT id FROM audit_logs WHERE resource_type = 'patients' AND resource_id = %(patient)s"
    " ORDER BY created_at DESC",
}


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Iterator[tuple[psycopg.Connection[Any], Values]]:
    with module_database.owner() as connection:
        with connection.transaction():
            make = Make(connection)
            hospitals = [make.hospital() for _ in range(10)]
            doctor = make.user("doctor", hospital=hospitals[0])["id"]
            values = {"hospitals": [hospital["id"] for hospital in hospitals], "doctor": doctor}
            connection.execute("SET LOCAL session_replication_role = replica")
            for table in TENANT.split("|"):
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for statement in FILL:
                # A remainder's sign is no placeholder.
                connection.execute(re.sub(r"%(?!\()", "%%", statement), values)
        connection.execute("ANALYZE")
        row = connection.execute(
            "SELECT v.hospital_id, v.patient_id, v.id, t.id, p.person_id FROM visits v"
            " JOIN lab_tests t ON t.visit_id = v.id JOIN patients p ON p.id = v.patient_id"
            " WHERE v.hospital_id = %s LIMIT 1",
            (hospitals[0]["id"],),
        ).fetchone()
        assert row is not None
        yield (
            connection,
            dict(zip(("hospital", "patient", "visit", "test", "person"), row, strict=True))
            | {"doctor": doctor},
        )


def as_staff(connection: psycopg.Connection[Any], hospital: Any) -> None:
    connection.execute("SET LOCAL ROLE hass_app")
    connection.execute(
        "SELECT set_config('hass.scope', 'hospital', true), set_config('hass.hospital_id', %s, true)",
        (str(hospital),),
    )


def scans(plan: str) -> list[str]:
    """The tables of tenants read from end to end; the months of the trail that are still empty do not count."""
    return re.findall(rf"Seq Scan on ((?:{TENANT}|audit_logs_{NOW:%Y%m})\b)", plan)


@pytest.mark.parametrize("question", sorted(HOT))
def test_hot_question_scans_no_tenant(filled: tuple[psycopg.Connection[Any], Values], question: str) -> None:
    connection, values = filled
    with connection.transaction(force_rollback=True):
        as_staff(connection, values["hospital"])
        lines = connection.execute(f"EXPLAIN {HOT[question]}", values).fetchall()
    plan = "\n".join(line for (line,) in lines)
    assert not scans(plan), plan
    assert "Index" in plan, plan


OF_PATIENT = (
    "visits of a chart", "vital signs of a chart", "tests of a chart", "results of a test", "a value over time",
    "prescriptions of a chart", "records of a chart", "global records of a person", "one file",
)  # fmt: skip


@pytest.mark.parametrize("question", OF_PATIENT)
def test_the_same_question_as_the_patient_scans_nothing(
    filled: tuple[psycopg.Connection[Any], Values], question: str
) -> None:
    connection, values = filled
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL ROLE hass_app")
        connection.execute(
            "SELECT set_config('hass.scope', 'self', true), set_config('hass.person_id', %s, true)",
            (str(values["person"]),),
        )
        lines = connection.execute(f"EXPLAIN {HOT[question]}", values).fetchall()
    plan = "\n".join(line for (line,) in lines)
    assert not scans(plan), plan


@pytest.mark.parametrize("scope", ["network", "region"])
def test_newest_of_the_trail_of_administrators_scan_nothing(
    filled: tuple[psycopg.Connection[Any], Values], scope: str
) -> None:
    """They read the trail of the organisation only, beside which that of patients is long."""
    connection, values = filled
    question = f"SELECT id FROM audit_logs l WHERE l.{ORGANISATION}" + (
        " AND l.region_id = %(hospital)s" if scope == "region" else ""
    )
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL ROLE hass_app")
        connection.execute("SELECT set_config('hass.scope', %s, true)", (scope,))
        sentence = f"EXPLAIN {question} ORDER BY l.created_at DESC, l.id DESC LIMIT 51"
        plan = "\n".join(line for (line,) in connection.execute(sentence, values).fetchall())
    assert not scans(plan), plan
    assert f"Index Scan Backward using audit_logs_{NOW:%Y%m}" in plan, plan


def test_like_would_scan_the_tenant_which_is_why_it_is_not_used(
    filled: tuple[psycopg.Connection[Any], Values],
) -> None:
    """LIKE is not leakproof: the policy is asked first, for every row of the hospital."""
    connection, values = filled
    with connection.transaction(force_rollback=True):
        as_staff(connection, values["hospital"])
        sentence = f"EXPLAIN SELECT id FROM patients WHERE {OWN} AND search_family_given LIKE 'family12%%'"
        plan = "\n".join(line for (line,) in connection.execute(sentence, values).fetchall())
    condition = re.findall(r"Index Cond: (.*)", plan)
    assert not [each for each in condition if "search_family_given" in each], plan


def test_session_open_scans_nothing(filled: tuple[psycopg.Connection[Any], Values]) -> None:
    """The plan inside the function, as auto_explain reports it; it runs with every request."""
    connection, _ = filled
    said: list[str] = []
    connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
    with connection.transaction(force_rollback=True):
        connection.execute("LOAD 'auto_explain'")
        for name, value in (
            ("auto_explain.log_min_duration", "0"), ("auto_explain.log_nested_statements", "on"),
            ("client_min_messages", "log"),
        ):  # fmt: skip
            connection.execute("SELECT set_config(%s, %s, true)", (name, value))
        cookie = (
            "SELECT scope FROM session_open(NULL, md5('777'), interval '1 day', 'test', NULL, NULL, NULL)"
        )
        connection.execute("SET LOCAL ROLE hass_app")
        assert connection.execute(cookie).fetchall() == [("hospital",)]
    plans = "\n".join(said)
    assert "sessions" in plans
    assert not scans(plans), plans
