"""The SQL of search and chart: one statement a question, each led by an index under row-level security.

Bound values only; the few parts put together here are constants of this file.
"""

from app.features.registration.rules import PatientSearch

ROW = """
       p.id, p.mrn, p.first_name, p.last_name, p.date_of_birth, p.date_of_birth_precision, p.gender,
       p.is_unknown, p.phone, p.is_active, p.merged_into_id, p.is_deceased,
       ARRAY(SELECT m.mrn FROM patients m WHERE m.hospital_id = p.hospital_id AND m.merged_into_id = p.id
              ORDER BY m.mrn) AS former_mrns,
       (p.deceased_at AT TIME ZONE h.timezone)::date AS deceased_on,
       (SELECT b.ward || ' ' || b.bed_number FROM beds b
         WHERE b.hospital_id = p.hospital_id AND b.assigned_patient_id = p.id LIMIT 1) AS bed,
       -- A scalar subquery and not EXISTS: the planner would rather hash every open visit of the hospital.
       (SELECT true FROM visits v WHERE v.patient_id = p.id AND v.status IN ('active', 'on_leave')
           AND v.visit_type <> 'outpatient' LIMIT 1) IS NOT NULL AS has_open_visit"""

# The read is written to the audit trail (DICOM 110110, patient record) by the statement that fetches the banner,
# ahead of every other row: if that fails, nothing is shown.
PATIENT = (
    """
SELECT p.hospital_id, p.person_id, p.name_prefix, p.email, p.address,
       p.emergency_contact_name, p.emergency_contact_phone, p.blood_group, p.deceased_at, p.spo2_scale, p.updated_at,
       h.timezone, (now() AT TIME ZONE h.timezone)::date AS today, p.no_known_allergies_at,
       (SELECT json_agg(json_build_object('id', a.id, 'alert_type', a.alert_type, 'value', a.value, 'note', a.note,
                                          'since', a.since, 'until', a.until) ORDER BY a.alert_type, a.since, a.id)
          FROM patient_alerts a
         WHERE a.hospital_id = p.hospital_id AND a.patient_id = p.id AND a.since <= now()
           AND (a.until IS NULL OR a.until > now()) AND a.end_reason IS DISTINCT FROM 'entered_in_error') AS alerts,
       p.identity_note,
       CASE WHEN (:shows_numbers)::boolean THEN
            (SELECT coalesce(json_agg(json_build_object('type', n.type, 'value', n.value) ORDER BY n.type, n.value),
                             '[]'::json)
               FROM person_identifiers n WHERE n.person_id = p.person_id) END AS identifiers,
       stay.id AS visit_id, stay.visit_type, stay.status AS visit_status, stay.attending_doctor,
       -- The last two sets of the open visit that NEWS2 takes anything from: the score, and how it moved.
       (SELECT json_agg(s ORDER BY s.recorded_at DESC, s.id DESC)
          FROM (SELECT v.id, v.recorded_at, v.respiratory_rate, v.spo2, v.spo2_scale, v.supplemental_oxygen,
                       v.blood_pressure_systolic, v.heart_rate, v.consciousness, v.temperature,
                       v.news2_total, v.news2_state
                  FROM vitals v
                 WHERE v.visit_id = stay.id AND v.status <> 'entered_in_error' AND (:shows_vitals)::boolean
                   AND num_nonnulls(v.respiratory_rate, v.spo2, v.blood_pressure_systolic, v.heart_rate,
                                    v.consciousness, v.temperature) > 0
                 ORDER BY v.recorded_at DESC, v.id DESC LIMIT 2) s) AS signs,
       (SELECT v.weight FROM vitals v WHERE v.patient_id = p.id AND v.weight IS NOT NULL
           AND v.status <> 'entered_in_error' AND (:shows_weight)::boolean
         ORDER BY v.recorded_at DESC, v.id DESC LIMIT 1) AS weight,
       (SELECT coalesce(json_agg(json_build_object(
                 'id', a.id, 'substance', a.substance, 'category', a.category, 'criticality', a.criticality,
                 'clinical_status', a.clinical_status, 'verification_status', a.verification_status,
                 'reaction', a.reaction, 'reaction_severity', a.reaction_severity)
                 ORDER BY (a.criticality = 'high') DESC NULLS LAST, lower(a.substance), a.id), '[]'::json)
          FROM allergies a WHERE a.hospital_id = p.hospital_id AND a.patient_id = p.id) AS allergies,
       (SELECT g.expires_at FROM access_grants g
         WHERE g.user_id = nullif(current_setting('hass.user_id', true), '')::uuid AND g.person_id = p.person_id
           AND g.ended_at IS NULL AND g.expires_at > now() LIMIT 1) AS emergency_until,
       audit_event('R', '110110', 'patients', p.id, p.id) AS audited,
"""
    + ROW.lstrip("\n")
    + """
  FROM patients p JOIN hospitals h ON h.id = p.hospital_id
  LEFT JOIN LATERAL (
       SELECT v.id, v.visit_type, v.status,
              (SELECT concat_ws(' ', u.title, u.first_name, u.last_name) FROM users u
                WHERE u.id = v.attending_doctor_id AND (:shows_doctor)::boolean) AS attending_doctor
         FROM visits v WHERE v.patient_id = p.id AND v.status IN ('active', 'on_leave')
        ORDER BY (v.visit_type = 'outpatient'), (v.visit_type = 'emergency'), v.admission_date DESC, v.id DESC
        LIMIT 1) stay ON true
 WHERE p.id = :patient_id"""
)

