-- Admissions: what visits and the rows below them need to be planned, ended and handed on.

ALTER TABLE visits
  ADD COLUMN expected_arrival TIMESTAMP WITH TIME ZONE,
  ADD COLUMN expected_departure TIMESTAMP WITH TIME ZONE,
  ADD COLUMN triage_level SMALLINT,
  ADD COLUMN triaged_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN triaged_by_id UUID,
  ADD COLUMN seen_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN death_certified_by_id UUID,
  ADD COLUMN status_reason TEXT,
  ADD CONSTRAINT visits_planned_has_no_discharge_check CHECK (status <> 'planned' OR discharge_date IS NULL),
  ADD CONSTRAINT visits_instants_finite_check CHECK (isfinite(admission_date) AND isfinite(discharge_date) AND isfinite(synced_at) AND isfinite(discharge_ordered_at) AND isfinite(expected_arrival) AND isfinite(expected_departure) AND isfinite(triaged_at) AND isfinite(seen_at)),
  ADD CONSTRAINT visits_triage_level_range_check CHECK (triage_level BETWEEN 1 AND 5),
  ADD CONSTRAINT visits_triaged_together_check CHECK (num_nonnulls(triage_level, triaged_at, triaged_by_id) IN (0, 3)),
  ADD CONSTRAINT visits_death_is_certified_check CHECK (source IS NOT NULL OR status <> 'deceased' OR death_certified_by_id IS NOT NULL),
  ADD CONSTRAINT visits_status_reason_given_check CHECK (source IS NOT NULL OR status NOT IN ('cancelled', 'entered_in_error') OR btrim(COALESCE(status_reason, '')) <> ''),
  ADD CONSTRAINT visits_death_certified_by_id_fkey FOREIGN KEY (death_certified_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  ADD CONSTRAINT visits_triaged_by_id_fkey FOREIGN KEY (triaged_by_id) REFERENCES users (id) ON DELETE RESTRICT;
CREATE INDEX visits_death_certified_by_id_idx ON visits (death_certified_by_id);
CREATE INDEX visits_expected_idx ON visits (hospital_id, expected_arrival) WHERE status = 'planned';
CREATE INDEX visits_leaving_idx ON visits (hospital_id, expected_departure) WHERE status IN ('active', 'on_leave');
CREATE INDEX visits_triaged_by_id_idx ON visits (triaged_by_id);
CREATE INDEX visits_waiting_idx ON visits (hospital_id, triage_level, admission_date) WHERE visit_type = 'emergency' AND status = 'active' AND seen_at IS NULL;
COMMENT ON COLUMN visits.expected_arrival IS 'instant the patient is expected';
COMMENT ON COLUMN visits.expected_departure IS 'instant the patient is expected to leave';
COMMENT ON COLUMN visits.triage_level IS 'Australasian Triage Scale, 1 most urgent to 5; NULL = not triaged';
COMMENT ON COLUMN visits.triaged_at IS 'instant of the triage';
COMMENT ON COLUMN visits.triaged_by_id IS 'who triaged';
COMMENT ON COLUMN visits.seen_at IS 'emergency: instant a doctor began; NULL = waiting';
COMMENT ON COLUMN visits.death_certified_by_id IS 'doctor who certified the death';
COMMENT ON COLUMN visits.status_reason IS 'why it was cancelled, brought back or entered in error';

ALTER TABLE diagnoses
  DROP CONSTRAINT diagnoses_visit_id_role_rank_key,
  ADD COLUMN entered_in_error_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN entered_in_error_by_id UUID,
  ADD CONSTRAINT diagnoses_entered_in_error_pair_check CHECK ((entered_in_error_at IS NULL) = (entered_in_error_by_id IS NULL)),
  ADD CONSTRAINT diagnoses_entered_in_error_by_id_fkey FOREIGN KEY (entered_in_error_by_id) REFERENCES users (id) ON DELETE RESTRICT;
CREATE INDEX diagnoses_entered_in_error_by_id_idx ON diagnoses (entered_in_error_by_id);
CREATE UNIQUE INDEX diagnoses_visit_id_role_rank_key ON diagnoses (visit_id, role, rank) WHERE entered_in_error_at IS NULL;
COMMENT ON COLUMN diagnoses.entered_in_error_at IS 'struck out at this instant; NULL = it counts';
COMMENT ON COLUMN diagnoses.entered_in_error_by_id IS 'who struck it out';

ALTER TABLE lab_tests
  ADD COLUMN result_owner_id UUID,
  ADD CONSTRAINT lab_tests_result_owner_id_fkey FOREIGN KEY (result_owner_id) REFERENCES users (id) ON DELETE RESTRICT;
CREATE INDEX lab_tests_result_owner_id_idx ON lab_tests (result_owner_id);
COMMENT ON COLUMN lab_tests.result_owner_id IS 'who follows the result after discharge';

ALTER TABLE lab_results
  ADD COLUMN acknowledged_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN acknowledged_by_id UUID,
  ADD CONSTRAINT lab_results_acknowledged_pair_check CHECK ((acknowledged_at IS NULL) = (acknowledged_by_id IS NULL)),
  ADD CONSTRAINT lab_results_acknowledged_by_id_fkey FOREIGN KEY (acknowledged_by_id) REFERENCES users (id) ON DELETE RESTRICT;
CREATE INDEX lab_results_acknowledged_by_id_idx ON lab_results (acknowledged_by_id);
COMMENT ON COLUMN lab_results.acknowledged_at IS 'critical: instant a clinician took note; NULL = not yet';
COMMENT ON COLUMN lab_results.acknowledged_by_id IS 'who took note';

ALTER TABLE prescriptions
  ADD COLUMN discharge_decision VARCHAR(32),
  ADD COLUMN discharge_decided_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN discharge_decided_by_id UUID,
  ADD CONSTRAINT prescriptions_reconciled_together_check CHECK (num_nonnulls(discharge_decision, discharge_decided_at, discharge_decided_by_id) IN (0, 3)),
  ADD CONSTRAINT prescriptions_discharge_decided_by_id_fkey FOREIGN KEY (discharge_decided_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  ADD CONSTRAINT prescriptions_discharge_decision_check CHECK (discharge_decision IN ('continue', 'stop'));
CREATE INDEX prescriptions_discharge_decided_by_id_idx ON prescriptions (discharge_decided_by_id);
COMMENT ON COLUMN prescriptions.discharge_decision IS 'at discharge: continue at home or stop; NULL = not decided';
COMMENT ON COLUMN prescriptions.discharge_decided_at IS 'instant of that decision';
COMMENT ON COLUMN prescriptions.discharge_decided_by_id IS 'who decided';

ALTER TABLE emr_local
  ADD COLUMN locked_at TIMESTAMP WITH TIME ZONE;
COMMENT ON COLUMN emr_local.locked_at IS 'the visit ended: from this instant only amendments and errors';

ALTER TABLE beds
  ADD CONSTRAINT beds_instants_finite_check CHECK (isfinite(assigned_at) AND isfinite(reserved_until));

CREATE TABLE discharge_summaries (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  version SMALLINT DEFAULT 1 NOT NULL,
  reason_for_hospitalization TEXT,
  procedures TEXT,
  care_provided TEXT,
  condition_at_discharge TEXT,
  disposition VARCHAR(32) CONSTRAINT discharge_summaries_disposition_check CHECK (disposition IN ('home', 'alt-home', 'other-hcf', 'hosp', 'long', 'aadvice', 'exp', 'psy', 'rehab', 'snf', 'oth')),
  information_given TEXT,
  follow_up TEXT,
  refusal_signed_at TIMESTAMP WITH TIME ZONE,
  written_by_id UUID NOT NULL,
  signed_at TIMESTAMP WITH TIME ZONE,
  signed_by_id UUID,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT discharge_summaries_pkey PRIMARY KEY (id),
  CONSTRAINT discharge_summaries_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT discharge_summaries_visit_id_version_key UNIQUE (visit_id, version),
  CONSTRAINT discharge_summaries_version_range_check CHECK (version >= 1),
  CONSTRAINT discharge_summaries_signed_is_complete_check CHECK (signed_at IS NULL OR btrim(reason_for_hospitalization) <> '' AND btrim(procedures) <> '' AND btrim(care_provided) <> '' AND btrim(condition_at_discharge) <> '' AND btrim(follow_up) <> '' AND num_nulls(reason_for_hospitalization, procedures, care_provided, condition_at_discharge, follow_up, disposition) = 0),
  CONSTRAINT discharge_summaries_signed_informs_or_refused_check CHECK (signed_at IS NULL OR btrim(COALESCE(information_given, '')) <> '' OR (disposition = 'aadvice' AND refusal_signed_at IS NOT NULL)),
  CONSTRAINT discharge_summaries_signed_pair_check CHECK ((signed_at IS NULL) = (signed_by_id IS NULL)),
  CONSTRAINT discharge_summaries_instants_finite_check CHECK (isfinite(signed_at) AND isfinite(refusal_signed_at)),
  CONSTRAINT discharge_summaries_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT discharge_summaries_written_by_id_fkey FOREIGN KEY(written_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT discharge_summaries_signed_by_id_fkey FOREIGN KEY(signed_by_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX discharge_summaries_hospital_id_patient_id_visit_id_idx ON discharge_summaries (hospital_id, patient_id, visit_id);
CREATE INDEX discharge_summaries_signed_by_id_idx ON discharge_summaries (signed_by_id);
CREATE INDEX discharge_summaries_written_by_id_idx ON discharge_summaries (written_by_id);
COMMENT ON COLUMN discharge_summaries.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN discharge_summaries.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN discharge_summaries.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN discharge_summaries.visit_id IS 'the visit it sums up';
COMMENT ON COLUMN discharge_summaries.version IS '1 for the first, one more for each amendment';
COMMENT ON COLUMN discharge_summaries.reason_for_hospitalization IS 'why the patient was here';
COMMENT ON COLUMN discharge_summaries.procedures IS 'procedures performed, or that there were none';
COMMENT ON COLUMN discharge_summaries.care_provided IS 'care, treatment and services provided';
COMMENT ON COLUMN discharge_summaries.condition_at_discharge IS 'condition of the patient at discharge';
COMMENT ON COLUMN discharge_summaries.disposition IS 'FHIR discharge-disposition: where the patient goes';
COMMENT ON COLUMN discharge_summaries.information_given IS 'information given to patient and family';
COMMENT ON COLUMN discharge_summaries.follow_up IS 'provisions for follow-up';
COMMENT ON COLUMN discharge_summaries.refusal_signed_at IS 'against advice: instant the patient signed the refusal';
COMMENT ON COLUMN discharge_summaries.written_by_id IS 'who wrote it';
COMMENT ON COLUMN discharge_summaries.signed_at IS 'instant of the signature; NULL = a draft';
COMMENT ON COLUMN discharge_summaries.signed_by_id IS 'who signed';
COMMENT ON COLUMN discharge_summaries.created_at IS 'instant the row was written';
COMMENT ON COLUMN discharge_summaries.updated_at IS 'instant of the last change, moved by trigger';
ALTER TABLE discharge_summaries ENABLE ROW LEVEL SECURITY;
ALTER TABLE discharge_summaries FORCE ROW LEVEL SECURITY;

CREATE TABLE transfer_requests (
  id UUID NOT NULL,
  from_hospital_id UUID NOT NULL,
  to_hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  person_id UUID NOT NULL,
  first_name TEXT,
  last_name TEXT NOT NULL,
  date_of_birth DATE,
  gender VARCHAR(32) DEFAULT 'unknown' NOT NULL CONSTRAINT transfer_requests_gender_check CHECK (gender IN ('male', 'female', 'other', 'unknown')),
  status VARCHAR(32) DEFAULT 'requested' NOT NULL CONSTRAINT transfer_requests_status_check CHECK (status IN ('requested', 'accepted', 'declined', 'withdrawn', 'completed')),
  reason TEXT NOT NULL,
  handover TEXT NOT NULL,
  requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
  requested_by_id UUID NOT NULL,
  requested_by_name TEXT NOT NULL,
  answered_at TIMESTAMP WITH TIME ZONE,
  answered_by_id UUID,
  answered_by_name TEXT,
  answer_note TEXT,
  receiving_visit_id UUID,
  closed_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT transfer_requests_pkey PRIMARY KEY (id),
  CONSTRAINT transfer_requests_from_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(from_hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT transfer_requests_to_hospital_id_receiving_visit_id_fkey FOREIGN KEY(to_hospital_id, receiving_visit_id) REFERENCES visits (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT transfer_requests_between_two_check CHECK (to_hospital_id <> from_hospital_id),
  CONSTRAINT transfer_requests_handed_over_check CHECK (btrim(reason) <> '' AND btrim(handover) <> ''),
  CONSTRAINT transfer_requests_last_name_given_check CHECK (btrim(last_name) <> ''),
  CONSTRAINT transfer_requests_answered_together_check CHECK (num_nonnulls(answered_at, answered_by_id, answered_by_name) IN (0, 3)),
  CONSTRAINT transfer_requests_answer_is_named_check CHECK (status NOT IN ('accepted', 'declined', 'completed') OR answered_at IS NOT NULL),
  CONSTRAINT transfer_requests_accepted_has_visit_check CHECK ((receiving_visit_id IS NOT NULL) <= (answered_at IS NOT NULL) AND (status NOT IN ('accepted', 'completed') OR receiving_visit_id IS NOT NULL)),
  CONSTRAINT transfer_requests_declined_has_reason_check CHECK (status <> 'declined' OR btrim(COALESCE(answer_note, '')) <> ''),
  CONSTRAINT transfer_requests_closed_pair_check CHECK ((status IN ('withdrawn', 'completed')) = (closed_at IS NOT NULL)),
  CONSTRAINT transfer_requests_instants_finite_check CHECK (isfinite(requested_at) AND isfinite(answered_at) AND isfinite(closed_at)),
  CONSTRAINT transfer_requests_from_hospital_id_fkey FOREIGN KEY(from_hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT transfer_requests_to_hospital_id_fkey FOREIGN KEY(to_hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT transfer_requests_person_id_fkey FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE RESTRICT,
  CONSTRAINT transfer_requests_requested_by_id_fkey FOREIGN KEY(requested_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT transfer_requests_answered_by_id_fkey FOREIGN KEY(answered_by_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX transfer_requests_answered_by_id_idx ON transfer_requests (answered_by_id);
CREATE INDEX transfer_requests_from_hospital_id_patient_id_visit_id_idx ON transfer_requests (from_hospital_id, patient_id, visit_id);
CREATE INDEX transfer_requests_from_hospital_id_status_requested_at_idx ON transfer_requests (from_hospital_id, status, requested_at);
CREATE UNIQUE INDEX transfer_requests_one_open_key ON transfer_requests (visit_id) WHERE status IN ('requested', 'accepted');
CREATE INDEX transfer_requests_person_id_idx ON transfer_requests (person_id);
CREATE INDEX transfer_requests_requested_by_id_idx ON transfer_requests (requested_by_id);
CREATE INDEX transfer_requests_to_hospital_id_receiving_visit_id_idx ON transfer_requests (to_hospital_id, receiving_visit_id);
CREATE INDEX transfer_requests_to_hospital_id_status_requested_at_idx ON transfer_requests (to_hospital_id, status, requested_at);
COMMENT ON COLUMN transfer_requests.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN transfer_requests.from_hospital_id IS 'hospital that sends the patient';
COMMENT ON COLUMN transfer_requests.to_hospital_id IS 'hospital that is asked';
COMMENT ON COLUMN transfer_requests.patient_id IS 'the patient''s file at the sending hospital';
COMMENT ON COLUMN transfer_requests.visit_id IS 'the visit at the sending hospital';
COMMENT ON COLUMN transfer_requests.person_id IS 'the human being to be transferred';
COMMENT ON COLUMN transfer_requests.first_name IS 'given names, as the sender has them';
COMMENT ON COLUMN transfer_requests.last_name IS 'family name, as the sender has it';
COMMENT ON COLUMN transfer_requests.date_of_birth IS 'NULL = not known';
COMMENT ON COLUMN transfer_requests.gender IS 'FHIR AdministrativeGender';
COMMENT ON COLUMN transfer_requests.status IS 'moves by its machine';
COMMENT ON COLUMN transfer_requests.reason IS 'why the patient needs the other hospital';
COMMENT ON COLUMN transfer_requests.handover IS 'what the receiving clinicians must know';
COMMENT ON COLUMN transfer_requests.requested_at IS 'instant of the request';
COMMENT ON COLUMN transfer_requests.requested_by_id IS 'who asked';
COMMENT ON COLUMN transfer_requests.requested_by_name IS 'name of who asked, as signed';
COMMENT ON COLUMN transfer_requests.answered_at IS 'instant it was accepted or declined';
COMMENT ON COLUMN transfer_requests.answered_by_id IS 'accepting clinician, or who declined';
COMMENT ON COLUMN transfer_requests.answered_by_name IS 'name of who answered, as signed';
COMMENT ON COLUMN transfer_requests.answer_note IS 'what the receiver answers; why it declined';
COMMENT ON COLUMN transfer_requests.receiving_visit_id IS 'the visit that the receiving hospital opened';
COMMENT ON COLUMN transfer_requests.closed_at IS 'instant it was withdrawn or the patient left';
COMMENT ON COLUMN transfer_requests.created_at IS 'instant the row was written';
COMMENT ON COLUMN transfer_requests.updated_at IS 'instant of the last change, moved by trigger';
ALTER TABLE transfer_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE transfer_requests FORCE ROW LEVEL SECURITY;

CREATE POLICY staff ON discharge_summaries FOR ALL TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
CREATE POLICY sender ON transfer_requests FOR ALL TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND from_hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid)) WITH CHECK ((SELECT current_setting('hass.scope', true) = 'hospital') AND from_hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid) AND status IN ('requested', 'withdrawn', 'completed'));
CREATE POLICY receiver ON transfer_requests FOR SELECT TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND to_hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
CREATE POLICY answer ON transfer_requests FOR UPDATE TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND to_hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid)) WITH CHECK ((SELECT current_setting('hass.scope', true) = 'hospital') AND to_hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid) AND status IN ('accepted', 'declined'));
CREATE POLICY definer_cancel ON notifications FOR UPDATE TO hass_definer USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON discharge_summaries TO hass_app, hass_worker;
GRANT SELECT, INSERT, UPDATE (status, answered_at, answered_by_id, answered_by_name, answer_note, receiving_visit_id, closed_at) ON transfer_requests TO hass_app, hass_worker;
GRANT UPDATE (locked_at) ON emr_local TO hass_app, hass_worker;
GRANT UPDATE (acknowledged_at, acknowledged_by_id) ON lab_results TO hass_app, hass_worker;
GRANT SELECT (status), UPDATE (status) ON notifications TO hass_definer;
