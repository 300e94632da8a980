-- Functions of hass_definer for the global record and emergency access.

-- What a hospital is called: a record of another hospital says where it comes from. Any staff may know.
CREATE FUNCTION hospital_label(p_hospital uuid) RETURNS TABLE (name text, code text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT h.name, h.code FROM hospitals h
   WHERE h.id = p_hospital AND current_setting('hass.scope', true) IN ('hospital', 'self')
$$;

-- Who opened the caller's own record in an emergency. A patient sees no other row of users than his own.
CREATE FUNCTION grant_holder(p_user uuid) RETURNS TABLE (name text, role_title text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT concat_ws(' ', u.title, u.first_name, u.last_name), r.display_name
    FROM users u JOIN roles r ON r.id = u.role_id
   WHERE u.id = p_user AND current_setting('hass.scope', true) = 'self'
     AND EXISTS (SELECT FROM access_grants g
                  WHERE g.user_id = p_user
                    AND g.person_id = nullif(current_setting('hass.person_id', true), '')::uuid)
$$;
