-- A function in the query of view pg_temp.penstock_speed whose result does not depend on its arguments
-- alone, or an aggregate that only has the name of one whose parts add up, and why it may not stand there;
-- none when there is none. As the stored tree has it: calls, operators, and casts by way of text, which use
-- the types' input and output functions (record_out stands for types the tree does not tell beside the cast).
WITH tree AS (
  SELECT r.ev_action::text AS text FROM pg_rewrite r WHERE r.ev_class = 'pg_temp.penstock_speed'::regclass
), called (oid, place) AS (
  SELECT m[1]::oid, 1 FROM tree, regexp_matches(text, ':(?:funcid|aggfnoid|winfnoid) (\d+)', 'g') m
  UNION
  SELECT o.oprcode::oid, 2 FROM tree, regexp_matches(text, ':opno (\d+)', 'g') m
  JOIN pg_operator o ON o.oid = m[1]::oid
  UNION
  SELECT o.oprcode::oid, 2 FROM tree, regexp_matches(text, ':opnos \(o ([\d ]+)\)', 'g') m
  JOIN pg_operator o ON o.oid = ANY (string_to_array(m[1], ' ')::oid[])
  UNION
  SELECT t.typinput::oid, 2 FROM tree, regexp_matches(text, ':resulttype (\d+) :resultcollid', 'g') m
  JOIN pg_type t ON t.oid = m[1]::oid
  UNION
  SELECT t.typoutput::oid, 2
  FROM tree, regexp_matches(text, '\{COERCEVIAIO :arg \{[A-Z]+ [^{}]*?:(?:[a-z]*type|typeId) (\d+)', 'g') m
  JOIN pg_type t ON t.oid = m[1]::oid
  UNION
  SELECT 'record_out(record)'::regprocedure, 2 FROM tree
  WHERE text ~ '\{COERCEVIAIO :arg \{[A-Z]+ :(arg|args|subLinkType) '
), called_by_name AS (
  SELECT p.oid::regprocedure::text AS name, c.place, p.provolatile,
    p.proname IN ('sum', 'count', 'min', 'max') AND p.pronamespace <> 'pg_catalog'::regnamespace
    AND EXISTS (SELECT FROM pg_aggregate a WHERE a.aggfnoid = p.oid AND a.aggsortop = 0) AS imitated
  FROM called c JOIN pg_proc p ON p.oid = c.oid
)
SELECT name, CASE WHEN imitated THEN 'is not Postgres'' own: its parts may not add up'
  ELSE 'is not immutable: settings or time may change what it gave earlier rows (for time, say the zone: '
    'AT TIME ZONE ''UTC'')' END
FROM called_by_name
WHERE provolatile <> 'i' OR imitated
ORDER BY place, provolatile DESC, name
LIMIT 1
