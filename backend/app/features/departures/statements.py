"""The SQL of departures."""

# Everything the gate looks at, in one statement; JSON, since the parts have nothing in common.
FACTS = """
SELECT v.id AS visit_id, v.patient_id, v.status, v.discharge_ordered_at,
  (SELECT count(*) FROM diagnoses d
    WHERE d.hospital_id = v.hospital_id AND d.patient_id = v.patient_id AND d.visit_id = v.id AND d.role = 'final'
      AND d.entered_in_error_at IS NULL AND d.code_system <> '' AND d.code <> '') AS coded_final_diagnoses,
  (SELECT count(*) FROM transfer_requests t WHERE t.visit_id = v.id AND t.status IN ('requested', 'accepted'))
    AS open_transfers,
  (SELECT to_json(newest) FROM (
     SELECT s.id, s.version, s.reason_for_hospitalization, s.procedures, s.care_provided, s.condition_at_discharge,
            s.disposition, s.information_given, s.follow_up, s.refusal_signed_at, s.signed_at, s.updated_at,
            concat_ws(' ', w.title, w.first_name, w.last_name) AS written_by,
            CASE WHEN g.id IS NOT NULL THEN concat_ws(' ', g.title, g.first_name, g.last_name) END AS signed_by
       FROM discharge_summaries s
       JOIN users w ON w.id = s.written_by_id
       LEFT JOIN users g ON g.id = s.signed_by_id
      WHERE s.visit_id = v.id ORDER BY s.version DESC LIMIT 1) newest) AS summary,
  (SELECT json_agg(json_build_object(
            'prescription_id', m.id, 'medication_name', m.medication_name, 'dosage', m.dosage,
            'frequency', m.frequency, 'route', m.route, 'status', m.status, 'decision', m.discharge_decision)
            ORDER BY m.medication_name, m.id)
     FROM prescriptions m WHERE m.visit_id = v.id AND m.status IN ('active', 'on_hold')) AS orders,
  (SELECT json_agg(json_build_object(
            'lab_test_id', l.id, 'test_type', l.test_type, 'status', l.status, 'requested_at', l.requested_at,
            'owner_id', l.result_owner_id,
            'owner', CASE WHEN o.id IS NOT NULL THEN concat_ws(' ', o.title, o.first_name, o.last_name) END)
            ORDER BY l.requested_at, l.id)
     FROM lab_tests l LEFT JOIN users o ON o.id = l.result_owner_id
    WHERE l.visit_id = v.id AND l.status IN ('pending', 'accepted', 'in_progress')) AS pending,
  (SELECT json_agg(json_build_object(
            'result_id', r.id, 'name', r.name, 'unit', r.unit, 'interpretation', r.interpretation,
            'value', coalesce(r.value_text, concat(r.comparator, r.value_numeric::text))) ORDER BY r.created_at, r.id)
     FROM lab_tests l
     JOIN lab_results r ON r.hospital_id = l.hospital_id AND r.patient_id = l.patient_id AND r.lab_test_id = l.id
    WHERE l.visit_id = v.id AND r.interpretation IN ('HH', 'LL', 'AA') AND r.status <> 'entered_in_error'
      AND r.acknowledged_at IS NULL) AS critical
  FROM visits v WHERE v.id = :visit_id
"""
