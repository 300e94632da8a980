-- Functions of hass_definer about passwords, sign-ins and their end.

-- Trigger of users: what a sign-in was given on no longer holds, so every one ends at once, by whatever means the row
-- was changed; links by e-mail go with them.
CREATE FUNCTION end_sign_ins() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  reason text := CASE
    WHEN NEW.is_deleted AND NOT OLD.is_deleted THEN 'deleted'
    WHEN OLD.is_active AND NOT NEW.is_active THEN 'disabled'
    WHEN (NEW.password_hash, NEW.password_changed_at) IS DISTINCT FROM (OLD.password_hash, OLD.password_changed_at)
      THEN 'password_changed'
    WHEN NEW.role_id <> OLD.role_id THEN 'role_changed'
    WHEN (NEW.region_id, NEW.hospital_id) IS DISTINCT FROM (OLD.region_id, OLD.hospital_id) THEN 'moved' END;
BEGIN
  IF reason IS NOT NULL THEN
    UPDATE sessions SET ended_at = now(), end_reason = reason WHERE user_id = NEW.id AND ended_at IS NULL;
  END IF;
  IF reason IN ('deleted', 'disabled', 'password_changed') OR NEW.email IS DISTINCT FROM OLD.email THEN
    UPDATE password_links SET closed_at = now(), close_reason = 'account_changed'
     WHERE user_id = NEW.id AND closed_at IS NULL;
  END IF;
  RETURN NULL;
END
$$;

