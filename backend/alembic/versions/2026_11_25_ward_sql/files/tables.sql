-- Alerts of a patient's file: what everybody at the bedside must know first (domain 5.4).
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
