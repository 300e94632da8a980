"""The SQL of transfers between hospitals."""

ROWS = """
SELECT t.id, t.from_hospital_id = :hospital_id AS is_outgoing, f.name AS from_hospital, w.name AS to_hospital,
       t.first_name, t.last_name, t.date_of_birth, t.gender, t.status, t.reason, t.handover, t.requested_at,
       t.requested_by_name, t.answered_at, t.answered_by_name, t.answer_note, t.closed_at, v.id AS visit_id, p.mrn,
       t.updated_at
  FROM transfer_requests t
  LEFT JOIN visits v ON v.hospital_id = :hospital_id
    AND v.id = CASE WHEN t.from_hospital_id = :hospital_id THEN t.visit_id ELSE t.receiving_visit_id END
  LEFT JOIN patients p ON p.hospital_id = v.hospital_id AND p.id = v.patient_id
  CROSS JOIN LATERAL hospital_label(t.from_hospital_id) f
  CROSS JOIN LATERAL hospital_label(t.to_hospital_id) w
"""
LIST = f"""{ROWS}
 WHERE (CAST(:open AS boolean) IS NULL OR (t.status IN ('requested', 'accepted')) = :open)
   AND (CAST(:visit_id AS uuid) IS NULL OR t.visit_id = :visit_id OR t.receiving_visit_id = :visit_id)
   AND (CAST(:after_id AS uuid) IS NULL OR t.id < :after_id)
 ORDER BY t.id DESC LIMIT :limit
"""
ONE = f"{ROWS} WHERE t.id = :transfer_id"
TARGETS = "SELECT code, name, region FROM transfer_hospitals()"
TARGET = "SELECT id FROM transfer_hospitals() WHERE code = :code"