-- A link that sets a password once; the one before it closes. No row where the account has no login that works.
CREATE FUNCTION password_link_make(
  p_id uuid, p_user_id uuid, p_purpose text, p_token_hash text, p_expires_at timestamptz
) RETURNS TABLE (email text, first_name text, last_name text, hospital_name text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  -- Locked: two links asked for at once come one after the other.
  PERFORM FROM users u WHERE u.id = p_user_id AND u.is_active AND NOT u.is_deleted AND u.email IS NOT NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE password_links l SET closed_at = now(), close_reason = 'replaced'
   WHERE l.user_id = p_user_id AND l.closed_at IS NULL;
  INSERT INTO password_links (id, user_id, purpose, token_hash, expires_at)
  VALUES (p_id, p_user_id, p_purpose, p_token_hash, p_expires_at);
  RETURN QUERY SELECT u.email::text, u.first_name, u.last_name, h.name
    FROM users u LEFT JOIN hospitals h ON h.id = u.hospital_id WHERE u.id = p_user_id;
END
$$;

-- Whose open link it is, and the words that must not be the password; no row for any other.
CREATE FUNCTION password_link_find(p_token_hash text)
RETURNS TABLE (user_id uuid, purpose text, email text, first_name text, last_name text, hospital_name text,
               region_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.id, l.purpose::text, u.email::text, u.first_name, u.last_name, h.name, g.name
    FROM password_links l JOIN users u ON u.id = l.user_id
    LEFT JOIN hospitals h ON h.id = u.hospital_id LEFT JOIN regions g ON g.id = u.region_id
   WHERE l.token_hash = p_token_hash AND l.closed_at IS NULL AND l.expires_at > clock_timestamp()
     AND u.is_active AND NOT u.is_deleted
$$;

-- Sets the password of an open link's user and closes the link; NULL where it has been used, replaced or lapsed.
CREATE FUNCTION password_link_use(
  p_token_hash text, p_password_hash text, p_request_id text, p_address inet, p_agent text
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  owner uuid;
BEGIN
  SELECT l.user_id INTO owner FROM password_links l JOIN users u ON u.id = l.user_id
   WHERE l.token_hash = p_token_hash AND l.closed_at IS NULL AND l.expires_at > clock_timestamp()
     AND u.is_active AND NOT u.is_deleted
     FOR UPDATE OF l;
  IF owner IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('hass.user_id', owner::text, true), set_config('hass.act', 'set_password', true),
          set_config('hass.request_id', coalesce(p_request_id, ''), true),
          set_config('hass.address', coalesce(host(p_address), ''), true),
          set_config('hass.agent', coalesce(p_agent, ''), true);
  UPDATE password_links SET closed_at = now(), close_reason = 'used' WHERE token_hash = p_token_hash;
  UPDATE users SET password_hash = p_password_hash, password_changed_at = now() WHERE id = owner;
  RETURN owner;
END
$$;

-- The caller's own password; his sign-ins end with it (end_sign_ins).
CREATE FUNCTION password_change(p_password_hash text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE users SET password_hash = p_password_hash, password_changed_at = now()
   WHERE id = nullif(current_setting('hass.user_id', true), '')::uuid
$$;

-- Takes one attempt to sign in, before the password is looked at: counted as failed until it has succeeded, so that
-- many at once cannot share one count. Returns the seconds to wait, 0 to go on. The keys are hashes of what was typed:
-- an account that does not exist waits like one that does.
-- Account: from the 5th failure 30 seconds, doubling, at most 15 minutes; forgotten after a quiet day.
-- Address: many share one, so from the 100th on, 30 seconds, doubling, at most 5 minutes; one is forgotten a minute.
CREATE FUNCTION sign_in_admit(
  p_account text, p_from text, p_request_id text, p_address inet, p_agent text
) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  present timestamptz := clock_timestamp();
  until timestamptz;
BEGIN
  PERFORM set_config('hass.act', 'sign_in', true), set_config('hass.request_id', coalesce(p_request_id, ''), true),
          set_config('hass.address', coalesce(host(p_address), ''), true),
          set_config('hass.agent', coalesce(p_agent, ''), true);
  IF p_from IS NOT NULL THEN
    INSERT INTO sign_in_delays AS d (id, kind, key_hash, failures, last_failed_at)
    VALUES (new_id(), 'address', p_from, 1, present)
        ON CONFLICT (kind, key_hash) DO UPDATE SET (failures, last_failed_at, next_attempt_at) = (
             SELECT n.failures, present, CASE WHEN n.failures >= 100 THEN
                    present + least(interval '30 seconds' * 2 ^ least(n.failures - 100, 10), interval '5 minutes') END
               FROM (SELECT 1 + greatest(
                       0, d.failures - floor(extract(epoch FROM present - d.last_failed_at) / 60)::integer) AS failures) n)
         WHERE d.next_attempt_at IS NULL OR d.next_attempt_at <= present;
    IF NOT FOUND THEN
      SELECT d.next_attempt_at INTO until FROM sign_in_delays d WHERE d.kind = 'address' AND d.key_hash = p_from;
      RETURN greatest(1, ceil(extract(epoch FROM until - present)));
    END IF;
  END IF;
  INSERT INTO sign_in_delays AS d (id, kind, key_hash, failures, last_failed_at)
  VALUES (new_id(), 'account', p_account, 1, present)
      ON CONFLICT (kind, key_hash) DO UPDATE SET (failures, last_failed_at, next_attempt_at) = (
           SELECT n.failures, present, CASE WHEN n.failures >= 5 THEN
                  present + least(interval '30 seconds' * 2 ^ least(n.failures - 5, 10), interval '15 minutes') END
             FROM (SELECT 1 + CASE WHEN d.last_failed_at < present - interval '1 day' THEN 0
                                   ELSE d.failures END AS failures) n)
       WHERE d.next_attempt_at IS NULL OR d.next_attempt_at <= present;
  IF NOT FOUND THEN
    SELECT d.next_attempt_at INTO until FROM sign_in_delays d WHERE d.kind = 'account' AND d.key_hash = p_account;
    RETURN greatest(1, ceil(extract(epoch FROM until - present)));
  END IF;
  RETURN 0;
END
$$;

-- The attempt was no failure: the account starts anew, the address gets this one back.
CREATE FUNCTION sign_in_succeeded(p_account text, p_from text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE sign_in_delays SET failures = greatest(0, failures - 1),
                            next_attempt_at = CASE WHEN failures > 100 THEN next_attempt_at END
   WHERE kind = 'address' AND key_hash = p_from;
  UPDATE sign_in_delays SET failures = 0, next_attempt_at = NULL WHERE kind = 'account' AND key_hash = p_account;
END
$$;

-- Whose page a cookie belongs to, locked or not; no row once the sign-in has ended.
CREATE FUNCTION session_of_cookie(p_cookie_hash text)
RETURNS TABLE (session_id uuid, user_id uuid, email text, first_name text, last_name text, title text, role_title text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT s.id, u.id, u.email::text, u.first_name, u.last_name, u.title, r.display_name
    FROM sessions s JOIN users u ON u.id = s.user_id JOIN roles r ON r.id = u.role_id
   WHERE s.cookie_hash = p_cookie_hash AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
     AND u.is_active AND NOT u.is_deleted
     AND (u.password_changed_at IS NULL OR s.created_at >= u.password_changed_at)
$$;

CREATE FUNCTION session_lock(p_session uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE sessions SET locked_at = now() WHERE id = p_session AND ended_at IS NULL
     AND user_id = nullif(current_setting('hass.user_id', true), '')::uuid;
  RETURN FOUND;
END
$$;

-- Opens a locked page for the user whose it is, under a new cookie; false where it has ended or is another's.
CREATE FUNCTION session_unlock(
  p_session uuid, p_user uuid, p_cookie_hash text, p_request_id text, p_address inet, p_agent text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM set_config('hass.user_id', p_user::text, true), set_config('hass.act', 'unlock', true),
          set_config('hass.request_id', coalesce(p_request_id, ''), true),
          set_config('hass.address', coalesce(host(p_address), ''), true),
          set_config('hass.agent', coalesce(p_agent, ''), true);
  UPDATE sessions SET locked_at = NULL, last_used_at = clock_timestamp(), cookie_hash = p_cookie_hash
   WHERE id = p_session AND user_id = p_user AND ended_at IS NULL AND expires_at > clock_timestamp();
  RETURN FOUND;
END
$$;

-- Somebody else signed in on the same computer: the page that was left there ends.
CREATE FUNCTION session_leave(p_session uuid, p_user uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE sessions SET ended_at = now(), end_reason = 'switched_user'
   WHERE id = p_session AND user_id = p_user AND ended_at IS NULL
$$;

-- The caller's other sign-ins; returns how many ended.
CREATE FUNCTION session_end_others(p_keep uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  ended integer;
BEGIN
  UPDATE sessions SET ended_at = now(), end_reason = 'ended_by_other'
   WHERE id <> p_keep AND ended_at IS NULL AND user_id = nullif(current_setting('hass.user_id', true), '')::uuid;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END
$$;

-- Whether a user is within the reach of the caller, as the policies of users have it.
CREATE FUNCTION user_in_reach(p_user uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM users u WHERE u.id = p_user AND CASE current_setting('hass.scope', true)
    WHEN 'network' THEN true
    WHEN 'region' THEN u.region_id = nullif(current_setting('hass.region_id', true), '')::uuid
    WHEN 'hospital' THEN u.hospital_id = nullif(current_setting('hass.hospital_id', true), '')::uuid
    ELSE false END)
$$;

-- The living sign-ins of another user within the caller's reach, the newest first.
CREATE FUNCTION sessions_in_reach(p_user uuid)
RETURNS TABLE (id uuid, is_page boolean, created_at timestamptz, last_used_at timestamptz, expires_at timestamptz,
               ip_address text, user_agent text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT s.id, s.cookie_hash IS NOT NULL, s.created_at, s.last_used_at, s.expires_at, host(s.ip_address), s.user_agent
    FROM sessions s
   WHERE s.user_id = p_user AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
     AND (user_in_reach(p_user) OR p_user = nullif(current_setting('hass.user_id', true), '')::uuid)
   ORDER BY s.created_at DESC, s.id
$$;

-- Ends sign-ins of another user within the caller's reach, one or (p_session NULL) all; returns how many ended.
CREATE FUNCTION session_end_in_reach(p_user uuid, p_session uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  ended integer;
BEGIN
  UPDATE sessions s SET ended_at = now(), end_reason = 'ended_by_other'
   WHERE s.user_id = p_user AND s.ended_at IS NULL AND (p_session IS NULL OR s.id = p_session)
     AND user_in_reach(p_user);
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END
$$;

-- What was sent from a page that had locked itself meanwhile is kept for its author; it is not carried out.
CREATE FUNCTION form_draft_keep(p_cookie_hash text, p_page text, p_form text, p_fields jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  author uuid := (SELECT c.user_id FROM session_of_cookie(p_cookie_hash) c);
BEGIN
  IF author IS NOT NULL THEN
    PERFORM set_config('hass.user_id', author::text, true);
    INSERT INTO form_drafts (id, user_id, page, form, fields) VALUES (new_id(), author, p_page, p_form, p_fields)
        ON CONFLICT (user_id, page, form) DO UPDATE SET fields = excluded.fields;
  END IF;
END
$$;
