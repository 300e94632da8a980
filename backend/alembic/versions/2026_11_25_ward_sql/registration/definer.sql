-- At most five people of the network that the person before us may be, best first. Registration's one look past
-- its own hospital; names and year of birth only, and every call is in the trail. A number is the same number
-- whatever blanks and dashes it was written with.
CREATE OR REPLACE FUNCTION person_candidates(
  p_names text, p_born_on date, p_gender text, p_phone text, p_national_id text
) RETURNS TABLE (person_id uuid, name text, birth_year integer, gender text, hospital_name text, score numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  found_rows integer;
  number text := nullif(upper(regexp_replace(p_national_id, '[^A-Za-z0-9]', '', 'g')), '');
BEGIN
  -- Names that share half of their letters in threes; who is born on the same day is looked at under any name.
  PERFORM set_config('pg_trgm.similarity_threshold', '0.5', true);
  RETURN QUERY
  WITH likely AS (
    SELECT f.id FROM patients f WHERE p_names IS NOT NULL AND f.search_family_given % p_names
    UNION
    SELECT f.id FROM patients f JOIN person_identifiers n ON n.person_id = f.person_id
     WHERE n.plain_value = number
    UNION
    SELECT f.id FROM patients f WHERE f.date_of_birth = p_born_on
       AND (f.phone_digits = p_phone OR similarity(f.search_family_given, coalesce(p_names, '')) > 0.2)
  ), scored AS (
    SELECT DISTINCT ON (p.id) p.id, concat_ws(' ', p.first_name, p.last_name) AS full_name,
           extract(year FROM p.date_of_birth)::integer AS born, p.gender::text AS sex, h.name AS hospital,
           CASE WHEN EXISTS (SELECT FROM person_identifiers n WHERE n.person_id = p.id AND n.plain_value = number)
                THEN 1.0
                ELSE 0.5 * similarity(f.search_family_given, coalesce(p_names, ''))
                   + CASE WHEN p.date_of_birth = p_born_on THEN 0.3
                          WHEN extract(year FROM p.date_of_birth) = extract(year FROM p_born_on) THEN 0.1
                          -- Another day of another year, both told to the day: a namesake, unless more agrees. What is
                          -- known to the year only stands as 1 January.
                          WHEN f.date_of_birth_precision = 'day' AND to_char(p_born_on, 'MMDD') <> '0101'
                               AND to_char(p.date_of_birth, 'MMDD') <> to_char(p_born_on, 'MMDD') THEN -0.25
                          ELSE 0 END
                   + CASE WHEN f.phone_digits = p_phone THEN 0.12 ELSE 0 END
                   + CASE WHEN p.gender = p_gender THEN 0.05 ELSE 0 END
           END::numeric(4, 3) AS points
      FROM likely l JOIN patients f ON f.id = l.id JOIN persons p ON p.id = f.person_id
      JOIN hospitals h ON h.id = f.hospital_id
     WHERE p.merged_into_id IS NULL
     ORDER BY p.id, points DESC, h.name
  )
  SELECT s.id, s.full_name, s.born, s.sex, s.hospital, s.points FROM scored s
   WHERE s.points >= 0.35 ORDER BY s.points DESC, s.id LIMIT 5;
  GET DIAGNOSTICS found_rows = ROW_COUNT;
  PERFORM audit_event('E', '110112', 'persons', NULL, NULL, 0::smallint, NULL,
                      jsonb_build_object('search', 'person_candidates', 'names_given', p_names IS NOT NULL,
                                         'born_on_given', p_born_on IS NOT NULL,
                                         'national_id_given', p_national_id IS NOT NULL, 'found', found_rows));
END
$$;

-- What a hospital learns about a person whom it alone knows is true of the person; where another hospital keeps a file
-- too, the person stays as the network knows her. Returns whether the person changed.
CREATE FUNCTION person_correct(p_id uuid, p_first_name text, p_last_name text, p_date_of_birth date, p_gender text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  here uuid := nullif(current_setting('hass.hospital_id', true), '')::uuid;
BEGIN
  UPDATE persons p
     SET first_name = p_first_name, last_name = p_last_name, date_of_birth = p_date_of_birth, gender = p_gender
   WHERE p.id = p_id
     AND (p.first_name, p.last_name, p.date_of_birth, p.gender)
         IS DISTINCT FROM (p_first_name, p_last_name, p_date_of_birth, p_gender)
     AND EXISTS (SELECT FROM patients f WHERE f.person_id = p.id AND f.hospital_id = here)
     AND NOT EXISTS (SELECT FROM patients f WHERE f.person_id = p.id AND f.hospital_id <> here);
  RETURN FOUND;
END
$$;

-- A number that names a person of whom the hospital keeps a file. One that names another person is refused as taken,
-- however it was written there; one that she has already is no news.
CREATE FUNCTION person_identify(p_id uuid, p_type text, p_system text, p_value text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  plain text := upper(regexp_replace(p_value, '[^A-Za-z0-9]', '', 'g'));
BEGIN
  PERFORM FROM patients f
    WHERE f.person_id = p_id AND f.hospital_id = nullif(current_setting('hass.hospital_id', true), '')::uuid;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM FROM person_identifiers n
    WHERE n.plain_value = plain AND n.type = p_type AND n.system = p_system AND n.person_id <> p_id;
  IF FOUND THEN
    RAISE EXCEPTION 'the number names another person'
      USING ERRCODE = 'unique_violation', CONSTRAINT = 'person_identifiers_system_value_type_key',
            TABLE = 'person_identifiers';
  END IF;
  PERFORM FROM person_identifiers n
    WHERE n.plain_value = plain AND n.type = p_type AND n.system = p_system AND n.person_id = p_id;
  IF FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO person_identifiers (id, person_id, type, system, value)
  VALUES (new_id(), p_id, p_type, p_system, p_value);
  RETURN true;
END
$$;
