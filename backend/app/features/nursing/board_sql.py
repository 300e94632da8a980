"""The SQL of the ward screen: the visits of a ward, of one person's care, or without a bed, each with its last set.

One statement a list, whatever its length; each part is led by an index under row-level security."""

WARDS = """
SELECT b.ward, count(*) AS beds, count(*) FILTER (WHERE b.status = 'occupied') AS taken
  FROM beds b WHERE b.hospital_id = :hospital_id AND b.is_active
 GROUP BY b.ward ORDER BY b.ward"""

_ROW = """
SELECT v.id AS visit_id, v.patient_id, v.hospital_id, v.status AS visit_status, v.admission_date, v.reason_for_visit,
       v.discharge_ordered_at, b.ward, b.bed_number, p.first_name, p.last_name, p.name_prefix, p.date_of_birth,
       p.date_of_birth_precision, p.gender, p.mrn, p.spo2_scale AS scale_now, h.timezone,
       s.id AS vitals_id, s.recorded_at, s.temperature, s.heart_rate, s.blood_pressure_systolic,
       s.blood_pressure_diastolic, s.respiratory_rate, s.spo2, s.spo2_scale, s.supplemental_oxygen, s.oxygen_flow_lpm,
       s.fio2_percent, s.consciousness, s.news2_total, s.news2_red, s.news2_state, s.next_due_at,
       (SELECT coalesce(json_agg(o.news2_total ORDER BY o.recorded_at, o.id), '[]'::json)
          FROM (SELECT o.id, o.recorded_at, o.news2_total FROM vitals o
                 WHERE o.visit_id = v.id AND o.status <> 'entered_in_error' AND o.news2_total IS NOT NULL
                 ORDER BY o.recorded_at DESC, o.id DESC LIMIT 7) o) AS scores,
       (SELECT json_agg(DISTINCT a.substance) FROM allergies a
         WHERE a.hospital_id = v.hospital_id AND a.patient_id = v.patient_id AND a.clinical_status = 'active'
           AND a.verification_status NOT IN ('refuted', 'entered-in-error')) AS allergies,
       (SELECT string_agg(l.alert_type || coalesce(':' || CASE WHEN l.alert_type IN ('code_status', 'isolation')
                                                              THEN l.value END, ''), ',' ORDER BY l.alert_type)
          FROM patient_alerts l
         WHERE l.hospital_id = v.hospital_id AND l.patient_id = v.patient_id AND l.since <= :now
           AND (l.until IS NULL OR l.until > :now)
           AND l.end_reason IS DISTINCT FROM 'entered_in_error') AS alerts,
       e.id AS call_id, e.risk AS call_risk, e.level AS call_level, e.raised_at AS call_raised_at
  FROM {found}
  JOIN patients p ON p.hospital_id = v.hospital_id AND p.id = v.patient_id
  JOIN hospitals h ON h.id = v.hospital_id
  {bed}
  LEFT JOIN LATERAL (
    SELECT s.* FROM vitals s WHERE s.visit_id = v.id AND s.status <> 'entered_in_error'
     ORDER BY s.recorded_at DESC, s.id DESC LIMIT 1) s ON true
  LEFT JOIN escalations e ON e.hospital_id = v.hospital_id AND e.visit_id = v.id AND e.status = 'raised'
 WHERE {where} AND v.status IN ('active', 'on_leave')
 LIMIT 200"""
_BED = "LEFT JOIN beds b ON b.hospital_id = v.hospital_id AND b.assigned_visit_id = v.id"

OF_WARD = _ROW.format(
    found="beds b JOIN visits v ON v.hospital_id = b.hospital_id AND v.id = b.assigned_visit_id",
    bed="",
    where="b.hospital_id = :hospital_id AND b.status = 'occupied' AND b.ward = :ward",
)
# The doctor in charge stands among those who care: the visit's trigger keeps him there.
OF_CARER = _ROW.format(
    found="(SELECT DISTINCT k.visit_id FROM care_assignments k WHERE k.hospital_id = :hospital_id"
    " AND k.user_id = :user_id AND k.until_at IS NULL) k JOIN visits v ON v.id = k.visit_id",
    bed=_BED,
    where="v.hospital_id = :hospital_id",
)
# Inpatients and emergencies whom no bed holds, the newest first.
WITHOUT_BED = _ROW.format(
    found="(SELECT w.* FROM visits w WHERE w.hospital_id = :hospital_id AND w.status = 'active'"
    " AND w.visit_type IN ('inpatient', 'emergency')"
    " AND NOT EXISTS (SELECT FROM beds c WHERE c.hospital_id = w.hospital_id AND c.assigned_visit_id = w.id)"
    " ORDER BY w.admission_date DESC LIMIT 60) v",
    bed=_BED,
    where="v.hospital_id = :hospital_id",
)
