RESET ROLE;
GRANT CREATE ON SCHEMA public TO hass_definer;
SET ROLE hass_definer;
CREATE OR REPLACE FUNCTION person_candidates(
  p_names text, p_born_on date, p_gender text, p_phone text, p_national_id text
) RETURNS TABLE (person_id uuid, name text, birth_year integer, gender text, hospital_name text, score numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  found_rows integer;
BEGIN
  RETURN QUERY
  WITH likely AS (
    SELECT f.id FROM patients f WHERE p_names IS NOT NULL
       AND (f.search_family_given % p_names OR f.search_given_family % p_names)
    UNION
    SELECT f.id FROM patients f JOIN person_identifiers n ON n.person_id = f.person_id
     WHERE n.value = p_national_id
    UNION
    SELECT f.id FROM patients f WHERE f.phone_digits = p_phone AND f.date_of_birth = p_born_on
  ), scored AS (
    SELECT DISTINCT ON (p.id) p.id, concat_ws(' ', p.first_name, p.last_name) AS full_name,
           extract(year FROM p.date_of_birth)::integer AS born, p.gender::text AS sex, h.name AS hospital,
           CASE WHEN EXISTS (SELECT FROM person_identifiers n WHERE n.person_id = p.id AND n.value = p_national_id)
                THEN 1.0
                ELSE 0.5 * greatest(similarity(f.search_family_given, coalesce(p_names, '')),
                                    similarity(f.search_given_family, coalesce(p_names, '')))
                   + CASE WHEN p.date_of_birth = p_born_on THEN 0.3
                          WHEN extract(year FROM p.date_of_birth) = extract(year FROM p_born_on) THEN 0.1 ELSE 0 END
                   + CASE WHEN f.phone_digits = p_phone THEN 0.12 ELSE 0 END
                   + CASE WHEN p.gender = p_gender THEN 0.05 ELSE 0 END
           END::numeric(4, 3) AS points
      FROM likely l JOIN patients f ON f.id = l.id JOIN persons p ON p.id = f.person_id
      JOIN hospitals h ON h.id = f.hospital_id
     WHERE p.merged_into_id IS NULL
     ORDER BY p.id, points DESC
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
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM hass_definer;
SET ROLE hass_owner;
CREATE INDEX patients_search_given_family_trgm_idx ON patients USING gin (search_given_family gin_trgm_ops);
DROP INDEX patients_date_of_birth_phone_digits_idx;
DROP INDEX person_identifiers_plain_value_idx;
ALTER TABLE person_identifiers DROP COLUMN plain_value;
ALTER TABLE patients DROP CONSTRAINT patients_identity_note_given_check;
ALTER TABLE patients DROP COLUMN identity_note;
ALTER TABLE patients DROP COLUMN is_unknown;
