-- Whose file it is (S28). A person has files at other hospitals, which only these functions see; each of them changes
-- files of the caller's hospital, a merge the other files of the same person too, and writes the journal.

-- Holds the people of these files, and one more, until the transaction ends; in the order of their keys, and ahead of
-- the files themselves, so that two hospitals that merge the same two people do not wait in a circle.
CREATE FUNCTION person_hold(p_files uuid[], p_person uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM FROM persons p
   WHERE p.id IN (SELECT f.person_id FROM patients f WHERE f.id = ANY (p_files)
                     AND f.hospital_id = nullif(current_setting('hass.hospital_id', true), '')::uuid)
      OR p.id = p_person
   ORDER BY p.id FOR UPDATE;
END
$$;

-- New files: none is of a person who was merged into another, and one that joins files of other hospitals stands in the
-- journal like every link. The foreign key holds each person by then, so that a merge is seen here or finds the file.
CREATE FUNCTION keep_new_files() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM FROM new_rows n JOIN persons p ON p.id = n.person_id WHERE p.merged_into_id IS NOT NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'the person was merged into another'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'patients_merged_person', TABLE = 'patients';
  END IF;
  INSERT INTO person_links (id, hospital_id, patient_id, act, to_person_id, reason, linked_at, linked_by_id)
  SELECT new_id(), n.hospital_id, n.id, 'register', n.person_id, 'A new file of somebody whom the network knows.',
         n.created_at, nullif(current_setting('hass.user_id', true), '')::uuid
    FROM new_rows n
   WHERE EXISTS (SELECT FROM patients f WHERE f.person_id = n.person_id AND f.hospital_id <> n.hospital_id);
  RETURN NULL;
END
$$;

-- The file is this person's too. Returns the person as she stands today; NULL where there is no such person or file.
CREATE FUNCTION person_link(p_id uuid, p_patient uuid, p_person uuid, p_reason text, p_at timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  in_hospital uuid := nullif(current_setting('hass.hospital_id', true), '')::uuid;
  before uuid;
  target uuid;
  moved jsonb := '[]';
BEGIN
  SELECT f.person_id INTO before FROM patients f
   WHERE f.id = p_patient AND f.hospital_id = in_hospital AND f.merged_into_id IS NULL FOR UPDATE;
  WITH RECURSIVE chain AS (
    SELECT p.id, p.merged_into_id FROM persons p WHERE p.id = p_person
    UNION
    SELECT p.id, p.merged_into_id FROM chain c JOIN persons p ON p.id = c.merged_into_id)
  SELECT c.id INTO target FROM chain c WHERE c.merged_into_id IS NULL;
  -- Held as the one that was asked for is, which may lead to another: a merge of this moment is waited for.
  SELECT p.id INTO target FROM persons p WHERE p.id = target AND p.merged_into_id IS NULL FOR UPDATE;
  IF before IS NULL OR target IS NULL OR before = target THEN
    RETURN CASE WHEN before IS NOT NULL THEN target END;
  END IF;
  UPDATE patients f SET person_id = target
   WHERE f.hospital_id = in_hospital AND f.person_id = before;
  IF NOT EXISTS (SELECT FROM patients f WHERE f.person_id = before) THEN
    WITH gone AS (UPDATE person_identifiers n SET person_id = target WHERE n.person_id = before RETURNING n.id)
    SELECT coalesce(jsonb_agg(g.id), '[]') INTO moved FROM gone g;
    UPDATE persons SET merged_into_id = target WHERE id = before;
  END IF;
  INSERT INTO person_links (id, hospital_id, patient_id, act, from_person_id, to_person_id, moved_identifiers, reason,
                            linked_at, linked_by_id)
  VALUES (p_id, in_hospital, p_patient, 'link', before, target, moved, p_reason, p_at,
          nullif(current_setting('hass.user_id', true), '')::uuid);
  RETURN target;
END
$$;

-- The file is of a person of its own again: of the one it was linked away from, where nothing else is left of her, else
-- of a new one. NULL where no other hospital has a file of its person.
CREATE FUNCTION person_unlink(p_id uuid, p_patient uuid, p_new uuid, p_reason text, p_at timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  in_hospital uuid := nullif(current_setting('hass.hospital_id', true), '')::uuid;
  file patients;
  last person_links;
  target uuid := p_new;
BEGIN
  SELECT f.* INTO file FROM patients f
   WHERE f.id = p_patient AND f.hospital_id = in_hospital AND f.merged_into_id IS NULL FOR UPDATE;
  IF NOT EXISTS (SELECT FROM patients f WHERE f.person_id = file.person_id AND f.hospital_id <> in_hospital) THEN
    RETURN NULL;
  END IF;
  SELECT l.* INTO last FROM person_links l
    JOIN persons p ON p.id = l.from_person_id AND p.merged_into_id = file.person_id
   WHERE l.patient_id = p_patient AND l.act = 'link' AND l.to_person_id = file.person_id
   ORDER BY l.linked_at DESC, l.id DESC LIMIT 1;
  IF last.id IS NOT NULL THEN
    target := last.from_person_id;
    UPDATE persons SET merged_into_id = NULL WHERE id = target;
    UPDATE person_identifiers n SET person_id = target
     WHERE n.person_id = file.person_id
       AND n.id IN (SELECT i.value::uuid FROM jsonb_array_elements_text(last.moved_identifiers) i);
  ELSE
    INSERT INTO persons (id, first_name, last_name, date_of_birth, gender)
    VALUES (target, file.first_name, file.last_name, file.date_of_birth, file.gender);
  END IF;
  UPDATE patients f SET person_id = target WHERE f.hospital_id = in_hospital AND f.person_id = file.person_id;
  INSERT INTO person_links (id, hospital_id, patient_id, act, from_person_id, to_person_id, reason, linked_at,
                            linked_by_id)
  VALUES (p_id, in_hospital, p_patient, 'unlink', file.person_id, target, p_reason, p_at,
          nullif(current_setting('hass.user_id', true), '')::uuid);
  RETURN target;
END
$$;

-- The two people of two merged files are one: her files of other hospitals go along, but where the survivor's person
-- has one of her own, which is that hospital's to merge. What was published and opened follows each file by its key.
CREATE FUNCTION person_merge(p_merge uuid, p_loser uuid, p_survivor uuid, p_reason text, p_at timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  in_hospital uuid := nullif(current_setting('hass.hospital_id', true), '')::uuid;
  caller uuid := nullif(current_setting('hass.user_id', true), '')::uuid;
  losing uuid := (SELECT f.person_id FROM patients f WHERE f.id = p_loser AND f.hospital_id = in_hospital);
  winning uuid := (SELECT f.person_id FROM patients f WHERE f.id = p_survivor AND f.hospital_id = in_hospital);
  moved jsonb := '[]';
BEGIN
  WITH gone AS (
    UPDATE patients f SET person_id = winning
     WHERE f.person_id = losing AND f.id <> p_loser
       AND (f.hospital_id = in_hospital OR NOT EXISTS (
            SELECT FROM patients s WHERE s.hospital_id = f.hospital_id AND s.person_id = winning
               AND s.merged_into_id IS NULL))
    RETURNING f.id, f.hospital_id)
  INSERT INTO person_links (id, hospital_id, patient_id, act, from_person_id, to_person_id, reason, linked_at,
                            linked_by_id, merge_id)
  SELECT new_id(), g.hospital_id, g.id, 'merge', losing, winning, p_reason, p_at, caller, p_merge FROM gone g;
  IF NOT EXISTS (SELECT FROM patients f WHERE f.person_id = losing AND f.id <> p_loser) THEN
    WITH gone AS (UPDATE person_identifiers n SET person_id = winning WHERE n.person_id = losing RETURNING n.id)
    SELECT coalesce(jsonb_agg(g.id), '[]') INTO moved FROM gone g;
    UPDATE persons SET merged_into_id = winning WHERE id = losing;
  END IF;
  UPDATE patients SET person_id = winning, merged_into_id = p_survivor, is_active = false
   WHERE id = p_loser AND hospital_id = in_hospital;
  INSERT INTO person_links (id, hospital_id, patient_id, act, from_person_id, to_person_id, moved_identifiers, reason,
                            linked_at, linked_by_id, merge_id)
  VALUES (new_id(), in_hospital, p_loser, 'merge', losing, winning, moved, p_reason, p_at, caller, p_merge);
END
$$;

-- The loser's file is of its own person again, with the files and numbers that went along and have not moved since.
CREATE FUNCTION person_unmerge(p_merge uuid, p_loser uuid, p_reason text, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  in_hospital uuid := nullif(current_setting('hass.hospital_id', true), '')::uuid;
  caller uuid := nullif(current_setting('hass.user_id', true), '')::uuid;
  own person_links;
  standing uuid := (SELECT f.person_id FROM patients f WHERE f.id = p_loser AND f.hospital_id = in_hospital);
BEGIN
  SELECT l.* INTO STRICT own FROM person_links l
   WHERE l.merge_id = p_merge AND l.patient_id = p_loser AND l.hospital_id = in_hospital AND l.act = 'merge';
  UPDATE persons SET merged_into_id = NULL WHERE id = own.from_person_id;
  UPDATE person_identifiers n SET person_id = own.from_person_id
   WHERE n.person_id = standing
     AND n.id IN (SELECT i.value::uuid FROM jsonb_array_elements_text(own.moved_identifiers) i);
  UPDATE patients SET person_id = own.from_person_id, merged_into_id = NULL, is_active = true
   WHERE id = p_loser AND hospital_id = in_hospital;
  WITH back AS (
    UPDATE patients f SET person_id = own.from_person_id
      FROM person_links l
     WHERE l.merge_id = p_merge AND l.act = 'merge' AND l.patient_id = f.id AND f.id <> p_loser
       AND f.person_id IN (own.to_person_id, standing)
    RETURNING f.id, f.hospital_id)
  INSERT INTO person_links (id, hospital_id, patient_id, act, from_person_id, to_person_id, reason, linked_at,
                            linked_by_id, merge_id)
  SELECT new_id(), b.hospital_id, b.id, 'undo', standing, own.from_person_id, p_reason, p_at, caller, p_merge
    FROM (SELECT b.id, b.hospital_id FROM back b UNION ALL SELECT p_loser, in_hospital) b;
END
$$;

-- The names of the other hospitals that keep a file of the person of this one; nothing else of those files.
CREATE FUNCTION person_elsewhere(p_patient uuid) RETURNS TABLE (name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT DISTINCT h.name
    FROM patients own JOIN patients f ON f.person_id = own.person_id AND f.hospital_id <> own.hospital_id
    JOIN hospitals h ON h.id = f.hospital_id
   WHERE own.id = p_patient AND own.hospital_id = nullif(current_setting('hass.hospital_id', true), '')::uuid
$$;
