DROP TABLE bed_cleanings;
DROP INDEX bed_assignments_hospital_id_released_at_idx;
DROP INDEX visits_hospital_id_discharge_date_idx;
ALTER TABLE bed_assignments DROP COLUMN ward, DROP COLUMN placement_reason;
ALTER TABLE beds DROP COLUMN bay, DROP COLUMN status_changed_at, DROP COLUMN out_of_use_reason;

CREATE OR REPLACE FUNCTION enforce_bed_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'occupied' AND NEW.status = 'occupied'
     AND (NEW.assigned_visit_id, NEW.assigned_at) IS DISTINCT FROM (OLD.assigned_visit_id, OLD.assigned_at) THEN
    RAISE EXCEPTION 'the bed is occupied' USING ERRCODE = 'check_violation', CONSTRAINT = 'beds_stay', TABLE = 'beds';
  END IF;
  IF OLD.status = 'reserved' AND NEW.status IN ('reserved', 'occupied')
     AND coalesce(NEW.assigned_visit_id, NEW.reserved_for_visit_id) IS DISTINCT FROM OLD.reserved_for_visit_id THEN
    RAISE EXCEPTION 'the bed is reserved for another visit'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'beds_stay', TABLE = 'beds';
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION keep_bed_history() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.status = 'occupied' AND NEW.status <> 'occupied' THEN
    UPDATE bed_assignments SET released_at = greatest(now(), assigned_at)
     WHERE hospital_id = OLD.hospital_id AND bed_id = OLD.id AND released_at IS NULL;
  ELSIF NEW.status = 'occupied' AND OLD.status <> 'occupied' THEN
    INSERT INTO bed_assignments (id, hospital_id, bed_id, patient_id, visit_id, assigned_at, assigned_by_id)
    VALUES (new_id(), NEW.hospital_id, NEW.id, NEW.assigned_patient_id, NEW.assigned_visit_id, NEW.assigned_at,
            nullif(current_setting('hass.user_id', true), '')::uuid);
  END IF;
  RETURN NULL;
END
$$;
