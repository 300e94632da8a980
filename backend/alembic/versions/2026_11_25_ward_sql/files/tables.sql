-- Alerts of a patient's file, merges of files with their journal, whose file it is, and how sure an allergy is.

ALTER TABLE patients ADD COLUMN merged_into_id UUID;
COMMENT ON COLUMN patients.merged_into_id IS 'the file of this hospital that is used instead; NULL = stands for itself';
ALTER TABLE patients
  ADD CONSTRAINT patients_hospital_id_merged_into_id_fkey FOREIGN KEY(hospital_id, merged_into_id)
    REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  ADD CONSTRAINT patients_merged_is_closed_check CHECK (merged_into_id IS NULL OR NOT is_active),
  ADD CONSTRAINT patients_merged_into_other_check CHECK (merged_into_id <> id),
  DROP CONSTRAINT patients_hospital_id_person_id_key;
CREATE UNIQUE INDEX patients_hospital_id_person_id_key ON patients (hospital_id, person_id)
  WHERE merged_into_id IS NULL;
CREATE INDEX patients_hospital_id_merged_into_id_idx ON patients (hospital_id, merged_into_id);
GRANT UPDATE (person_id, merged_into_id, is_active) ON patients TO hass_definer;
GRANT UPDATE (patient_id) ON emr_local TO hass_app, hass_worker;

ALTER TABLE allergies ADD COLUMN verified_at TIMESTAMP WITH TIME ZONE, ADD COLUMN verified_by_id UUID,
  ADD COLUMN verification_reason TEXT;
