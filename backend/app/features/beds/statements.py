"""The SQL of the board and the census: one statement a question, each led by an index under row-level security."""

# Whoever may not see vital signs or alerts gets none: :shows_vitals, :shows_alerts.
ALERT = """EXISTS (SELECT FROM patient_alerts a
                WHERE a.hospital_id = {patient}.hospital_id AND a.patient_id = {patient}.id
                  AND a.alert_type = '{kind}' AND a.end_reason IS DISTINCT FROM 'entered_in_error'
                  AND a.since <= {at} AND (a.until IS NULL OR a.until > {at}))"""

# The last stay was in isolation, and nobody has cleaned thoroughly since.
TERMINAL = """(b.status IN ('cleaning', 'maintenance', 'closed') AND EXISTS (
         SELECT FROM (SELECT s.hospital_id, s.patient_id, s.assigned_at, s.released_at FROM bed_assignments s
                       WHERE s.hospital_id = b.hospital_id AND s.bed_id = b.id
                       ORDER BY s.assigned_at DESC LIMIT 1) s
           JOIN patient_alerts a ON a.hospital_id = s.hospital_id AND a.patient_id = s.patient_id
            AND a.alert_type = 'isolation' AND a.end_reason IS DISTINCT FROM 'entered_in_error'
            AND a.since < s.released_at AND (a.until IS NULL OR a.until > s.assigned_at)
          WHERE NOT EXISTS (SELECT FROM bed_cleanings c
                             WHERE c.hospital_id = b.hospital_id AND c.bed_id = b.id AND c.is_terminal
                               AND c.cleaned_at >= s.released_at)))"""

# LATERAL and LIMIT: the planner would rather hash every visit and patient of the hospital. CASE and not coalesce(),
# which may leak, so that row-level security does not let it near an index.
BOARD = f"""
SELECT b.id, b.hospital_id, b.bed_number, b.ward, b.floor, b.bay, b.bed_type, b.status, b.status_changed_at,
       b.out_of_use_reason,
       b.assigned_patient_id, b.assigned_visit_id, b.assigned_at, b.reserved_for_visit_id, b.reserved_until,
       b.is_active, b.updated_at, h.bed_capacity, h.timezone,
       {TERMINAL} AS needs_terminal_clean,
       o.*, signs.*
  FROM beds b
  JOIN hospitals h ON h.id = b.hospital_id
  LEFT JOIN LATERAL (
       SELECT v.id AS visit_id, v.visit_type, v.status AS visit_status, v.admission_date, v.discharge_ordered_at,
              v.expected_departure, v.patient_id
         FROM visits v
        WHERE v.id = CASE WHEN b.assigned_visit_id IS NULL THEN b.reserved_for_visit_id ELSE b.assigned_visit_id END
        LIMIT 1) v ON true
  LEFT JOIN LATERAL (
       SELECT v.visit_id, v.visit_type, v.visit_status, v.admission_date, v.discharge_ordered_at,
              v.expected_departure, p.id AS patient_id, p.first_name, p.last_name, p.mrn, p.date_of_birth,
              p.date_of_birth_precision, p.gender, p.spo2_scale AS patient_scale,
              CASE WHEN (:shows_alerts)::boolean
                   THEN {ALERT.format(patient="p", kind="isolation", at=":now")} END AS is_isolated,
              {ALERT.format(patient="p", kind="pregnancy", at=":now")} AS is_pregnant
         FROM patients p WHERE p.id = v.patient_id LIMIT 1) o ON true
  LEFT JOIN LATERAL (
       SELECT s.recorded_at, s.respiratory_rate, s.spo2, s.spo2_scale, s.supplemental_oxygen,
              s.blood_pressure_systolic, s.heart_rate, s.consciousness, s.temperature
         FROM vitals s
        WHERE s.visit_id = b.assigned_visit_id AND s.status <> 'entered_in_error' AND (:shows_vitals)::boolean
          AND num_nonnulls(s.respiratory_rate, s.spo2, s.blood_pressure_systolic, s.heart_rate, s.consciousness,
                           s.temperature) > 0
        ORDER BY s.recorded_at DESC LIMIT 1) signs ON true
 WHERE ((:bed_id)::uuid IS NULL OR b.id = :bed_id)
 ORDER BY b.ward, b.bay NULLS LAST, b.bed_number, b.id"""

