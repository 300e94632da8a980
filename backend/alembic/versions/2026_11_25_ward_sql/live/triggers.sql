-- What open pages are told of; access/live.py holds the same.
CREATE TRIGGER allergies_live_new AFTER INSERT ON allergies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER allergies_live_change AFTER UPDATE ON allergies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER appointments_live_new AFTER INSERT ON appointments REFERENCING NEW TABLE AS new_rows FOR EACH
  STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER appointments_live_change AFTER UPDATE ON appointments REFERENCING NEW TABLE AS new_rows FOR EACH
  STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER bed_assignments_live_new AFTER INSERT ON bed_assignments REFERENCING NEW TABLE AS new_rows FOR EACH
  STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER bed_assignments_live_change AFTER UPDATE ON bed_assignments REFERENCING NEW TABLE AS new_rows FOR
  EACH STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER beds_live_new AFTER INSERT ON beds REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE
  FUNCTION announce_rows();
CREATE TRIGGER beds_live_change AFTER UPDATE ON beds REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE
  FUNCTION announce_rows();
CREATE TRIGGER care_assignments_live_new AFTER INSERT ON care_assignments REFERENCING NEW TABLE AS new_rows FOR EACH
  STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER care_assignments_live_change AFTER UPDATE ON care_assignments REFERENCING NEW TABLE AS new_rows FOR
  EACH STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER diagnoses_live_new AFTER INSERT ON diagnoses REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER diagnoses_live_change AFTER UPDATE ON diagnoses REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER discharge_summaries_live_new AFTER INSERT ON discharge_summaries REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER discharge_summaries_live_change AFTER UPDATE ON discharge_summaries REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER escalations_live_new AFTER INSERT ON escalations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER escalations_live_change AFTER UPDATE ON escalations REFERENCING NEW TABLE AS new_rows FOR EACH
  STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER fluid_entries_live_new AFTER INSERT ON fluid_entries REFERENCING NEW TABLE AS new_rows FOR EACH
  STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER fluid_entries_live_change AFTER UPDATE ON fluid_entries REFERENCING NEW TABLE AS new_rows FOR EACH
  STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER handovers_live_new AFTER INSERT ON handovers REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER handovers_live_change AFTER UPDATE ON handovers REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER nurse_logs_live_new AFTER INSERT ON nurse_logs REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER nurse_logs_live_change AFTER UPDATE ON nurse_logs REFERENCING NEW TABLE AS new_rows FOR EACH
  STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER patient_alerts_live_new AFTER INSERT ON patient_alerts REFERENCING NEW TABLE AS new_rows FOR EACH
  STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER patient_alerts_live_change AFTER UPDATE ON patient_alerts REFERENCING NEW TABLE AS new_rows FOR EACH
  STATEMENT EXECUTE FUNCTION announce_rows();
CREATE TRIGGER patients_live_new AFTER INSERT ON patients REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER patients_live_change AFTER UPDATE ON patients REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER transfer_requests_live_new AFTER INSERT ON transfer_requests REFERENCING NEW TABLE AS new_rows FOR
  EACH STATEMENT EXECUTE FUNCTION announce_rows('from_hospital_id', 'to_hospital_id');
CREATE TRIGGER transfer_requests_live_change AFTER UPDATE ON transfer_requests REFERENCING NEW TABLE AS new_rows FOR
  EACH STATEMENT EXECUTE FUNCTION announce_rows('from_hospital_id', 'to_hospital_id');
CREATE TRIGGER visits_live_new AFTER INSERT ON visits REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE
  FUNCTION announce_rows();
CREATE TRIGGER visits_live_change AFTER UPDATE ON visits REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER vitals_live_new AFTER INSERT ON vitals REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE
  FUNCTION announce_rows();
CREATE TRIGGER vitals_live_change AFTER UPDATE ON vitals REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION announce_rows();
CREATE TRIGGER sessions_live AFTER UPDATE ON sessions FOR EACH ROW WHEN ((OLD.ended_at, OLD.locked_at) IS DISTINCT
  FROM (NEW.ended_at, NEW.locked_at)) EXECUTE FUNCTION announce_rights();
