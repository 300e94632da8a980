"""The SQL of reading visits."""

ROW = """
v.id, v.hospital_id, v.patient_id, p.mrn, p.first_name, p.last_name, p.date_of_birth, p.gender, v.visit_type, v.status,
v.admission_date, v.discharge_date, v.expected_arrival, v.expected_departure, v.discharge_ordered_at,
v.attending_doctor_id, CASE WHEN d.id IS NOT NULL THEN concat_ws(' ', d.title, d.first_name, d.last_name) END
AS attending_doctor, b.id AS bed_id, b.bed_number AS bed, b.ward, v.updated_at
"""
JOINED = """
  FROM visits v
  JOIN patients p ON p.hospital_id = v.hospital_id AND p.id = v.patient_id
  LEFT JOIN users d ON d.id = v.attending_doctor_id
  LEFT JOIN beds b ON b.assigned_visit_id = v.id
"""


def list_sql(*, by_status: bool, by_patient: bool, goes_on: bool) -> str:
    """Newest first; keys rise with time."""
    conditions = ["true"]
    if by_status:
        conditions.append("v.status = :status")
    if by_patient:
        conditions.append("v.patient_id = :patient_id")
    if goes_on:
        conditions.append("v.id < :after_id")
    return f"SELECT {ROW} {JOINED} WHERE {' AND '.join(conditions)} ORDER BY v.id DESC LIMIT :limit"


ONE = f"""
SELECT {ROW}, v.disposition, v.sync_status, v.synced_at, v.triage_level, v.triaged_at, v.seen_at, v.status_reason,
       r.bed_number AS reserved_bed, r.reserved_until, v.reason_for_visit, v.diagnosis,
       v.discharge_summary,
       (SELECT concat_ws(' ', o.title, o.first_name, o.last_name) FROM users o WHERE o.id = v.discharge_ordered_by_id)
         AS discharge_ordered_by,
       (SELECT json_agg(json_build_object('id', g.id, 'code', g.code, 'code_system', g.code_system, 'text', g.text,
                                          'role', g.role, 'rank', g.rank) ORDER BY g.role, g.rank, g.id)
          FROM diagnoses g
         WHERE g.hospital_id = v.hospital_id AND g.patient_id = v.patient_id AND g.visit_id = v.id
           AND g.entered_in_error_at IS NULL) AS diagnoses
{JOINED}
  LEFT JOIN beds r ON r.hospital_id = v.hospital_id AND r.reserved_for_visit_id = v.id
 WHERE v.id = :visit_id
"""
DOCTORS = """
SELECT u.id, concat_ws(' ', u.title, u.first_name, u.last_name) AS name
  FROM users u JOIN roles r ON r.id = u.role_id
 WHERE u.hospital_id = :hospital_id AND u.is_active AND NOT u.is_deleted AND r.name = 'doctor'
   AND u.email IS NOT NULL
 ORDER BY u.last_name, u.first_name, u.id
"""
FREE_BEDS = """
SELECT b.id, concat(b.ward, ', bed ', b.bed_number, CASE WHEN b.bed_type <> 'general' THEN concat(' (', b.bed_type, ')')
         END, CASE WHEN b.status = 'reserved' THEN ', kept for this patient' END) AS name
  FROM beds b
 WHERE b.is_active AND (b.status = 'available' OR b.reserved_for_visit_id = CAST(:visit_id AS uuid))
 ORDER BY b.status DESC, b.ward, b.bed_number, b.id LIMIT 500
"""
# Rows that say that care was given; a visit with one of them was no plan.
HAS_CLINICAL_ROWS = "SELECT " + " OR ".join(
    f"EXISTS (SELECT FROM {table} WHERE hospital_id = :hospital_id AND patient_id = :patient_id"
    " AND visit_id = :visit_id)"
    for table in ("vitals", "nurse_logs", "lab_tests", "prescriptions", "emr_local", "diagnoses")
)
