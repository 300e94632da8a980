"""The SQL of nursing: one statement a question, each led by an index under row-level security.

Bound values only; the few parts put together here are constants of this file."""

# Whether the file says that she is pregnant at the instant `at` of the measurement.
PREGNANT = """EXISTS (SELECT FROM patient_alerts a
          WHERE a.hospital_id = {file}.hospital_id AND a.patient_id = {file}.{key} AND a.alert_type = 'pregnancy'
            AND a.since <= {at} AND (a.until IS NULL OR a.until > {at})
            AND a.end_reason IS DISTINCT FROM 'entered_in_error')"""

# The visit is held, so that two sets of one patient call in turn; the facts of the patient come with it.
VISIT = f"""
SELECT v.id, v.hospital_id, v.patient_id, v.status, v.discharge_date, p.date_of_birth, p.spo2_scale, h.timezone,
       {PREGNANT.format(file="v", key="patient_id", at=":at")} AS pregnant
  FROM visits v
  JOIN patients p ON p.hospital_id = v.hospital_id AND p.id = v.patient_id
  JOIN hospitals h ON h.id = v.hospital_id
 WHERE v.id = :visit_id
   FOR NO KEY UPDATE OF v"""

# Ahead of the sets themselves; reading them is an entry of the trail (DICOM 110110, patient record).
READ_VISIT = """
SELECT v.id, v.hospital_id, v.patient_id, v.status, v.visit_type, v.admission_date, v.discharge_date, h.timezone,
       p.date_of_birth, p.spo2_scale, audit_event('R', '110110', 'visits', v.id, v.patient_id) AS audited
  FROM visits v
  JOIN patients p ON p.hospital_id = v.hospital_id AND p.id = v.patient_id
  JOIN hospitals h ON h.id = v.hospital_id
 WHERE v.id = :visit_id"""

DOCTOR = "concat_ws(' ', u.title, u.first_name, u.last_name)"

# `scale_now` is what the patient is measured on today: a set says its own.
SETS = f"""
SELECT s.id, s.visit_id, s.patient_id, s.recorded_at, s.recorded_by_id, s.temperature, s.heart_rate,
       s.blood_pressure_systolic, s.blood_pressure_diastolic, s.respiratory_rate, s.spo2, s.spo2_scale,
       s.supplemental_oxygen, s.oxygen_flow_lpm, s.fio2_percent, s.consciousness, s.pain, s.weight, s.height, s.bmi,
       s.is_abnormal, s.status, s.amends_id, s.notes, s.late_reason, s.error_reason, s.next_due_at, s.updated_at,
       s.news2_total, s.news2_red, s.news2_state,
       CASE WHEN u.id IS NULL THEN NULL ELSE {DOCTOR} END AS recorded_by,
       {PREGNANT.format(file="s", key="patient_id", at="s.recorded_at")} AS pregnant
  FROM vitals s LEFT JOIN users u ON u.id = s.recorded_by_id
 WHERE s.visit_id = :visit_id {{after}}
 ORDER BY s.recorded_at DESC, s.id DESC
 LIMIT :limit"""
AFTER = "AND (s.recorded_at, s.id) < (:after_at, :after_id)"

# How a call compares: its band, then its points.
_BAND = "CASE {risk} WHEN 'high' THEN 3 WHEN 'medium' THEN 2 WHEN 'low-medium' THEN 1 ELSE 0 END"
_SET_BAND = """CASE WHEN s.news2_total >= 7 THEN 3 WHEN s.news2_total >= 5 THEN 2 WHEN s.news2_red THEN 1 ELSE 0 END"""

# Who is told: whoever cares for the visit in that role, else everybody of the hospital in it.
_TOLD = """
INSERT INTO notifications (id, hospital_id, recipient_user_id, notification_type, subject_id, channel, message)
SELECT gen_random_uuid(), c.hospital_id, u.id, 'escalation_' || r.name, c.id, 'in_app', {message}
  FROM {calls} c
  JOIN users u ON u.hospital_id = c.hospital_id AND u.is_active AND NOT u.is_deleted
  JOIN roles r ON r.id = u.role_id AND {level}
 WHERE {but}
   AND (r.name = 'manager'
        OR EXISTS (SELECT FROM care_assignments k WHERE k.visit_id = c.visit_id AND k.user_id = u.id
                      AND k.until_at IS NULL)
        OR NOT EXISTS (SELECT FROM care_assignments k WHERE k.visit_id = c.visit_id AND k.until_at IS NULL
                          AND (k.role = 'nurse') = (r.name = 'nurse')))
ON CONFLICT DO NOTHING"""
# No clinical word: it may be read over a shoulder.
MESSAGE = "'A patient needs somebody now. Open Calls for help.'"