_WHO = """
SELECT v.id AS visit_id, v.visit_type, v.status AS visit_status,
       coalesce(v.admission_date, v.expected_arrival) AS since,
       p.id AS patient_id, p.first_name, p.last_name, p.mrn, p.date_of_birth, p.date_of_birth_precision, p.gender,
       (SELECT b.bed_number FROM beds b WHERE b.assigned_visit_id = v.id LIMIT 1) AS bed_number
  FROM visits v
 CROSS JOIN LATERAL (SELECT * FROM patients p WHERE p.id = v.patient_id LIMIT 1) p"""

# Who is to be moved, whether he has a bed or not.
MOVER = f"{_WHO} WHERE v.id = :visit_id AND v.status IN ('planned', 'active', 'on_leave')"

# Who is treated here, or comes until tomorrow, and lies in no bed and has none kept; the longest wait first.
WAITING = f"""{_WHO}
 WHERE v.status IN ('planned', 'active', 'on_leave') AND v.visit_type <> 'outpatient'
   AND (v.status <> 'planned' OR v.expected_arrival < :before)
   AND (SELECT true FROM beds b WHERE b.assigned_visit_id = v.id LIMIT 1) IS NULL
   AND (SELECT true FROM beds b WHERE b.hospital_id = v.hospital_id AND b.reserved_for_visit_id = v.id
         LIMIT 1) IS NULL
 ORDER BY since NULLS LAST, v.id LIMIT :limit"""

# What decides whether a bed fits: the bed, the patient, and the sexes that lie in its bay.
FIT = f"""
SELECT b.bed_number, b.bed_type, v.visit_type, p.gender, p.date_of_birth,
       {ALERT.format(patient="p", kind="isolation", at=":now")} AS is_isolated,
       (SELECT coalesce(json_agg(DISTINCT q.gender), '[]'::json)
          FROM beds n JOIN patients q ON q.hospital_id = n.hospital_id AND q.id = n.assigned_patient_id
         WHERE n.hospital_id = b.hospital_id AND n.ward = b.ward AND n.bay = b.bay AND n.id <> b.id
           AND n.assigned_visit_id <> v.id) AS neighbours
  FROM beds b
  JOIN visits v ON v.hospital_id = b.hospital_id AND v.id = :visit_id
  JOIN patients p ON p.hospital_id = v.hospital_id AND p.id = v.patient_id
 WHERE b.id = :bed_id"""

_STAYS = """json_agg(json_build_object('ward', coalesce(s.ward, b.ward), 'from', s.assigned_at, 'to', s.released_at)
                         ORDER BY s.assigned_at, s.id)"""
_ON_THE_DAY = "s.assigned_at < :until AND (s.released_at IS NULL OR s.released_at >= :starts_at)"
_INPATIENTS = f"""
SELECT v.id AS visit_id, v.status, v.admission_date AS began_at, v.discharge_date AS ended_at,
       (SELECT coalesce({_STAYS}, '[]'::json)
          FROM bed_assignments s JOIN beds b ON b.hospital_id = s.hospital_id AND b.id = s.bed_id
         WHERE s.hospital_id = v.hospital_id AND s.patient_id = v.patient_id AND s.visit_id = v.id
           AND {_ON_THE_DAY}) AS stays
  FROM visits v
 WHERE v.visit_type = 'inpatient' AND v.admission_date < :until"""

# Every stay in the house that touches the day, with the beds it went through on it. An inpatient counts from admission
# to departure, in a bed or not; whoever else lies in a bed counts while he lies there.
CENSUS = f"""
{_INPATIENTS} AND v.status IN ('active', 'on_leave')
UNION ALL {_INPATIENTS} AND v.status IN ('discharged', 'transferred', 'deceased') AND v.discharge_date >= :starts_at
UNION ALL
SELECT v.id, v.status, s.began_at, s.ended_at, s.stays
  FROM (SELECT s.visit_id, min(s.assigned_at) AS began_at, {_STAYS} AS stays,
               CASE WHEN bool_and(s.released_at IS NOT NULL) THEN max(s.released_at) END AS ended_at
          FROM bed_assignments s JOIN beds b ON b.hospital_id = s.hospital_id AND b.id = s.bed_id
         WHERE {_ON_THE_DAY}
         GROUP BY s.visit_id) s
 CROSS JOIN LATERAL (SELECT v.id, v.status FROM visits v
                      WHERE v.id = s.visit_id AND v.visit_type <> 'inpatient' AND v.status <> 'entered_in_error'
                      LIMIT 1) v"""
