-- The doctor in charge follows the visit: from when it is open with one, until another follows or the visit ends.
-- With it ends all other care. A definer, since whoever moves a visit may not be let into the hospital's rows.
CREATE FUNCTION keep_care() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  is_open boolean := NEW.status IN ('active', 'on_leave');
  -- Not now(): a transaction may have waited for the visit while another changed its doctor.
  changed_at timestamptz := clock_timestamp();
BEGIN
  UPDATE care_assignments SET until_at = greatest(changed_at, from_at)
   WHERE visit_id = NEW.id AND until_at IS NULL
     AND (NOT is_open OR (role = 'attending' AND user_id IS DISTINCT FROM NEW.attending_doctor_id));
  IF is_open AND NEW.attending_doctor_id IS NOT NULL THEN
    INSERT INTO care_assignments (id, hospital_id, patient_id, visit_id, user_id, role, from_at, assigned_by_id)
    SELECT new_id(), NEW.hospital_id, NEW.patient_id, NEW.id, NEW.attending_doctor_id, 'attending', changed_at,
           nullif(current_setting('hass.user_id', true), '')::uuid
     WHERE NOT EXISTS (SELECT FROM care_assignments WHERE visit_id = NEW.id AND until_at IS NULL
                          AND role = 'attending');
  END IF;
  RETURN NULL;
END
$$;
