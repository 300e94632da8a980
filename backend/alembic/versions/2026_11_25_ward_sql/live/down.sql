-- The queue and the events go with their schema; the triggers before their functions.
DROP TRIGGER allergies_live_new ON allergies;
DROP TRIGGER allergies_live_change ON allergies;
DROP TRIGGER beds_live_new ON beds;
DROP TRIGGER beds_live_change ON beds;
DROP TRIGGER diagnoses_live_new ON diagnoses;
DROP TRIGGER diagnoses_live_change ON diagnoses;
DROP TRIGGER nurse_logs_live_new ON nurse_logs;
DROP TRIGGER nurse_logs_live_change ON nurse_logs;
DROP TRIGGER patients_live_new ON patients;
DROP TRIGGER patients_live_change ON patients;
DROP TRIGGER visits_live_new ON visits;
DROP TRIGGER visits_live_change ON visits;
DROP TRIGGER vitals_live_new ON vitals;
DROP TRIGGER vitals_live_change ON vitals;
DROP TRIGGER sessions_live ON sessions;
DROP TRIGGER roles_live ON roles;
DROP TRIGGER sessions_unattended ON sessions;
DROP SCHEMA jobs CASCADE;
