DROP TRIGGER visits_care ON visits;
DROP TABLE care_assignments, handovers, fluid_entries;
DROP TRIGGER nurse_logs_once ON nurse_logs;
DROP TRIGGER nurse_logs_fixed ON nurse_logs;
CREATE TRIGGER nurse_logs_fixed BEFORE UPDATE ON nurse_logs FOR EACH ROW EXECUTE FUNCTION refuse_fixed_columns('id', 'created_at', 'source', 'hospital_id', 'patient_id');
ALTER TABLE nurse_logs ENABLE ALWAYS TRIGGER nurse_logs_fixed;
REVOKE UPDATE (status, entered_in_error_at, entered_in_error_by_id, entered_in_error_reason) ON nurse_logs FROM hass_app, hass_worker;
GRANT UPDATE ON nurse_logs TO hass_app, hass_worker;
ALTER TABLE nurse_logs
  DROP COLUMN late_reason,
  DROP COLUMN amends_id,
  DROP COLUMN amend_reason,
  DROP COLUMN entered_in_error_at,
  DROP COLUMN entered_in_error_by_id,
  DROP COLUMN entered_in_error_reason,
  DROP CONSTRAINT nurse_logs_hospital_id_patient_id_id_key;
DROP INDEX nurse_logs_incidents_idx;
