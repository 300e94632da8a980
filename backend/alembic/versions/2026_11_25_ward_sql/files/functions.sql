-- A file changes hands by the functions of hass_definer alone: those write its journal.
CREATE FUNCTION refuse_plain_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a file is linked, merged and taken apart by its acts'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'patients_person', TABLE = 'patients';
END
$$;

CREATE FUNCTION refuse_unstriking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was entered in error stays so'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'allergies_struck_out', TABLE = 'allergies';
END
$$;

-- A merged file takes nothing new; its row is held, so that a merge is either seen or waited for: who asks only for
-- rows that are merged holds none, and does not see the one that is being merged.
CREATE FUNCTION refuse_merged_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  survivor uuid;
BEGIN
  SELECT p.merged_into_id INTO survivor FROM patients p WHERE p.id = NEW.patient_id FOR KEY SHARE;
  IF survivor IS NOT NULL THEN
    RAISE EXCEPTION 'the file was merged into another'
      USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_merged_file', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;

-- patient_id moves while two files are merged, and when that is taken back.
CREATE OR REPLACE FUNCTION refuse_fixed_columns() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old_row jsonb := to_jsonb(OLD);
  new_row jsonb := to_jsonb(NEW);
  fixed text;
BEGIN
  FOREACH fixed IN ARRAY TG_ARGV LOOP
    IF old_row -> fixed IS DISTINCT FROM new_row -> fixed
       AND NOT (fixed = 'patient_id'
                AND coalesce(current_setting('hass.act', true), '') IN ('merge_files', 'undo_merge')) THEN
      RAISE EXCEPTION '% of % never changes', fixed, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_fixed', TABLE = TG_TABLE_NAME,
              COLUMN = fixed;
    END IF;
  END LOOP;
  RETURN NEW;
END
$$;