DOCTOR = "concat_ws(' ', u.title, u.first_name, u.last_name)"

# The total is counted on the first page only: "show older" need not know it again.
VISITS = f"""
SELECT v.id, v.visit_type, v.status, v.admission_date, v.discharge_date, v.disposition,
       CASE WHEN u.id IS NULL THEN NULL ELSE {DOCTOR} END AS attending_doctor,
       v.reason_for_visit, v.diagnosis,
       (SELECT coalesce(json_agg(json_build_object('code', d.code, 'code_system', d.code_system, 'text', d.text,
                                                   'role', d.role) ORDER BY d.role, d.rank), '[]'::json)
          FROM diagnoses d
         WHERE d.hospital_id = v.hospital_id AND d.patient_id = v.patient_id AND d.visit_id = v.id) AS diagnoses,
       (SELECT count(*) FROM visits a WHERE a.patient_id = :patient_id AND a.status <> 'entered_in_error'
           AND :counted) AS total
  FROM visits v LEFT JOIN users u ON u.id = v.attending_doctor_id
 WHERE v.patient_id = :patient_id AND v.status <> 'entered_in_error' AND {{after}}
 ORDER BY v.admission_date DESC, v.id DESC LIMIT :limit"""

VITALS = """
SELECT v.id, v.visit_id, v.recorded_at, v.temperature, v.heart_rate, v.blood_pressure_systolic,
       v.blood_pressure_diastolic, v.respiratory_rate, v.spo2, v.spo2_scale, v.supplemental_oxygen,
       v.oxygen_flow_lpm, v.fio2_percent, v.consciousness, v.pain, v.weight, v.height, v.bmi, v.is_abnormal, v.notes,
       (SELECT count(*) FROM vitals a WHERE a.patient_id = :patient_id AND a.status <> 'entered_in_error'
           AND :counted) AS total
  FROM vitals v
 WHERE v.patient_id = :patient_id AND v.status <> 'entered_in_error' AND {after}
 ORDER BY v.recorded_at DESC, v.id DESC LIMIT :limit"""

LAB_TESTS = """
WITH page AS MATERIALIZED (
  SELECT t.id, t.hospital_id, t.patient_id, t.visit_id, t.test_type, t.code, t.urgency, t.status, t.requested_at,
         t.completed_at, t.result_summary
    FROM lab_tests t
   WHERE t.patient_id = :patient_id AND t.status <> 'entered_in_error' AND {after}
   ORDER BY t.requested_at DESC, t.id DESC LIMIT :limit)
SELECT page.*,
       (SELECT count(*) FROM lab_tests a WHERE a.patient_id = :patient_id AND a.status <> 'entered_in_error'
           AND :counted) AS total,
       (SELECT coalesce(json_agg(json_build_object(
                 'id', r.id, 'name', r.name, 'code', r.code, 'value_numeric', r.value_numeric,
                 'comparator', r.comparator, 'value_text', r.value_text, 'unit', r.unit,
                 'reference_low', r.reference_low, 'reference_high', r.reference_high,
                 'reference_text', r.reference_text, 'interpretation', r.interpretation, 'status', r.status,
                 'observed_at', r.observed_at, 'previous_value', last.value_numeric) ORDER BY r.rank, r.id), '[]'::json)
          FROM lab_results r
          -- The value before this one, of the same code and unit: what a reader compares with.
          LEFT JOIN LATERAL (
               SELECT o.value_numeric FROM lab_results o
                WHERE o.patient_id = r.patient_id AND o.code = r.code AND o.unit IS NOT DISTINCT FROM r.unit
                  AND o.observed_at < r.observed_at AND o.value_numeric IS NOT NULL
                  AND o.status <> 'entered_in_error'
                ORDER BY o.observed_at DESC LIMIT 1) last ON r.value_numeric IS NOT NULL
         WHERE r.hospital_id = page.hospital_id AND r.patient_id = page.patient_id AND r.lab_test_id = page.id
           AND r.status <> 'entered_in_error'
           AND NOT EXISTS (SELECT FROM lab_results c WHERE c.hospital_id = r.hospital_id AND c.corrects_id = r.id)
       ) AS results
  FROM page ORDER BY page.requested_at DESC, page.id DESC"""

