"""The SQL of the waiting room."""

WAITING = """
SELECT v.id AS visit_id, v.patient_id, p.mrn, p.first_name, p.last_name, p.date_of_birth, p.gender,
       v.admission_date AS arrived_at, v.triage_level AS level, b.bed_number AS bed, v.updated_at
  FROM visits v
  JOIN patients p ON p.hospital_id = v.hospital_id AND p.id = v.patient_id
  LEFT JOIN beds b ON b.assigned_visit_id = v.id
 WHERE v.hospital_id = :hospital_id AND v.visit_type = 'emergency' AND v.status = 'active' AND v.seen_at IS NULL
 ORDER BY v.triage_level NULLS FIRST, v.admission_date, v.id LIMIT 200
"""
