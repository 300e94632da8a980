"""The SQL of a file's allergies and alerts: one statement a question. Bound values only."""

MOST_ROWS = 200
NAME = "nullif(concat_ws(' ', {0}.title, {0}.first_name, {0}.last_name), '')"

# One statement a question; the file is asked for with them, so that an empty list is told from a file out of reach.
ALLERGIES = f"""
SELECT p.no_known_allergies_at, {NAME.format("n")} AS no_known_allergies_by, a.*
  FROM patients p
  LEFT JOIN users n ON n.id = p.no_known_allergies_by_id
  LEFT JOIN LATERAL (
       SELECT i.id, i.patient_id, i.substance, i.code_system, i.code, i.category, i.criticality, i.clinical_status,
              i.verification_status, i.reaction, i.reaction_severity, i.recorded_at, i.verified_at,
              i.verification_reason, i.updated_at, {NAME.format("r")} AS recorded_by, {NAME.format("v")} AS verified_by,
              i.created_at
         FROM allergies i LEFT JOIN users r ON r.id = i.recorded_by_id LEFT JOIN users v ON v.id = i.verified_by_id
        WHERE i.hospital_id = p.hospital_id AND i.patient_id = p.id) a ON true
 WHERE p.id = :patient_id
 ORDER BY (a.verification_status IN ('refuted', 'entered-in-error')), (a.clinical_status <> 'active'),
          (a.criticality = 'high') DESC NULLS LAST, a.created_at DESC, a.id DESC LIMIT {MOST_ROWS}"""

ALERT = f"""
SELECT a.id, a.patient_id, a.alert_type, a.value, a.since, a.until, a.note, a.end_reason, a.updated_at,
       {NAME.format("r")} AS recorded_by, {NAME.format("e")} AS ended_by,
       a.since <= :now AND (a.until IS NULL OR a.until > :now) AS is_active
  FROM patient_alerts a LEFT JOIN users r ON r.id = a.recorded_by_id LEFT JOIN users e ON e.id = a.ended_by_id"""
ALERTS = f"""{ALERT}
 WHERE a.hospital_id = :hospital_id AND a.patient_id = :patient_id
   AND (:all_of_them OR a.until IS NULL OR a.until > :now)
 ORDER BY (a.until IS NOT NULL AND a.until <= :now), a.since DESC, a.id DESC LIMIT {MOST_ROWS}"""
ONE_ALERT = f"{ALERT} WHERE a.id = :id"

ALLERGY = f"""
SELECT i.*, {NAME.format("r")} AS recorded_by, {NAME.format("v")} AS verified_by
  FROM allergies i LEFT JOIN users r ON r.id = i.recorded_by_id LEFT JOIN users v ON v.id = i.verified_by_id
 WHERE i.id = :id"""