COMMENT ON COLUMN allergies.verified_at IS 'when it was confirmed, refuted, resolved or struck out; NULL = as it was recorded';
COMMENT ON COLUMN allergies.verified_by_id IS 'who confirmed, refuted, resolved or struck it out';
COMMENT ON COLUMN allergies.verification_reason IS 'why it was refuted or struck out';
ALTER TABLE allergies
  ADD CONSTRAINT allergies_verified_by_id_fkey FOREIGN KEY(verified_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  ADD CONSTRAINT allergies_verified_pair_check CHECK ((verified_at IS NULL) = (verified_by_id IS NULL)),
  ADD CONSTRAINT allergies_refuted_has_reason_check CHECK (source IS NOT NULL
    OR verification_status NOT IN ('refuted', 'entered-in-error')
    OR (verified_at IS NOT NULL AND btrim(coalesce(verification_reason, '')) <> ''));
CREATE INDEX allergies_verified_by_id_idx ON allergies (verified_by_id);

-- An emergency access stays with the file it was opened for when that is merged.
ALTER TABLE access_grants DROP CONSTRAINT access_grants_one_live_excl;
ALTER TABLE access_grants ADD CONSTRAINT access_grants_one_live_excl EXCLUDE USING gist (user_id WITH =,
  patient_id WITH =, tstzrange(granted_at, LEAST(ended_at, expires_at)) WITH &&);


CREATE TABLE patient_alerts (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  alert_type VARCHAR(32) NOT NULL CONSTRAINT patient_alerts_alert_type_check CHECK (alert_type IN ('code_status', 'isolation', 'pregnancy', 'falls', 'pressure_injury', 'difficult_airway', 'communication', 'similar_name', 'other')),
  value TEXT,
  since TIMESTAMP WITH TIME ZONE NOT NULL,
  until TIMESTAMP WITH TIME ZONE,
  recorded_by_id UUID,
  ended_by_id UUID,
  end_reason VARCHAR(32) CONSTRAINT patient_alerts_end_reason_check CHECK (end_reason IN ('over', 'entered_in_error')),
  note TEXT,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT patient_alerts_pkey PRIMARY KEY (id),
  CONSTRAINT patient_alerts_hospital_id_patient_id_fkey FOREIGN KEY(hospital_id, patient_id) REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT patient_alerts_value_known_check CHECK ((alert_type <> 'code_status' OR (value IS NOT NULL AND value IN ('full', 'limited', 'dnr', 'comfort'))) AND (alert_type <> 'isolation' OR (value IS NOT NULL AND value IN ('contact', 'droplet', 'airborne', 'protective')))),
  CONSTRAINT patient_alerts_value_given_check CHECK (NOT (alert_type IN ('communication', 'other')) OR btrim(coalesce(value, '')) <> ''),
  CONSTRAINT patient_alerts_until_after_since_check CHECK (until >= since),
  CONSTRAINT patient_alerts_ended_pair_check CHECK (num_nonnulls(ended_by_id, end_reason) IN (0, 2) AND (ended_by_id IS NULL OR until IS NOT NULL)),
  CONSTRAINT patient_alerts_authored_complete_check CHECK (source IS NOT NULL OR (recorded_by_id IS NOT NULL)),
  CONSTRAINT patient_alerts_one_at_a_time_excl EXCLUDE USING gist (patient_id WITH =, alert_type WITH =, (CASE WHEN alert_type IN ('code_status', 'pregnancy') THEN '' ELSE coalesce(value, '') END) WITH =, tstzrange(since, until) WITH &&) WHERE (end_reason IS NULL OR end_reason <> 'entered_in_error'),
  CONSTRAINT patient_alerts_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT patient_alerts_recorded_by_id_fkey FOREIGN KEY(recorded_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT patient_alerts_ended_by_id_fkey FOREIGN KEY(ended_by_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX patient_alerts_ended_by_id_idx ON patient_alerts (ended_by_id);
CREATE INDEX patient_alerts_hospital_id_patient_id_until_idx ON patient_alerts (hospital_id, patient_id, until);
CREATE INDEX patient_alerts_recorded_by_id_idx ON patient_alerts (recorded_by_id);
COMMENT ON COLUMN patient_alerts.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN patient_alerts.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN patient_alerts.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN patient_alerts.alert_type IS 'what it is about';
COMMENT ON COLUMN patient_alerts.value IS 'which code status or isolation; the words of a type that needs some; else NULL';
COMMENT ON COLUMN patient_alerts.since IS 'instant it began to hold';
COMMENT ON COLUMN patient_alerts.until IS 'instant it stops to hold, foreseen or past; NULL = open';
COMMENT ON COLUMN patient_alerts.recorded_by_id IS 'who recorded it';
COMMENT ON COLUMN patient_alerts.ended_by_id IS 'who ended it; NULL = nobody yet';
COMMENT ON COLUMN patient_alerts.end_reason IS 'over, or never true';
COMMENT ON COLUMN patient_alerts.note IS 'what else one must know about it';
COMMENT ON COLUMN patient_alerts.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN patient_alerts.created_at IS 'instant the row was written';
COMMENT ON COLUMN patient_alerts.updated_at IS 'instant of the last change, moved by trigger';
ALTER TABLE patient_alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient_alerts FORCE ROW LEVEL SECURITY;
CREATE POLICY staff ON patient_alerts FOR ALL TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON patient_alerts TO hass_app, hass_worker;

CREATE TABLE patient_merges (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  survivor_id UUID NOT NULL,
  loser_id UUID NOT NULL,
  reason TEXT NOT NULL,
  merged_at TIMESTAMP WITH TIME ZONE NOT NULL,
  merged_by_id UUID NOT NULL,
  undone_at TIMESTAMP WITH TIME ZONE,
  undone_by_id UUID,
  undo_reason TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT patient_merges_pkey PRIMARY KEY (id),
  CONSTRAINT patient_merges_hospital_id_survivor_id_fkey FOREIGN KEY(hospital_id, survivor_id) REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT patient_merges_hospital_id_loser_id_fkey FOREIGN KEY(hospital_id, loser_id) REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT patient_merges_hospital_id_id_key UNIQUE (hospital_id, id),
  CONSTRAINT patient_merges_two_files_check CHECK (survivor_id <> loser_id),
  CONSTRAINT patient_merges_reason_length_check CHECK (length(btrim(reason)) BETWEEN 3 AND 500),
  CONSTRAINT patient_merges_undone_together_check CHECK (num_nonnulls(undone_at, undone_by_id, undo_reason) IN (0, 3) AND (undo_reason IS NULL OR length(btrim(undo_reason)) BETWEEN 3 AND 500)),
  CONSTRAINT patient_merges_undone_after_merged_check CHECK (undone_at >= merged_at),
  CONSTRAINT patient_merges_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT patient_merges_merged_by_id_fkey FOREIGN KEY(merged_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT patient_merges_undone_by_id_fkey FOREIGN KEY(undone_by_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX patient_merges_hospital_id_idx ON patient_merges (hospital_id, merged_at DESC, id DESC);
CREATE INDEX patient_merges_hospital_id_loser_id_idx ON patient_merges (hospital_id, loser_id);
CREATE INDEX patient_merges_hospital_id_survivor_id_idx ON patient_merges (hospital_id, survivor_id);
CREATE INDEX patient_merges_merged_by_id_idx ON patient_merges (merged_by_id);
CREATE UNIQUE INDEX patient_merges_one_live_key ON patient_merges (hospital_id, loser_id) WHERE undone_at IS NULL;
CREATE INDEX patient_merges_undone_by_id_idx ON patient_merges (undone_by_id);
COMMENT ON COLUMN patient_merges.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN patient_merges.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN patient_merges.survivor_id IS 'the file that is used from then on';
COMMENT ON COLUMN patient_merges.loser_id IS 'the file that was merged into it';
COMMENT ON COLUMN patient_merges.reason IS 'why they are of one patient';
COMMENT ON COLUMN patient_merges.merged_at IS 'instant of the merge';
COMMENT ON COLUMN patient_merges.merged_by_id IS 'who merged them';
COMMENT ON COLUMN patient_merges.undone_at IS 'instant it was taken back; NULL = it holds';
COMMENT ON COLUMN patient_merges.undone_by_id IS 'who took it back';
COMMENT ON COLUMN patient_merges.undo_reason IS 'why they are of two patients after all';
COMMENT ON COLUMN patient_merges.created_at IS 'instant the row was written';
COMMENT ON COLUMN patient_merges.updated_at IS 'instant of the last change, moved by trigger';
ALTER TABLE patient_merges ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient_merges FORCE ROW LEVEL SECURITY;
CREATE POLICY staff ON patient_merges FOR ALL TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE (undone_at, undone_by_id, undo_reason) ON patient_merges TO hass_app, hass_worker;

CREATE TABLE merge_journal (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  merge_id UUID NOT NULL,
  table_name TEXT NOT NULL,
  row_id UUID NOT NULL,
  column_name TEXT NOT NULL,
  old_value TEXT,
  new_value TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT merge_journal_pkey PRIMARY KEY (id),
  CONSTRAINT merge_journal_hospital_id_merge_id_fkey FOREIGN KEY(hospital_id, merge_id) REFERENCES patient_merges (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT merge_journal_merge_id_table_name_row_id_column_name_key UNIQUE (merge_id, table_name, row_id, column_name),
  CONSTRAINT merge_journal_append_only_check CHECK (updated_at = created_at),
  CONSTRAINT merge_journal_value_changed_check CHECK (old_value IS DISTINCT FROM new_value),
  CONSTRAINT merge_journal_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT
);
CREATE INDEX merge_journal_hospital_id_merge_id_idx ON merge_journal (hospital_id, merge_id);
COMMENT ON COLUMN merge_journal.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN merge_journal.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN merge_journal.merge_id IS 'the merge that changed it';
COMMENT ON COLUMN merge_journal.table_name IS 'table of the row';
COMMENT ON COLUMN merge_journal.row_id IS 'id of the row in that table';
COMMENT ON COLUMN merge_journal.column_name IS 'column that was changed';
COMMENT ON COLUMN merge_journal.old_value IS 'what stood there before, as text; NULL = nothing';
COMMENT ON COLUMN merge_journal.new_value IS 'what the merge wrote, as text; NULL = nothing';
COMMENT ON COLUMN merge_journal.created_at IS 'instant the row was written';
COMMENT ON COLUMN merge_journal.updated_at IS 'instant of the last change, moved by trigger';
ALTER TABLE merge_journal ENABLE ROW LEVEL SECURITY;
ALTER TABLE merge_journal FORCE ROW LEVEL SECURITY;
CREATE POLICY staff ON merge_journal FOR ALL TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
GRANT SELECT, INSERT ON merge_journal TO hass_app, hass_worker;

CREATE TABLE person_links (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  act VARCHAR(32) NOT NULL CONSTRAINT person_links_act_check CHECK (act IN ('register', 'link', 'unlink', 'merge', 'undo')),
  from_person_id UUID,
  to_person_id UUID NOT NULL,
  moved_identifiers JSONB DEFAULT '[]' NOT NULL,
  reason TEXT NOT NULL,
  linked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  linked_by_id UUID,
  merge_id UUID,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT person_links_pkey PRIMARY KEY (id),
  CONSTRAINT person_links_hospital_id_patient_id_fkey FOREIGN KEY(hospital_id, patient_id) REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT person_links_from_given_check CHECK ((act = 'register') = (from_person_id IS NULL)),
  CONSTRAINT person_links_two_people_check CHECK (from_person_id <> to_person_id),
  CONSTRAINT person_links_reason_length_check CHECK (length(btrim(reason)) BETWEEN 3 AND 500),
  CONSTRAINT person_links_merge_named_check CHECK ((act IN ('merge', 'undo')) = (merge_id IS NOT NULL)),
  CONSTRAINT person_links_identifiers_listed_check CHECK (jsonb_typeof(moved_identifiers) = 'array'),
  CONSTRAINT person_links_append_only_check CHECK (updated_at = created_at),
  CONSTRAINT person_links_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT person_links_from_person_id_fkey FOREIGN KEY(from_person_id) REFERENCES persons (id) ON DELETE RESTRICT,
  CONSTRAINT person_links_to_person_id_fkey FOREIGN KEY(to_person_id) REFERENCES persons (id) ON DELETE RESTRICT,
  CONSTRAINT person_links_linked_by_id_fkey FOREIGN KEY(linked_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT person_links_merge_id_fkey FOREIGN KEY(merge_id) REFERENCES patient_merges (id) ON DELETE RESTRICT
);
CREATE INDEX person_links_from_person_id_idx ON person_links (from_person_id);
CREATE INDEX person_links_hospital_id_patient_id_idx ON person_links (hospital_id, patient_id, linked_at DESC);
CREATE INDEX person_links_linked_by_id_idx ON person_links (linked_by_id);
CREATE INDEX person_links_merge_id_idx ON person_links (merge_id);
CREATE INDEX person_links_to_person_id_idx ON person_links (to_person_id);
COMMENT ON COLUMN person_links.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN person_links.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN person_links.patient_id IS 'the file that changed hands';
COMMENT ON COLUMN person_links.act IS 'what was done';
COMMENT ON COLUMN person_links.from_person_id IS 'whose file it was; NULL = it was new';
COMMENT ON COLUMN person_links.to_person_id IS 'whose file it is from then on';
COMMENT ON COLUMN person_links.moved_identifiers IS 'ids of person_identifiers that went along, since no other file kept them';
COMMENT ON COLUMN person_links.reason IS 'why';
COMMENT ON COLUMN person_links.linked_at IS 'instant of the change';
COMMENT ON COLUMN person_links.linked_by_id IS 'who did it; NULL = background work';
COMMENT ON COLUMN person_links.merge_id IS 'the merge that it was part of';
COMMENT ON COLUMN person_links.created_at IS 'instant the row was written';
COMMENT ON COLUMN person_links.updated_at IS 'instant of the last change, moved by trigger';
ALTER TABLE person_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE person_links FORCE ROW LEVEL SECURITY;
CREATE POLICY staff ON person_links FOR ALL TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
CREATE POLICY definer ON person_links FOR ALL TO hass_definer USING (true) WITH CHECK (true);
GRANT SELECT ON person_links TO hass_app, hass_worker;
GRANT SELECT, INSERT ON person_links TO hass_definer;