PRESCRIPTIONS = f"""
SELECT m.id, m.visit_id, m.medication_name, m.medication_code, m.dosage, m.frequency, m.route, m.as_needed,
       m.duration_days, m.start_date, m.end_date, m.status, m.instructions,
       CASE WHEN u.id IS NULL THEN NULL ELSE {DOCTOR} END AS prescribed_by,
       (SELECT count(*) FROM prescriptions a WHERE a.patient_id = :patient_id AND a.status <> 'entered_in_error'
           AND :counted) AS total
  FROM prescriptions m LEFT JOIN users u ON u.id = m.prescribed_by_id
 WHERE m.patient_id = :patient_id AND m.status <> 'entered_in_error' AND {{after}}
 ORDER BY (m.status <> 'active'), m.start_date DESC, m.id DESC LIMIT :limit"""

# Current medicines stand first, whatever their age.
NOT_CURRENT = "(m.status <> 'active')"

RECORDS = """
SELECT e.id, e.visit_id, e.record_type, e.recorded_at, e.created_at, e.status, e.data, kinds.listed AS record_types
  FROM (SELECT json_agg(json_build_object('record_type', k.record_type, 'count', k.number)
                        ORDER BY k.record_type) AS listed
          FROM (SELECT a.record_type, count(*) AS number FROM emr_local a
                 WHERE a.patient_id = :patient_id AND a.status <> 'entered_in_error'
                 GROUP BY a.record_type) k) kinds,
       LATERAL (SELECT r.* FROM emr_local r
                 WHERE r.patient_id = :patient_id AND r.status <> 'entered_in_error'
                   AND ((:record_type)::text IS NULL OR r.record_type = :record_type) AND {after}
                 ORDER BY (r.recorded_at IS NULL), r.recorded_at DESC, r.id DESC LIMIT :limit) e
 ORDER BY (e.recorded_at IS NULL), e.recorded_at DESC, e.id DESC"""

# Records that no day is known of come last.
UNDATED = "(r.recorded_at IS NULL)"


WHO = (
    "p.id AS patient_id, p.mrn, p.first_name, p.last_name, p.date_of_birth, p.date_of_birth_precision, p.gender,"
    " p.is_unknown"
)
# A planned visit stands on its day and on those after it until it starts or is cancelled; one that nobody gave a day
# is expected every day.
ARRIVALS = f"""
SELECT 'appointment' AS kind, a.id, a.scheduled_at AS at, a.status, NULL AS visit_type, a.checked_in_at, {WHO},
       CASE WHEN u.id IS NULL THEN NULL ELSE {DOCTOR} END AS doctor
  FROM appointments a JOIN patients p ON p.id = a.patient_id LEFT JOIN users u ON u.id = a.doctor_id
 WHERE a.hospital_id = :hospital_id AND a.scheduled_at >= :from_at AND a.scheduled_at < :until_at
   AND a.status <> 'entered_in_error' AND :with_appointments
 UNION ALL
SELECT 'visit', v.id, v.expected_arrival, v.status, v.visit_type, NULL, {WHO},
       CASE WHEN u.id IS NULL THEN NULL ELSE {DOCTOR} END
  FROM visits v JOIN patients p ON p.id = v.patient_id LEFT JOIN users u ON u.id = v.attending_doctor_id
 WHERE v.hospital_id = :hospital_id AND v.status = 'planned'
   AND (v.expected_arrival IS NULL OR v.expected_arrival < :until_at)
 ORDER BY 3 NULLS LAST, 2 LIMIT :limit"""
