-- An occupied bed keeps its visit until it is left; a reserved one takes the visit it was reserved for. Every state
-- knows since when it is: the act says so, else the present.
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
  IF NEW.status <> OLD.status AND NEW.status_changed_at = OLD.status_changed_at THEN
    NEW.status_changed_at := now();
  END IF;
  RETURN NEW;
END
$$;

-- The stay that nobody has ended ends now; the one that begins remembers the ward, which may be renamed or rebuilt.
CREATE OR REPLACE FUNCTION keep_bed_history() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.status = 'occupied' AND NEW.status <> 'occupied' THEN
    UPDATE bed_assignments SET released_at = greatest(NEW.status_changed_at, assigned_at)
     WHERE hospital_id = OLD.hospital_id AND bed_id = OLD.id AND released_at IS NULL;
  ELSIF NEW.status = 'occupied' AND OLD.status <> 'occupied' THEN
    INSERT INTO bed_assignments (id, hospital_id, bed_id, patient_id, visit_id, assigned_at, assigned_by_id, ward)
    VALUES (new_id(), NEW.hospital_id, NEW.id, NEW.assigned_patient_id, NEW.assigned_visit_id, NEW.assigned_at,
            nullif(current_setting('hass.user_id', true), '')::uuid, NEW.ward);
  END IF;
  RETURN NULL;
END
$$;
