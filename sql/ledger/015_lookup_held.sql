-- Whether keys of texts are still theirs: docs/lookups.md.

-- How many of the keys stand for the text beside them. With `locked` those rows stay as they are until this
-- transaction ends, as a foreign key has it; without, the caller's foreign keys have locked them.
CREATE FUNCTION penstock.hold_texts(
  dimension regclass, id name, label name, locked boolean, keys integer[], texts text[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  held bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM (SELECT FROM unnest($1, $2) AS wanted (id, label)'
    ' JOIN %s d ON d.%I = wanted.id AND d.%I = wanted.label%s) held',
    dimension, id, label, CASE WHEN locked THEN ' FOR KEY SHARE OF d' ELSE '' END)
    INTO held USING keys, texts;
  RETURN held;
END $$;
DROP FUNCTION penstock.hold_keys(regclass, name, integer[]);
