ALTER TABLE patients
  ADD COLUMN spo2_scale_reason TEXT,
  ADD CONSTRAINT patients_spo2_scale_reason_given_check CHECK (btrim(spo2_scale_reason) <> '');
COMMENT ON COLUMN patients.spo2_scale_reason IS 'why that scale, in the doctor''s words';

-- What a set was scored as when it was recorded; sets that were there before have none and are scored when read.
ALTER TABLE vitals
  ADD COLUMN news2_total SMALLINT,
  ADD COLUMN news2_red BOOLEAN,
  ADD COLUMN news2_state VARCHAR(32) CONSTRAINT vitals_news2_state_check CHECK (news2_state IN ('complete', 'incomplete', 'under_16', 'pregnant')),
  ADD COLUMN next_due_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN late_reason TEXT,
  ADD COLUMN error_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN error_by_id UUID,
  ADD COLUMN error_reason TEXT,
  ADD CONSTRAINT vitals_news2_total_range_check CHECK (news2_total BETWEEN 0 AND 20),
  ADD CONSTRAINT vitals_news2_scored_check CHECK ((news2_total IS NOT NULL) = (COALESCE(news2_state, '') = 'complete') AND (news2_red IS NOT NULL) = (COALESCE(news2_state, '') IN ('complete', 'incomplete'))),
  ADD CONSTRAINT vitals_next_due_later_check CHECK (next_due_at >= recorded_at),
  ADD CONSTRAINT vitals_late_reason_given_check CHECK (btrim(late_reason) <> ''),
  ADD CONSTRAINT vitals_error_told_check CHECK (num_nonnulls(error_at, error_by_id, error_reason) IN (0, 3) AND (error_at IS NULL OR status = 'entered_in_error') AND btrim(error_reason) <> ''),
  ADD CONSTRAINT vitals_error_by_id_fkey FOREIGN KEY(error_by_id) REFERENCES users (id) ON DELETE RESTRICT;
CREATE INDEX vitals_error_by_id_idx ON vitals (error_by_id) WHERE error_by_id IS NOT NULL;
COMMENT ON COLUMN vitals.news2_total IS 'NEWS2, 0 to 20 points; NULL = no total (news2_state says why)';
COMMENT ON COLUMN vitals.news2_red IS 'true = a single parameter scores 3';
COMMENT ON COLUMN vitals.news2_state IS 'why there is a total or none; NULL = imported';
COMMENT ON COLUMN vitals.next_due_at IS 'instant the next set is due, from the score; NULL = imported';
COMMENT ON COLUMN vitals.late_reason IS 'why it was entered more than 24 hours after it was measured, or after the visit had ended';
COMMENT ON COLUMN vitals.error_at IS 'instant it was struck out';
COMMENT ON COLUMN vitals.error_by_id IS 'who struck it out';
COMMENT ON COLUMN vitals.error_reason IS 'why it was struck out or amended, in words';
GRANT UPDATE (error_at, error_by_id, error_reason) ON vitals TO hass_app, hass_worker;

CREATE TABLE escalations (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  vitals_id UUID NOT NULL,
  risk VARCHAR(32) NOT NULL CONSTRAINT escalations_risk_check CHECK (risk IN ('low-medium', 'medium', 'high')),
  score SMALLINT,
  status VARCHAR(32) DEFAULT 'raised' NOT NULL CONSTRAINT escalations_status_check CHECK (status IN ('raised', 'acknowledged', 'superseded', 'closed')),
  level VARCHAR(32) NOT NULL CONSTRAINT escalations_level_check CHECK (level IN ('nurse', 'doctor', 'manager')),
  raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
  climbs_at TIMESTAMP WITH TIME ZONE,
  acknowledged_at TIMESTAMP WITH TIME ZONE,
  acknowledged_by_id UUID,
  answer TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT escalations_pkey PRIMARY KEY (id),
  CONSTRAINT escalations_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT escalations_hospital_id_patient_id_vitals_id_fkey FOREIGN KEY(hospital_id, patient_id, vitals_id) REFERENCES vitals (hospital_id, patient_id, id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT escalations_score_range_check CHECK (score BETWEEN 0 AND 20),
  CONSTRAINT escalations_acknowledged_pair_check CHECK ((status = 'acknowledged') = (acknowledged_at IS NOT NULL) AND (acknowledged_at IS NULL) = (acknowledged_by_id IS NULL)),
  CONSTRAINT escalations_waiting_climbs_check CHECK (climbs_at IS NULL OR (status = 'raised' AND level <> 'manager')),
  CONSTRAINT escalations_answer_given_check CHECK (answer IS NULL OR (acknowledged_at IS NOT NULL AND btrim(answer) <> '')),
  CONSTRAINT escalations_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT escalations_acknowledged_by_id_fkey FOREIGN KEY(acknowledged_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX escalations_acknowledged_by_id_idx ON escalations (acknowledged_by_id);
CREATE INDEX escalations_climbs_at_idx ON escalations (climbs_at) WHERE status = 'raised';
CREATE INDEX escalations_hospital_id_patient_id_visit_id_idx ON escalations (hospital_id, patient_id, visit_id);
CREATE INDEX escalations_hospital_id_patient_id_vitals_id_idx ON escalations (hospital_id, patient_id, vitals_id);
CREATE INDEX escalations_hospital_id_status_raised_at_idx ON escalations (hospital_id, status, raised_at);
CREATE UNIQUE INDEX escalations_one_raised_key ON escalations (hospital_id, visit_id) WHERE status = 'raised';
CREATE INDEX escalations_visit_id_idx ON escalations (visit_id, raised_at DESC);
COMMENT ON COLUMN escalations.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN escalations.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN escalations.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN escalations.visit_id IS 'the visit it belongs to';
COMMENT ON COLUMN escalations.vitals_id IS 'the set whose score raised it';
COMMENT ON COLUMN escalations.risk IS 'NEWS2, chart 4';
COMMENT ON COLUMN escalations.score IS 'NEWS2 of that set; NULL = a single 3 in an incomplete set';
COMMENT ON COLUMN escalations.status IS 'raised, acknowledged, superseded by a worse score, closed with the visit; moves by its machine';
COMMENT ON COLUMN escalations.level IS 'how far it has climbed: whoever stands up to there was told';
COMMENT ON COLUMN escalations.raised_at IS 'instant it was raised';
COMMENT ON COLUMN escalations.climbs_at IS 'instant it climbs one step further; NULL = it climbs no more';
COMMENT ON COLUMN escalations.acknowledged_at IS 'instant somebody took it on';
COMMENT ON COLUMN escalations.acknowledged_by_id IS 'who took it on';
COMMENT ON COLUMN escalations.answer IS 'what was done, in words';
COMMENT ON COLUMN escalations.created_at IS 'instant the row was written';
COMMENT ON COLUMN escalations.updated_at IS 'instant of the last change, moved by trigger';
ALTER TABLE escalations ENABLE ROW LEVEL SECURITY;
ALTER TABLE escalations FORCE ROW LEVEL SECURITY;
CREATE POLICY staff ON escalations FOR ALL TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON escalations TO hass_app, hass_worker;
