-- Functions of hass_definer for admissions.

-- Who is named as the doctor is a doctor of that hospital. Argument: the column that names him. Past the policies,
-- which would hide a user of another hospital and so let him pass as unknown; the foreign key refuses who is nobody.
CREATE FUNCTION ask_for_a_doctor() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  named uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
BEGIN
  IF named IS NOT NULL
     AND (TG_OP = 'INSERT' OR named IS DISTINCT FROM (to_jsonb(OLD) ->> TG_ARGV[0])::uuid)
     AND EXISTS (SELECT FROM users u JOIN roles r ON r.id = u.role_id
                  WHERE u.id = named AND (r.name <> 'doctor' OR u.hospital_id IS DISTINCT FROM NEW.hospital_id)) THEN
    RAISE EXCEPTION 'the user is no doctor of this hospital'
      USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_doctor', TABLE = TG_TABLE_NAME,
            COLUMN = TG_ARGV[0];
  END IF;
  RETURN NULL;
END
$$;

-- Where a hospital's own people may send a patient: the other open hospitals of the network, by name.
CREATE FUNCTION transfer_hospitals() RETURNS TABLE (id uuid, code text, name text, region text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT h.id, h.code, h.name, r.name FROM hospitals h JOIN regions r ON r.id = h.region_id
   WHERE h.is_active AND current_setting('hass.scope', true) = 'hospital'
     AND h.id <> nullif(current_setting('hass.hospital_id', true), '')::uuid
   ORDER BY r.name, h.name, h.id
$$;

-- The dead are reminded of nothing: messages that wait for the patient are cancelled, whichever hospital made them.
-- Only for a patient of the caller's hospital who is recorded as dead. Returns how many.
CREATE FUNCTION cancel_reminders(p_patient uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  cancelled integer;
BEGIN
  UPDATE notifications SET status = 'cancelled'
   WHERE status = 'pending' AND recipient_user_id IN (
     SELECT f.user_id FROM patients p JOIN patients f ON f.person_id = p.person_id
      WHERE p.id = p_patient AND p.is_deceased AND current_setting('hass.scope', true) = 'hospital'
        AND p.hospital_id = nullif(current_setting('hass.hospital_id', true), '')::uuid);
  GET DIAGNOSTICS cancelled = ROW_COUNT;
  RETURN cancelled;
END
$$;