IN_HOUSE = f"""
WITH open AS MATERIALIZED (
  SELECT v.id, v.patient_id, v.hospital_id, v.visit_type, v.status, v.admission_date
    FROM visits v WHERE v.hospital_id = :hospital_id AND v.status IN ('active', 'on_leave'))
SELECT o.id AS visit_id, o.visit_type, o.status, o.admission_date, {WHO}, p.search_family_given AS sort_key,
       (SELECT b.ward || ' ' || b.bed_number FROM beds b
         WHERE b.hospital_id = o.hospital_id AND b.assigned_visit_id = o.id) AS bed,
       (SELECT json_object_agg(k.visit_type, k.number) FROM (SELECT visit_type, count(*) AS number FROM open
         GROUP BY visit_type) k) AS counts
  FROM open o JOIN patients p ON p.id = o.patient_id
 WHERE (:after_id)::uuid IS NULL OR (p.search_family_given, o.id) > (:after_name, (:after_id)::uuid)
 ORDER BY p.search_family_given, o.id LIMIT :limit"""

# A search is an event too (DICOM 110112, query): how it was searched and how many were found, no names.
SEARCHED = """
SELECT audit_event('E', '110112', 'patients', NULL, NULL, 0::smallint, NULL,
                   jsonb_build_object('by', (:by)::text, 'found', (:found)::int))"""


# The last five charts that the reader opened, from the trail itself: his own entries only.
LAST_OPENED = f"""
WITH openings AS MATERIALIZED (
  SELECT a.resource_id, a.created_at FROM audit_logs a
   WHERE a.user_id = :user_id AND a.created_at > now() - INTERVAL '7 days' AND a.event_type = '110110'
     AND a.action = 'R' AND a.outcome = 0
   ORDER BY a.created_at DESC LIMIT 100)
SELECT{ROW}
  FROM (SELECT resource_id, max(created_at) AS opened_at FROM openings GROUP BY resource_id
         ORDER BY opened_at DESC LIMIT 5) o
  JOIN patients p ON p.id = o.resource_id JOIN hospitals h ON h.id = p.hospital_id
 ORDER BY o.opened_at DESC, p.id"""


def after(column: str, alias: str, first: str = "false") -> str:
    """The rows that follow the cursor in `first, column DESC, id DESC`, where NULL comes before any value.

    `:after_none` says that the last row shown had NULL there, `:after_first` what `first` was on it."""
    key, row_id = f"{alias}.{column}", f"{alias}.id"
    return (
        f"((:after_id)::uuid IS NULL OR {first} > :after_first OR ({first} = :after_first AND ("
        f"(:after_none AND ({key} IS NOT NULL OR {row_id} < :after_id))"
        f" OR (NOT :after_none AND ({key} < :after_at OR ({key} = :after_at AND {row_id} < :after_id))))))"
    )


# A search reads no more than so many rows by one key, whatever the hospital's size: who types more finds the rest.
MOST_BY_NUMBER = 200
MOST_BY_WORDS = 500
# The files that took the place of merged ones whose MRN fits, and of those in turn: an old MRN leads to where the
# patient is now.
FORMER = (
    "p.id = ANY (ARRAY(WITH RECURSIVE way AS ("
    "SELECT m.merged_into_id AS id FROM patients m WHERE m.hospital_id = :hospital_id"
    " AND m.merged_into_id IS NOT NULL AND m.mrn ^@ {mrn}"
    " UNION SELECT n.merged_into_id FROM way JOIN patients n ON n.id = way.id WHERE n.merged_into_id IS NOT NULL)"
    " SELECT id FROM way))"
)
# Looked up first, so that the keys they give can use the index of patients.
BY_NUMBER = (
    "p.id = ANY (ARRAY(SELECT m.id FROM patients m WHERE m.hospital_id = :hospital_id AND m.{column} ^@ {value}"
    f" ORDER BY m.{{column}}, m.id LIMIT {MOST_BY_NUMBER}))"
)
BY_DOCUMENT = (
    "p.person_id = ANY (ARRAY(SELECT n.person_id FROM person_identifiers n WHERE n.plain_value = :document))"
)
BY_BED = (
    "p.id = ANY (ARRAY(SELECT b.assigned_patient_id FROM beds b WHERE b.hospital_id = :hospital_id"
    " AND b.assigned_patient_id IS NOT NULL AND b.bed_number ^@ :bed))"
)
FAMILY, GIVEN = "search_family_given", "search_given_family"


