-- Visits that are open already: their doctor cares for them, as keep_care() writes it for those that follow.
-- Under FORCE the owner sees no row either.
ALTER TABLE visits NO FORCE ROW LEVEL SECURITY;
ALTER TABLE care_assignments NO FORCE ROW LEVEL SECURITY;
INSERT INTO care_assignments (id, hospital_id, patient_id, visit_id, user_id, role, from_at)
SELECT new_id(), v.hospital_id, v.patient_id, v.id, v.attending_doctor_id, 'attending', least(v.admission_date, now())
  FROM visits v WHERE v.status IN ('active', 'on_leave') AND v.attending_doctor_id IS NOT NULL;
ALTER TABLE visits FORCE ROW LEVEL SECURITY;
ALTER TABLE care_assignments FORCE ROW LEVEL SECURITY;
