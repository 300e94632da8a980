"""The SQL of notes, hand-overs and fluids; bound values only."""

NAME = "concat_ws(' ', {0}.title, {0}.first_name, {0}.last_name)"
OF_NOTE = f"""
       n.id, n.visit_id, n.patient_id, n.log_type, n.content, n.logged_at, n.created_at AS written_at, n.nurse_id,
       CASE WHEN a.id IS NULL THEN NULL ELSE {NAME.format("a")} END AS nurse, n.status, n.late_reason, n.amends_id,
       n.amend_reason, s.id AS replaced_by_id,
       CASE WHEN sa.id IS NULL THEN NULL ELSE {NAME.format("sa")} END AS replaced_by, s.created_at AS replaced_at,
       s.amend_reason AS replaced_reason, n.entered_in_error_at,
       CASE WHEN e.id IS NULL THEN NULL ELSE {NAME.format("e")} END AS entered_in_error_by, n.entered_in_error_reason"""
BESIDE_NOTE = """
  LEFT JOIN users a ON a.id = n.nurse_id
  LEFT JOIN nurse_logs s ON s.amends_id = n.id
  LEFT JOIN users sa ON sa.id = s.nurse_id
  LEFT JOIN users e ON e.id = n.entered_in_error_by_id"""

# Incidents are kept apart: their author sees them here, who may read them on a list of their own.
NOTES = f"""
SELECT {OF_NOTE}
  FROM nurse_logs n {BESIDE_NOTE}
 WHERE n.visit_id = :visit_id
   AND (n.log_type <> 'incident' OR n.nurse_id = :user_id OR (:shows_incidents)::boolean)
   AND ((:log_type)::text IS NULL OR n.log_type = (:log_type)::text)
   AND ((:after_at)::timestamptz IS NULL OR (n.logged_at, n.id) < ((:after_at)::timestamptz, (:after_id)::uuid))
 ORDER BY n.logged_at DESC, n.id DESC
 LIMIT :limit"""

INCIDENTS = f"""
SELECT {OF_NOTE}, p.mrn, p.first_name, p.last_name, p.date_of_birth
  FROM nurse_logs n JOIN patients p ON p.id = n.patient_id {BESIDE_NOTE}
 WHERE n.hospital_id = :hospital_id AND n.log_type = 'incident'
   AND ((:after_at)::timestamptz IS NULL OR (n.logged_at, n.id) < ((:after_at)::timestamptz, (:after_id)::uuid))
 ORDER BY n.logged_at DESC, n.id DESC
 LIMIT :limit"""

# Current versions and what was struck out; incidents have a list of their own.
NOTE_HEADS = f"""
SELECT n.id, n.log_type, n.logged_at, CASE WHEN a.id IS NULL THEN NULL ELSE {NAME.format("a")} END AS nurse,
       n.entered_in_error_at, CASE WHEN e.id IS NULL THEN NULL ELSE {NAME.format("e")} END AS entered_in_error_by,
       n.entered_in_error_reason
  FROM nurse_logs n
  LEFT JOIN users a ON a.id = n.nurse_id
  LEFT JOIN users e ON e.id = n.entered_in_error_by_id
 WHERE n.visit_id = :visit_id AND n.log_type <> 'incident'
   AND NOT EXISTS (SELECT FROM nurse_logs s WHERE s.amends_id = n.id)
 ORDER BY n.logged_at DESC, n.id DESC
 LIMIT 200"""

# Whether the actor wrote on the visit or cared for it, and so knows what is missing.
KNOWS_VISIT = """
SELECT EXISTS (SELECT FROM nurse_logs WHERE visit_id = :visit_id AND nurse_id = :user_id)
    OR EXISTS (SELECT FROM care_assignments WHERE visit_id = :visit_id AND user_id = :user_id)"""

CARE_TEAM = f"""
SELECT c.id, c.visit_id, c.user_id, {NAME.format("u")} AS name, c.role, c.from_at, c.until_at
  FROM care_assignments c JOIN users u ON u.id = c.user_id
 WHERE c.visit_id = :visit_id
 ORDER BY c.until_at DESC NULLS FIRST, c.role, c.from_at, c.id
 LIMIT 200"""

COLLEAGUES = f"""
SELECT u.id, {NAME.format("u")} AS name, r.name AS role
  FROM users u JOIN roles r ON r.id = u.role_id
 WHERE u.hospital_id = :hospital_id AND u.is_active AND NOT u.is_deleted AND r.name IN ('doctor', 'nurse')
 ORDER BY u.last_name, u.first_name, u.id
 LIMIT 500"""

OF_HANDOVER = f"""
       o.id, o.visit_id, o.patient_id, o.from_user_id, {NAME.format("f")} AS from_user, o.to_user_id,
       CASE WHEN t.id IS NULL THEN NULL ELSE {NAME.format("t")} END AS to_user, o.care_role, o.status,
       o.illness_severity, o.patient_summary, o.actions, o.situation_awareness, o.synthesis, o.given_at,
       o.accepted_at, o.withdrawn_at, o.updated_at"""
BESIDE_HANDOVER = "JOIN users f ON f.id = o.from_user_id LEFT JOIN users t ON t.id = o.to_user_id"
HANDOVERS = f"""
SELECT {OF_HANDOVER}
  FROM handovers o {BESIDE_HANDOVER}
 WHERE o.visit_id = :visit_id AND (o.status <> 'draft' OR o.from_user_id = :user_id)
 ORDER BY o.created_at DESC, o.id DESC
 LIMIT 100"""

