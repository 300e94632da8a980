DROP TABLE patient_alerts;