# One statement: whether this set is worse than what was called for, the call in its place, and who is told. A set that
# is older than one that is there already calls nobody.
RAISE = f"""
WITH last AS (
  SELECT e.status, {_BAND.format(risk="e.risk")} AS band, coalesce(e.score, 0) AS score
    FROM escalations e WHERE e.visit_id = :visit_id ORDER BY e.raised_at DESC, e.id DESC LIMIT 1
), before AS (
  SELECT {_SET_BAND} AS band, coalesce(s.news2_total, 0) AS score
    FROM vitals s
   WHERE s.visit_id = :visit_id AND s.id <> :vitals_id AND s.status <> 'entered_in_error'
     AND s.recorded_at <= :recorded_at
   ORDER BY s.recorded_at DESC, s.id DESC LIMIT 1
), due AS (
  SELECT 1 AS one
   WHERE NOT EXISTS (SELECT FROM vitals s WHERE s.visit_id = :visit_id AND s.recorded_at > :recorded_at
                        AND s.status <> 'entered_in_error')
     AND (NOT EXISTS (SELECT FROM last)
          OR (:band, :points) > (SELECT band, score FROM last)
          OR ((SELECT status FROM last) <> 'raised'
              AND ((:band, :points) > (SELECT band, score FROM before) OR NOT EXISTS (SELECT FROM before))))
), gone AS (
  UPDATE escalations SET status = 'superseded', climbs_at = NULL
   WHERE visit_id = :visit_id AND status = 'raised' AND EXISTS (SELECT FROM due)
  RETURNING id
), raised AS (
  INSERT INTO escalations (id, hospital_id, patient_id, visit_id, vitals_id, risk, score, status, level, raised_at,
                           climbs_at)
  SELECT :id, :hospital_id, :patient_id, :visit_id, :vitals_id, :risk, :score, 'raised', :level, :now, :climbs_at
    -- Counted first: the call before has made room when this one comes.
    FROM due, (SELECT count(*) FROM gone) AS made_room
  RETURNING id, hospital_id, visit_id
), told AS ({_TOLD.format(calls="raised", level="r.name = ANY(:levels)", but="u.id <> :actor_id", message=MESSAGE)}
)
SELECT id FROM raised"""

# The calls whose time is up go one step further, each once, whoever else is at it; the step's people are told.
CLIMB = f"""
WITH due AS (
  SELECT e.id FROM escalations e WHERE e.hospital_id = :hospital_id AND e.status = 'raised' AND e.climbs_at <= :now
   ORDER BY e.climbs_at FOR UPDATE SKIP LOCKED
), climbed AS (
  UPDATE escalations e
     SET level = CASE e.level WHEN 'nurse' THEN 'doctor' ELSE 'manager' END,
         climbs_at = CASE e.level WHEN 'nurse' THEN :now + CASE e.risk {{steps}} END END
    FROM due WHERE e.id = due.id
  RETURNING e.id, e.hospital_id, e.visit_id, e.level
), told AS ({_TOLD.format(calls="climbed", level="r.name = c.level", but="true", message=MESSAGE)}
)
SELECT count(*) FROM climbed"""

# A visit that has ended calls nobody.
CLOSE = """
UPDATE escalations e SET status = 'closed', climbs_at = NULL
  FROM visits v
 WHERE e.hospital_id = :hospital_id AND e.status = 'raised' AND v.id = e.visit_id
   AND v.status NOT IN ('active', 'on_leave')"""

CALLS = f"""
SELECT e.id, e.visit_id, e.patient_id, e.vitals_id, e.risk, e.score, e.status, e.level, e.raised_at, e.climbs_at,
       e.acknowledged_at, e.answer, p.first_name, p.last_name, p.date_of_birth, p.mrn, b.ward, b.bed_number,
       CASE WHEN u.id IS NULL THEN NULL ELSE {DOCTOR} END AS acknowledged_by
  FROM escalations e
  JOIN patients p ON p.hospital_id = e.hospital_id AND p.id = e.patient_id
  LEFT JOIN beds b ON b.assigned_visit_id = e.visit_id
  LEFT JOIN users u ON u.id = e.acknowledged_by_id
 WHERE e.hospital_id = :hospital_id AND e.status = :status {{after}}
 ORDER BY e.raised_at DESC, e.id DESC
 LIMIT :limit"""
CALLS_AFTER = "AND (e.raised_at, e.id) < (:after_at, :after_id)"
