CREATE TABLE care_assignments (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  user_id UUID NOT NULL,
  role VARCHAR(32) NOT NULL CONSTRAINT care_assignments_role_check CHECK (role IN ('attending', 'doctor', 'nurse')),
  from_at TIMESTAMP WITH TIME ZONE NOT NULL,
  until_at TIMESTAMP WITH TIME ZONE,
  assigned_by_id UUID,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT care_assignments_pkey PRIMARY KEY (id),
  CONSTRAINT care_assignments_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT care_assignments_until_after_from_check CHECK (until_at >= from_at),
  CONSTRAINT care_assignments_one_at_a_time_excl EXCLUDE USING gist (visit_id WITH =, user_id WITH =, role WITH =, tstzrange(from_at, until_at) WITH &&),
  CONSTRAINT care_assignments_one_in_charge_excl EXCLUDE USING gist (visit_id WITH =, tstzrange(from_at, until_at) WITH &&) WHERE (role = 'attending'),
  CONSTRAINT care_assignments_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT care_assignments_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT care_assignments_assigned_by_id_fkey FOREIGN KEY(assigned_by_id) REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX care_assignments_assigned_by_id_idx ON care_assignments (assigned_by_id);
CREATE INDEX care_assignments_hospital_id_patient_id_visit_id_idx ON care_assignments (hospital_id, patient_id, visit_id);
CREATE INDEX care_assignments_mine_idx ON care_assignments (hospital_id, user_id) WHERE until_at IS NULL;
CREATE INDEX care_assignments_open_idx ON care_assignments (visit_id) WHERE until_at IS NULL;
CREATE INDEX care_assignments_user_id_idx ON care_assignments (user_id);
COMMENT ON COLUMN care_assignments.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN care_assignments.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN care_assignments.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN care_assignments.visit_id IS 'the visit cared for';
COMMENT ON COLUMN care_assignments.user_id IS 'who cares';
COMMENT ON COLUMN care_assignments.role IS 'doctor in charge, doctor or nurse';
COMMENT ON COLUMN care_assignments.from_at IS 'instant the care began';
COMMENT ON COLUMN care_assignments.until_at IS 'instant the care ended; NULL = still caring';
COMMENT ON COLUMN care_assignments.assigned_by_id IS 'who assigned it; NULL = the system';
COMMENT ON COLUMN care_assignments.created_at IS 'instant the row was written';
COMMENT ON COLUMN care_assignments.updated_at IS 'instant of the last change, moved by trigger';
ALTER TABLE care_assignments ENABLE ROW LEVEL SECURITY;
ALTER TABLE care_assignments FORCE ROW LEVEL SECURITY;
CREATE POLICY staff ON care_assignments FOR ALL TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
CREATE POLICY definer ON care_assignments FOR ALL TO hass_definer USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (until_at) ON care_assignments TO hass_app, hass_worker;
GRANT SELECT, INSERT, UPDATE ON care_assignments TO hass_definer;

