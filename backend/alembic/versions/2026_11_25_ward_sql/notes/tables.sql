-- Notes are amended by a new version or struck out, never edited.
ALTER TABLE nurse_logs
  ADD COLUMN late_reason TEXT,
  ADD COLUMN amends_id UUID,
  ADD COLUMN amend_reason TEXT,
  ADD COLUMN entered_in_error_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN entered_in_error_by_id UUID,
  ADD COLUMN entered_in_error_reason TEXT,
  ADD CONSTRAINT nurse_logs_hospital_id_patient_id_id_key UNIQUE (hospital_id, patient_id, id),
  ADD CONSTRAINT nurse_logs_amends_id_key UNIQUE (amends_id),
  ADD CONSTRAINT nurse_logs_hospital_id_patient_id_amends_id_fkey FOREIGN KEY(hospital_id, patient_id, amends_id) REFERENCES nurse_logs (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  ADD CONSTRAINT nurse_logs_entered_in_error_by_id_fkey FOREIGN KEY(entered_in_error_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  ADD CONSTRAINT nurse_logs_amends_other_check CHECK (amends_id <> id),
  ADD CONSTRAINT nurse_logs_amended_has_reason_check CHECK ((amends_id IS NULL) = (amend_reason IS NULL) AND btrim(amend_reason) <> ''),
  ADD CONSTRAINT nurse_logs_struck_complete_check CHECK (source IS NOT NULL OR num_nonnulls(entered_in_error_at, entered_in_error_by_id, entered_in_error_reason) = CASE WHEN status = 'entered_in_error' THEN 3 ELSE 0 END);
CREATE INDEX nurse_logs_entered_in_error_by_id_idx ON nurse_logs (entered_in_error_by_id);
CREATE INDEX nurse_logs_hospital_id_patient_id_amends_id_idx ON nurse_logs (hospital_id, patient_id, amends_id) WHERE amends_id IS NOT NULL;
CREATE INDEX nurse_logs_incidents_idx ON nurse_logs (hospital_id, logged_at DESC, id DESC) WHERE log_type = 'incident';
COMMENT ON COLUMN nurse_logs.late_reason IS 'why it was written late; NULL = in time';
COMMENT ON COLUMN nurse_logs.amends_id IS 'the version this one takes the place of';
COMMENT ON COLUMN nurse_logs.amend_reason IS 'why that version was wrong';
COMMENT ON COLUMN nurse_logs.entered_in_error_at IS 'instant it was struck out';
COMMENT ON COLUMN nurse_logs.entered_in_error_by_id IS 'who struck it out';
COMMENT ON COLUMN nurse_logs.entered_in_error_reason IS 'why it should not be there';
REVOKE UPDATE ON nurse_logs FROM hass_app, hass_worker;
GRANT UPDATE (status, entered_in_error_at, entered_in_error_by_id, entered_in_error_reason) ON nurse_logs TO hass_app, hass_worker;

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

CREATE TABLE handovers (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  from_user_id UUID NOT NULL,
  to_user_id UUID,
  care_role VARCHAR(32) NOT NULL CONSTRAINT handovers_care_role_check CHECK (care_role IN ('attending', 'doctor', 'nurse')),
  status VARCHAR(32) DEFAULT 'draft' NOT NULL CONSTRAINT handovers_status_check CHECK (status IN ('draft', 'given', 'accepted', 'withdrawn')),
  illness_severity VARCHAR(32) CONSTRAINT handovers_illness_severity_check CHECK (illness_severity IN ('stable', 'watcher', 'unstable')),
  patient_summary TEXT,
  actions TEXT,
  situation_awareness TEXT,
  synthesis TEXT,
  given_at TIMESTAMP WITH TIME ZONE,
  accepted_at TIMESTAMP WITH TIME ZONE,
  withdrawn_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT handovers_pkey PRIMARY KEY (id),
  CONSTRAINT handovers_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT handovers_to_other_check CHECK (to_user_id <> from_user_id),
  CONSTRAINT handovers_given_complete_check CHECK (NOT (status IN ('given', 'accepted')) OR num_nonnulls(to_user_id, illness_severity, patient_summary, actions, situation_awareness, given_at) = 6),
  CONSTRAINT handovers_words_given_check CHECK (btrim(patient_summary) <> '' AND btrim(actions) <> '' AND btrim(situation_awareness) <> ''),
  CONSTRAINT handovers_accepted_complete_check CHECK (num_nonnulls(accepted_at, synthesis) = CASE WHEN status = 'accepted' THEN 2 ELSE 0 END AND btrim(synthesis) <> ''),
  CONSTRAINT handovers_withdrawn_pair_check CHECK ((status = 'withdrawn') = (withdrawn_at IS NOT NULL)),
  CONSTRAINT handovers_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT handovers_from_user_id_fkey FOREIGN KEY(from_user_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT handovers_to_user_id_fkey FOREIGN KEY(to_user_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX handovers_from_user_id_idx ON handovers (from_user_id);
CREATE INDEX handovers_hospital_id_patient_id_visit_id_idx ON handovers (hospital_id, patient_id, visit_id);
CREATE UNIQUE INDEX handovers_one_waiting_key ON handovers (visit_id, from_user_id, care_role) WHERE status IN ('draft', 'given');
CREATE INDEX handovers_to_accept_idx ON handovers (hospital_id, to_user_id) WHERE status = 'given';
CREATE INDEX handovers_to_user_id_idx ON handovers (to_user_id);
CREATE INDEX handovers_visit_id_idx ON handovers (visit_id, created_at DESC);
COMMENT ON COLUMN handovers.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN handovers.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN handovers.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN handovers.visit_id IS 'the visit handed over';
COMMENT ON COLUMN handovers.from_user_id IS 'who hands over';
COMMENT ON COLUMN handovers.to_user_id IS 'who receives; NULL only while a draft';
COMMENT ON COLUMN handovers.care_role IS 'the care that moves on acceptance';
COMMENT ON COLUMN handovers.status IS 'moves by its machine';
COMMENT ON COLUMN handovers.illness_severity IS 'I: stable, watcher or unstable';
COMMENT ON COLUMN handovers.patient_summary IS 'P: what brought the patient, course, plan';
COMMENT ON COLUMN handovers.actions IS 'A: what is to do, by when';
COMMENT ON COLUMN handovers.situation_awareness IS 'S: what might happen, and what then';
COMMENT ON COLUMN handovers.synthesis IS 'S: what the receiver understood, in his words';
COMMENT ON COLUMN handovers.given_at IS 'instant it was given';
COMMENT ON COLUMN handovers.accepted_at IS 'instant the receiver accepted';
COMMENT ON COLUMN handovers.withdrawn_at IS 'instant the giver withdrew it';
COMMENT ON COLUMN handovers.created_at IS 'instant the row was written';
COMMENT ON COLUMN handovers.updated_at IS 'instant of the last change, moved by trigger';
ALTER TABLE handovers ENABLE ROW LEVEL SECURITY;
ALTER TABLE handovers FORCE ROW LEVEL SECURITY;
CREATE POLICY staff ON handovers FOR SELECT TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
CREATE POLICY write ON handovers FOR INSERT TO hass_app, hass_worker WITH CHECK ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
CREATE POLICY move ON handovers FOR UPDATE TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid)) WITH CHECK ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid) AND (status <> 'accepted' OR to_user_id = (SELECT nullif(current_setting('hass.user_id', true), '')::uuid)));
GRANT SELECT, INSERT, UPDATE ON handovers TO hass_app, hass_worker;

CREATE TABLE fluid_entries (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  direction VARCHAR(32) NOT NULL CONSTRAINT fluid_entries_direction_check CHECK (direction IN ('in', 'out')),
  kind VARCHAR(32) NOT NULL CONSTRAINT fluid_entries_kind_check CHECK (kind IN ('oral', 'iv', 'tube', 'blood', 'urine', 'drain', 'vomit', 'stool', 'other')),
  volume_ml INTEGER NOT NULL,
  measured_at TIMESTAMP WITH TIME ZONE NOT NULL,
  notes TEXT,
  recorded_by_id UUID NOT NULL,
  late_reason TEXT,
  amends_id UUID,
  amend_reason TEXT,
  entered_in_error_at TIMESTAMP WITH TIME ZONE,
  entered_in_error_by_id UUID,
  entered_in_error_reason TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT fluid_entries_pkey PRIMARY KEY (id),
  CONSTRAINT fluid_entries_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT fluid_entries_hospital_id_patient_id_id_key UNIQUE (hospital_id, patient_id, id),
  CONSTRAINT fluid_entries_hospital_id_patient_id_amends_id_fkey FOREIGN KEY(hospital_id, patient_id, amends_id) REFERENCES fluid_entries (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT fluid_entries_amends_id_key UNIQUE (amends_id),
  CONSTRAINT fluid_entries_kind_fits_check CHECK ((direction = 'in' AND kind IN ('oral', 'iv', 'tube', 'blood', 'other')) OR (direction = 'out' AND kind IN ('urine', 'drain', 'vomit', 'stool', 'blood', 'other'))),
  CONSTRAINT fluid_entries_volume_ml_range_check CHECK (volume_ml BETWEEN 0 AND 20000),
  CONSTRAINT fluid_entries_amends_other_check CHECK (amends_id <> id),
  CONSTRAINT fluid_entries_amended_has_reason_check CHECK ((amends_id IS NULL) = (amend_reason IS NULL) AND btrim(amend_reason) <> ''),
  CONSTRAINT fluid_entries_struck_complete_check CHECK (num_nonnulls(entered_in_error_at, entered_in_error_by_id, entered_in_error_reason) IN (0, 3)),
  CONSTRAINT fluid_entries_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT fluid_entries_recorded_by_id_fkey FOREIGN KEY(recorded_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT fluid_entries_entered_in_error_by_id_fkey FOREIGN KEY(entered_in_error_by_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX fluid_entries_entered_in_error_by_id_idx ON fluid_entries (entered_in_error_by_id);
CREATE INDEX fluid_entries_hospital_id_patient_id_amends_id_idx ON fluid_entries (hospital_id, patient_id, amends_id) WHERE amends_id IS NOT NULL;
CREATE INDEX fluid_entries_hospital_id_patient_id_visit_id_idx ON fluid_entries (hospital_id, patient_id, visit_id);
CREATE INDEX fluid_entries_recorded_by_id_idx ON fluid_entries (recorded_by_id);
CREATE INDEX fluid_entries_visit_id_idx ON fluid_entries (visit_id, measured_at DESC);
COMMENT ON COLUMN fluid_entries.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN fluid_entries.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN fluid_entries.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN fluid_entries.visit_id IS 'the visit it belongs to';
COMMENT ON COLUMN fluid_entries.direction IS 'in or out';
COMMENT ON COLUMN fluid_entries.kind IS 'by which way it went in or came out';
COMMENT ON COLUMN fluid_entries.volume_ml IS 'millilitres; 0 is a value';
COMMENT ON COLUMN fluid_entries.measured_at IS 'instant it went in or was measured';
COMMENT ON COLUMN fluid_entries.notes IS 'what was seen, such as colour';
COMMENT ON COLUMN fluid_entries.recorded_by_id IS 'who recorded it';
COMMENT ON COLUMN fluid_entries.late_reason IS 'why it was written late; NULL = in time';
COMMENT ON COLUMN fluid_entries.amends_id IS 'the entry this one corrects';
COMMENT ON COLUMN fluid_entries.amend_reason IS 'why that entry was wrong';
COMMENT ON COLUMN fluid_entries.entered_in_error_at IS 'instant it was struck out';
COMMENT ON COLUMN fluid_entries.entered_in_error_by_id IS 'who struck it out';
COMMENT ON COLUMN fluid_entries.entered_in_error_reason IS 'why it should not be there';
COMMENT ON COLUMN fluid_entries.created_at IS 'instant the row was written';
COMMENT ON COLUMN fluid_entries.updated_at IS 'instant of the last change, moved by trigger';
ALTER TABLE fluid_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE fluid_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY staff ON fluid_entries FOR ALL TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE (entered_in_error_at, entered_in_error_by_id, entered_in_error_reason) ON fluid_entries TO hass_app, hass_worker;