CREATE TRIGGER roles_live AFTER UPDATE ON roles FOR EACH ROW WHEN (OLD.permissions IS DISTINCT FROM NEW.permissions)
  EXECUTE FUNCTION announce_rights();
CREATE TRIGGER sessions_unattended BEFORE UPDATE ON sessions FOR EACH ROW WHEN (current_setting('hass.unattended',
  true) = 'on') EXECUTE FUNCTION skip_unattended_use();

-- No session setting switches one off.
ALTER TABLE allergies ENABLE ALWAYS TRIGGER allergies_live_new;
ALTER TABLE allergies ENABLE ALWAYS TRIGGER allergies_live_change;
ALTER TABLE appointments ENABLE ALWAYS TRIGGER appointments_live_new;
ALTER TABLE appointments ENABLE ALWAYS TRIGGER appointments_live_change;
ALTER TABLE bed_assignments ENABLE ALWAYS TRIGGER bed_assignments_live_new;
ALTER TABLE bed_assignments ENABLE ALWAYS TRIGGER bed_assignments_live_change;
ALTER TABLE beds ENABLE ALWAYS TRIGGER beds_live_new;
ALTER TABLE beds ENABLE ALWAYS TRIGGER beds_live_change;
ALTER TABLE care_assignments ENABLE ALWAYS TRIGGER care_assignments_live_new;
ALTER TABLE care_assignments ENABLE ALWAYS TRIGGER care_assignments_live_change;
ALTER TABLE diagnoses ENABLE ALWAYS TRIGGER diagnoses_live_new;
ALTER TABLE diagnoses ENABLE ALWAYS TRIGGER diagnoses_live_change;
ALTER TABLE discharge_summaries ENABLE ALWAYS TRIGGER discharge_summaries_live_new;
ALTER TABLE discharge_summaries ENABLE ALWAYS TRIGGER discharge_summaries_live_change;
ALTER TABLE escalations ENABLE ALWAYS TRIGGER escalations_live_new;
ALTER TABLE escalations ENABLE ALWAYS TRIGGER escalations_live_change;
ALTER TABLE fluid_entries ENABLE ALWAYS TRIGGER fluid_entries_live_new;
ALTER TABLE fluid_entries ENABLE ALWAYS TRIGGER fluid_entries_live_change;
ALTER TABLE handovers ENABLE ALWAYS TRIGGER handovers_live_new;
ALTER TABLE handovers ENABLE ALWAYS TRIGGER handovers_live_change;
ALTER TABLE nurse_logs ENABLE ALWAYS TRIGGER nurse_logs_live_new;
ALTER TABLE nurse_logs ENABLE ALWAYS TRIGGER nurse_logs_live_change;
ALTER TABLE patient_alerts ENABLE ALWAYS TRIGGER patient_alerts_live_new;
ALTER TABLE patient_alerts ENABLE ALWAYS TRIGGER patient_alerts_live_change;
ALTER TABLE patients ENABLE ALWAYS TRIGGER patients_live_new;
ALTER TABLE patients ENABLE ALWAYS TRIGGER patients_live_change;
ALTER TABLE transfer_requests ENABLE ALWAYS TRIGGER transfer_requests_live_new;
ALTER TABLE transfer_requests ENABLE ALWAYS TRIGGER transfer_requests_live_change;
ALTER TABLE visits ENABLE ALWAYS TRIGGER visits_live_new;
ALTER TABLE visits ENABLE ALWAYS TRIGGER visits_live_change;
ALTER TABLE vitals ENABLE ALWAYS TRIGGER vitals_live_new;
ALTER TABLE vitals ENABLE ALWAYS TRIGGER vitals_live_change;
ALTER TABLE sessions ENABLE ALWAYS TRIGGER sessions_live;
ALTER TABLE roles ENABLE ALWAYS TRIGGER roles_live;
ALTER TABLE sessions ENABLE ALWAYS TRIGGER sessions_unattended;