def search_sql(search: PatientSearch, *, with_documents: bool = False, after_rank: int | None = None) -> str:
    """The statement for this search: each way to find somebody is led by an index and reads few rows.

    Names as they were typed come first, family names before given ones; then those that hold all the words."""
    conditions = _conditions(search, with_documents=with_documents)
    ways = [_way(0, FAMILY, conditions, after_rank)]
    if search.names:
        typed = [f"p.{FAMILY} ^@ :words", f"p.{GIVEN} ^@ :words AND NOT p.{FAMILY} ^@ :words"]
        ways = [
            _way(rank, key, [*conditions, each], after_rank)
            for rank, (key, each) in enumerate(zip((FAMILY, GIVEN), typed, strict=True))
        ]
    if len(search.names) > 1:
        others = [
            f"position(' ' || :name_{index} IN ' ' || w.{FAMILY}) > 0"
            for index in range(1, len(search.names))
        ]
        untyped = [*others, f"NOT w.{FAMILY} ^@ :words", f"NOT w.{GIVEN} ^@ :words"]
        ways.append(_wide(2, FAMILY, [*conditions, f"p.{FAMILY} ^@ :name_0"], untyped, after_rank))
        twice = f"NOT w.{FAMILY} ^@ :name_0"
        ways.append(_wide(3, GIVEN, [*conditions, f"p.{GIVEN} ^@ :name_0"], [*untyped, twice], after_rank))
    hits = " UNION ALL ".join(way for way in ways if way)
    return f"""
WITH hits AS MATERIALIZED ({hits})
SELECT x.rank, x.sort_key,{ROW}
  FROM (SELECT * FROM hits ORDER BY rank, sort_key, id LIMIT :limit) x
  JOIN patients p ON p.id = x.id JOIN hospitals h ON h.id = p.hospital_id
 ORDER BY x.rank, x.sort_key, x.id"""


def _conditions(search: PatientSearch, *, with_documents: bool) -> list[str]:
    conditions = ["p.hospital_id = :hospital_id", "p.merged_into_id IS NULL"]
    numbers: list[str] = []
    if search.mrn:
        numbers += [BY_NUMBER.format(column="mrn", value=":mrn"), FORMER.format(mrn=":mrn")]
    if search.digits:
        numbers.append(BY_NUMBER.format(column="phone_digits", value=":phone"))
        numbers.append(BY_NUMBER.format(column="mrn", value=":mrn_digits"))
        numbers.append(FORMER.format(mrn=":mrn_digits"))
    if search.bed:
        numbers.append(BY_BED)
    if with_documents:
        numbers.append(BY_DOCUMENT)
    if numbers:
        conditions.append(f"({' OR '.join(numbers)})")
    elif search.code:
        conditions.append("false")
    if search.born:
        conditions.append("p.date_of_birth IN (:born_0, :born_1)")
    if search.year:
        conditions.append("p.date_of_birth >= :year_from AND p.date_of_birth < :year_to")
    return conditions


def _after(rank: int, key: str, alias: str, after_rank: int | None) -> list[str] | None:
    """What follows the cursor; None where nothing of this way does."""
    if after_rank is None or rank > after_rank:
        return []
    return [f"({alias}.{key}, {alias}.id) > (:after_key, :after_id)"] if rank == after_rank else None


def _way(rank: int, key: str, conditions: list[str], after_rank: int | None) -> str:
    after = _after(rank, key, "p", after_rank)
    if after is None:
        return ""
    return (
        f"(SELECT {rank} AS rank, p.{key} AS sort_key, p.id FROM patients p WHERE"
        f" {' AND '.join([*conditions, *after])} ORDER BY p.{key}, p.id LIMIT :limit)"
    )


def _wide(rank: int, key: str, conditions: list[str], others: list[str], after_rank: int | None) -> str:
    """Rows of which the first word leads the index and the other words are looked for in what it gave."""
    after = _after(rank, key, "w", after_rank)
    if after is None:
        return ""
    led = (
        f"SELECT p.id, p.{FAMILY}, p.{GIVEN} FROM patients p WHERE {' AND '.join(conditions)}"
        f" ORDER BY p.{key}, p.id LIMIT {MOST_BY_WORDS}"
    )
    return (
        f"(SELECT {rank}, w.{key}, w.id FROM ({led}) w WHERE {' AND '.join([*others, *after])}"
        f" ORDER BY w.{key}, w.id LIMIT :limit)"
    )
