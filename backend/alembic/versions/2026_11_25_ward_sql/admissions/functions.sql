-- Functions of triggers about visits, with the caller's rights.

-- A bed is taken by somebody who is treated, and kept for somebody who is treated or expected. The visit is locked
-- against ending meanwhile.
CREATE FUNCTION ask_for_an_open_visit() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  its_status text;
BEGIN
  IF NEW.assigned_visit_id IS NOT NULL
     AND (TG_OP = 'INSERT' OR NEW.assigned_visit_id IS DISTINCT FROM OLD.assigned_visit_id) THEN
    SELECT status INTO its_status FROM visits
     WHERE hospital_id = NEW.hospital_id AND id = NEW.assigned_visit_id FOR SHARE;
    IF its_status NOT IN ('active', 'on_leave') THEN
      RAISE EXCEPTION 'the visit is not open'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'beds_open_visit', TABLE = 'beds';
    END IF;
  END IF;
  IF NEW.reserved_for_visit_id IS NOT NULL
     AND (TG_OP = 'INSERT' OR NEW.reserved_for_visit_id IS DISTINCT FROM OLD.reserved_for_visit_id) THEN
    SELECT status INTO its_status FROM visits
     WHERE hospital_id = NEW.hospital_id AND id = NEW.reserved_for_visit_id FOR SHARE;
    IF its_status NOT IN ('planned', 'active', 'on_leave') THEN
      RAISE EXCEPTION 'the visit has ended'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'beds_open_visit', TABLE = 'beds';
    END IF;
  END IF;
  RETURN NEW;
END
$$;

-- A visit that ends leaves its bed first, and gives back the one that is kept for it.
CREATE FUNCTION refuse_leaving_without_the_bed() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.status NOT IN ('planned', 'active', 'on_leave') AND NEW.status IS DISTINCT FROM OLD.status
     AND (EXISTS (SELECT FROM beds WHERE assigned_visit_id = OLD.id)
          OR EXISTS (SELECT FROM beds WHERE hospital_id = OLD.hospital_id AND reserved_for_visit_id = OLD.id)) THEN
    RAISE EXCEPTION 'the visit still has a bed'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'visits_bed_left', TABLE = 'visits';
  END IF;
  RETURN NEW;
END
$$;

-- A signed summary changes no more; only a merge of files moves it along with its visit.
CREATE FUNCTION refuse_changing_what_is_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - ARRAY['patient_id', 'updated_at'] IS DISTINCT FROM to_jsonb(OLD) - ARRAY['patient_id', 'updated_at']
  THEN
    RAISE EXCEPTION '% is signed', TG_TABLE_NAME
      USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_signed', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;

-- With the departure the record of a visit is locked: it is not signed or unlocked afterwards, only amended or marked
-- as an error. (What it says never changes anyway.)
CREATE FUNCTION keep_what_is_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.locked_at, NEW.signed_at, NEW.signed_by_id) IS DISTINCT FROM
       (OLD.locked_at, OLD.signed_at, OLD.signed_by_id)
     OR (NEW.status IS DISTINCT FROM OLD.status AND NEW.status NOT IN ('amended', 'entered_in_error')) THEN
    RAISE EXCEPTION 'the record is locked'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'emr_local_locked', TABLE = 'emr_local';
  END IF;
  RETURN NEW;
END
$$;
