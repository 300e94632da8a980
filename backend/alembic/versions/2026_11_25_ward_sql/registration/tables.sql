-- Files of people whom nobody knows yet, and numbers that are found however they were written (domain 5.3).
ALTER TABLE patients ADD COLUMN is_unknown BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE patients ADD COLUMN identity_note TEXT;
ALTER TABLE patients ADD CONSTRAINT patients_identity_note_given_check CHECK (btrim(identity_note) <> '');
COMMENT ON COLUMN patients.is_unknown IS 'true = a temporary identity, until somebody knows who it is';
COMMENT ON COLUMN patients.identity_note IS 'what is known of an unknown patient: where found, when, marks';
ALTER TABLE person_identifiers ADD COLUMN plain_value TEXT COLLATE "C" GENERATED ALWAYS AS (upper(regexp_replace(value, '[^A-Za-z0-9]'::text, ''::text, 'g'::text))) STORED;
COMMENT ON COLUMN person_identifiers.plain_value IS 'the number in capitals, without blanks and dashes, for the search';
CREATE INDEX person_identifiers_plain_value_idx ON person_identifiers (plain_value);
CREATE INDEX patients_date_of_birth_phone_digits_idx ON patients (date_of_birth, phone_digits);
-- Likeness does not ask for the order of words, so one index serves person_candidates().
DROP INDEX patients_search_given_family_trgm_idx;
