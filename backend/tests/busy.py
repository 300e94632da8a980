"""A life full of visits, for the tests of speed and of paging: 1,000 visits and 10,000 sets of vital signs."""

# ruff: noqa: E501 - the rows read best as the tables they fill.
from uuid import UUID

import psycopg

VISITS, SETS_PER_VISIT, REPORTS, PRESCRIPTIONS, RECORDS = 1000, 10, 120, 60, 200

PERSON = """
WITH person AS (
  INSERT INTO persons (id, first_name, last_name, date_of_birth, gender)
  VALUES (gen_random_uuid(), 'Beatrix', 'Busyness', '1951-02-03', 'female') RETURNING id)
INSERT INTO patients (id, hospital_id, person_id, mrn, first_name, last_name, search_family_given, search_given_family,
                      date_of_birth, gender, source)
SELECT gen_random_uuid(), h.id, person.id, 'NGH-99999990', 'Beatrix', 'Busyness', 'busyness beatrix', 'beatrix busyness',
       '1951-02-03', 'female', 'urn:test' FROM hospitals h, person WHERE h.code = 'NGH' RETURNING id
"""
ROWS = (
    """INSERT INTO visits (id, hospital_id, patient_id, visit_type, status, admission_date, discharge_date,
                           reason_for_visit, source)
       SELECT gen_random_uuid(), p.hospital_id, p.id, 'outpatient', 'discharged',
              timestamptz '2000-01-01 08:00Z' + n * interval '9 days', timestamptz '2000-01-01 10:00Z' + n * interval '9 days',
              'Visit ' || n, 'urn:test'
         FROM patients p, generate_series(1, %(visits)s) n WHERE p.id = %(patient)s""",
    """INSERT INTO vitals (id, hospital_id, patient_id, visit_id, recorded_at, heart_rate, temperature, respiratory_rate,
                           spo2, blood_pressure_systolic, blood_pressure_diastolic, weight, source)
       SELECT gen_random_uuid(), v.hospital_id, v.patient_id, v.id, v.admission_date + n * interval '11 minutes',
              60 + (n * 7 + extract(day FROM v.admission_date)::int) %% 50, 36.4 + (n %% 5) * 0.3, 14 + n %% 9, 93 + n %% 7,
              112 + (n * 13) %% 60, 70 + n %% 15, CASE WHEN n = 1 THEN 71.5 END, 'urn:test'
         FROM visits v, generate_series(1, %(sets)s) n WHERE v.patient_id = %(patient)s""",
    """INSERT INTO lab_tests (id, hospital_id, patient_id, test_type, status, requested_at, completed_at, source)
       SELECT gen_random_uuid(), p.hospital_id, p.id, 'Basic metabolic panel', 'completed',
              timestamptz '2005-01-01 08:00Z' + n * interval '60 days', timestamptz '2005-01-01 09:00Z' + n * interval '60 days',
              'urn:test' FROM patients p, generate_series(1, %(reports)s) n WHERE p.id = %(patient)s""",
    """INSERT INTO lab_results (id, hospital_id, patient_id, lab_test_id, rank, name, code, value_numeric, unit,
                                reference_low, reference_high, interpretation, status, observed_at, source)
       SELECT gen_random_uuid(), t.hospital_id, t.patient_id, t.id, a.rank, a.name, a.code,
              round((a.low + (a.high - a.low) * ((extract(epoch FROM t.requested_at)::bigint / 86400 * a.rank) %% 100 / 70.0 - 0.1))::numeric, 1),
              a.unit, a.low, a.high, a.flag, 'final', t.requested_at, 'urn:test'
         FROM lab_tests t, (VALUES (1, 'Glucose', '2345-7', 'mg/dL', 65, 99, 'H'), (2, 'Sodium', '2951-2', 'mmol/L', 136, 145, 'N'),
              (3, 'Potassium', '2823-3', 'mmol/L', 3.5, 5.1, 'L'), (4, 'Creatinine', '2160-0', 'mg/dL', 0.6, 1.2, 'HH'),
              (5, 'Calcium', '17861-6', 'mg/dL', 8.6, 10.2, NULL), (6, 'Urea nitrogen', '3094-0', 'mg/dL', 7, 20, 'N'),
              (7, 'Chloride', '2075-0', 'mmol/L', 98, 107, 'N'), (8, 'Carbon dioxide', '2028-9', 'mmol/L', 22, 29, 'LL'))
              a(rank, name, code, unit, low, high, flag) WHERE t.patient_id = %(patient)s""",
    """INSERT INTO prescriptions (id, hospital_id, patient_id, medication_name, dosage, frequency, route, status, start_date, source)
       SELECT gen_random_uuid(), p.hospital_id, p.id, 'Metformin 500 MG Oral Tablet ' || n, '500 mg', 'twice daily', 'oral',
              CASE WHEN n %% 6 = 0 THEN 'active' ELSE 'completed' END,
              CASE WHEN n %% 7 = 0 THEN NULL ELSE date '2010-01-01' + n * 30 END, 'urn:test'
         FROM patients p, generate_series(1, %(prescriptions)s) n WHERE p.id = %(patient)s""",
    """INSERT INTO emr_local (id, hospital_id, patient_id, record_type, data, recorded_at, source)
       SELECT gen_random_uuid(), p.hospital_id, p.id, CASE n %% 3 WHEN 0 THEN 'Condition' WHEN 1 THEN 'Procedure' ELSE 'CarePlan' END,
              jsonb_build_object('resourceType', 'Condition', 'code', jsonb_build_object('text', 'Finding ' || n)),
              CASE WHEN n %% 9 = 0 THEN NULL ELSE timestamptz '2010-01-01Z' + n * interval '3 days' END, 'urn:test'
         FROM patients p, generate_series(1, %(records)s) n WHERE p.id = %(patient)s""",
)


def make_busy_patient(connection: psycopg.Connection) -> UUID:
    """The patient's id; `connection` is the owner's, who may write without the acts."""
    made = connection.execute(PERSON).fetchone()
    assert made is not None
    counts = {
        "patient": made[0],
        "visits": VISITS,
        "sets": SETS_PER_VISIT,
        "reports": REPORTS,
        "prescriptions": PRESCRIPTIONS,
        "records": RECORDS,
    }
    for statement in ROWS:
        connection.execute(statement, counts)
    connection.execute(
        "ANALYZE visits, vitals, lab_tests, lab_results, prescriptions, emr_local, patients, persons"
    )
    patient: UUID = made[0]
    return patient