HANDOVER = f"""
SELECT {OF_HANDOVER}
  FROM handovers o {BESIDE_HANDOVER}
 WHERE o.id = :handover_id AND (o.status <> 'draft' OR o.from_user_id = :user_id)"""

OF_PATIENT = """
       v.id AS visit_id, v.patient_id, p.mrn, p.first_name, p.last_name, p.date_of_birth, p.date_of_birth_precision,
       v.reason_for_visit,
       (SELECT b.ward || ' ' || b.bed_number FROM beds b
         WHERE b.hospital_id = v.hospital_id AND b.assigned_visit_id = v.id) AS bed"""

MY_PATIENTS = f"""
SELECT {OF_PATIENT}, c.role AS care_role,
       (SELECT row_to_json(w) FROM (SELECT {OF_HANDOVER} FROM handovers o {BESIDE_HANDOVER}
                                     WHERE o.visit_id = v.id AND o.from_user_id = c.user_id AND o.care_role = c.role
                                       AND o.status IN ('draft', 'given')) w) AS handover,
       (SELECT row_to_json(l) FROM (SELECT {OF_HANDOVER} FROM handovers o {BESIDE_HANDOVER}
                                     WHERE o.visit_id = v.id AND o.status = 'accepted'
                                     ORDER BY o.created_at DESC, o.id DESC LIMIT 1) l) AS last
  FROM care_assignments c
  JOIN visits v ON v.id = c.visit_id AND v.status IN ('active', 'on_leave')
  JOIN patients p ON p.id = v.patient_id
 WHERE c.hospital_id = :hospital_id AND c.user_id = :user_id AND c.until_at IS NULL
 ORDER BY bed NULLS LAST, p.last_name, v.id, c.role
 LIMIT 200"""

TO_ACCEPT = f"""
SELECT {OF_PATIENT},
       (SELECT row_to_json(w) FROM (SELECT {OF_HANDOVER} FROM handovers o {BESIDE_HANDOVER} WHERE o.id = g.id) w)
         AS handover
  FROM handovers g
  JOIN visits v ON v.id = g.visit_id
  JOIN patients p ON p.id = v.patient_id
 WHERE g.hospital_id = :hospital_id AND g.to_user_id = :user_id AND g.status = 'given'
 ORDER BY g.illness_severity = 'unstable' DESC, g.illness_severity = 'watcher' DESC, g.given_at, g.id
 LIMIT 200"""

# What counts: neither struck out nor replaced.
COUNTS = (
    """f.entered_in_error_at IS NULL AND NOT EXISTS (SELECT FROM fluid_entries s WHERE s.amends_id = f.id)"""
)
IN, OUT = "f.direction = 'in'", "f.direction = 'out'"

FLUID_VISIT = """
SELECT v.id, v.patient_id, v.status, v.admission_date, h.timezone FROM visits v JOIN hospitals h ON h.id = v.hospital_id
 WHERE v.id = :visit_id"""

# One row for each day of the hospital, and one without a day for the last 24 hours.
FLUID_DAYS = f"""
SELECT d.day, d.in_ml, d.out_ml, sum(d.in_ml - d.out_ml) OVER (ORDER BY d.day) AS running_ml
  FROM (SELECT (f.measured_at AT TIME ZONE :timezone)::date AS day,
               coalesce(sum(f.volume_ml) FILTER (WHERE {IN}), 0) AS in_ml,
               coalesce(sum(f.volume_ml) FILTER (WHERE {OUT}), 0) AS out_ml
          FROM fluid_entries f WHERE f.visit_id = :visit_id AND {COUNTS} GROUP BY 1) d
 UNION ALL
SELECT NULL, coalesce(sum(f.volume_ml) FILTER (WHERE {IN}), 0), coalesce(sum(f.volume_ml) FILTER (WHERE {OUT}), 0), NULL
  FROM fluid_entries f
 WHERE f.visit_id = :visit_id AND f.measured_at > :since AND f.measured_at <= :until AND {COUNTS}
 ORDER BY day DESC NULLS FIRST"""

FLUIDS = f"""
SELECT f.id, f.visit_id, f.direction, f.kind, f.volume_ml, f.measured_at, f.notes, f.recorded_by_id,
       {NAME.format("u")} AS recorded_by, f.late_reason, f.amends_id, f.amend_reason, s.id AS replaced_by_id,
       CASE WHEN su.id IS NULL THEN NULL ELSE {NAME.format("su")} END AS replaced_by,
       s.amend_reason AS replaced_reason, f.entered_in_error_at,
       CASE WHEN e.id IS NULL THEN NULL ELSE {NAME.format("e")} END AS entered_in_error_by, f.entered_in_error_reason
  FROM fluid_entries f JOIN users u ON u.id = f.recorded_by_id
  LEFT JOIN fluid_entries s ON s.amends_id = f.id
  LEFT JOIN users su ON su.id = s.recorded_by_id
  LEFT JOIN users e ON e.id = f.entered_in_error_by_id
 WHERE f.visit_id = :visit_id AND f.measured_at >= :begins AND f.measured_at < :ends
 ORDER BY f.measured_at, f.id
 LIMIT 500"""
