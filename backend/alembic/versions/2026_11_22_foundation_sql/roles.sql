-- The four roles of the cluster. They outlive the database, so a role that is there already is a success, and
-- databases of one cluster may be migrated at the same time.
DO $roles$
DECLARE
  wanted text;
  app_login text := nullif(current_setting('hass.app_login', true), '');
  grants text[] := ARRAY[format('GRANT hass_owner, hass_definer TO %I', current_user)];
  one_grant text;
  -- From PostgreSQL 16 whoever makes a role is its member at once, but may not act as it until that is granted.
  acting text := CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['hass_owner', 'hass_app', 'hass_worker', 'hass_definer'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END IF;
  END LOOP;
  IF pg_has_role(current_user, 'hass_owner', acting) AND pg_has_role(current_user, 'hass_definer', acting)
     AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    grants := '{}';
  END IF;
  IF app_login IS NOT NULL AND NOT (
    EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles l ON l.oid = m.member
            WHERE r.rolname = 'hass_app' AND l.rolname = app_login)
    AND EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles l ON l.oid = m.member
            WHERE r.rolname = 'hass_worker' AND l.rolname = app_login)) THEN
    grants := grants || format('GRANT hass_app, hass_worker TO %I', app_login);
  END IF;
  FOREACH one_grant IN ARRAY grants LOOP
    FOR attempt IN 1..20 LOOP
      BEGIN
        EXECUTE one_grant;
        EXIT;
      EXCEPTION WHEN internal_error OR unique_violation THEN
        -- "tuple concurrently updated": another database of this cluster is granting the same.
        IF attempt = 20 THEN RAISE; END IF;
        PERFORM pg_sleep(0.05 * attempt);
      END;
    END LOOP;
  END LOOP;
END
$roles$;

CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

GRANT USAGE, CREATE ON SCHEMA public TO hass_owner;
-- CREATE only while a migration runs; the migration's end takes it back.
GRANT USAGE, CREATE ON SCHEMA public TO hass_definer;
GRANT USAGE ON SCHEMA public TO hass_app, hass_worker;
ALTER TABLE alembic_version OWNER TO hass_owner;
