-- A request that nobody made by hand (a page refreshing itself, a stream) keeps no sign-in from locking.
CREATE FUNCTION skip_unattended_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.refresh_hash, OLD.cookie_hash, OLD.expires_at, OLD.locked_at, OLD.ended_at)
     IS DISTINCT FROM (NEW.refresh_hash, NEW.cookie_hash, NEW.expires_at, NEW.locked_at, NEW.ended_at) THEN
    RETURN NEW;
  END IF;
  RETURN NULL;
END
$$;
