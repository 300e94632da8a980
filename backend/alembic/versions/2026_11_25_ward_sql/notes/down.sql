DROP TRIGGER visits_care ON visits;
DROP TABLE care_assignments;
