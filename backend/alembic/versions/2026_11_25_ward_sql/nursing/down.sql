DROP TABLE escalations;
DROP TRIGGER vitals_once ON vitals;
ALTER TABLE vitals
  DROP COLUMN news2_total,
  DROP COLUMN news2_red,
  DROP COLUMN news2_state,
  DROP COLUMN next_due_at,
  DROP COLUMN late_reason,
  DROP COLUMN error_at,
  DROP COLUMN error_by_id,
  DROP COLUMN error_reason;
ALTER TABLE patients DROP COLUMN spo2_scale_reason;
