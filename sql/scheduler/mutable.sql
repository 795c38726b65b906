-- A function in the query of view pg_temp.penstock_speed whose result does not depend on its arguments
-- alone; none when there is none. As the stored tree has it: calls, operators, and casts by way of text,
-- which use the types' input and output functions.
WITH tree AS (
  SELECT r.ev_action::text AS text FROM pg_rewrite r WHERE r.ev_class = 'pg_temp.penstock_speed'::regclass
), called (oid, place) AS (
  SELECT m[1]::oid, 1 FROM tree, regexp_matches(text, ':(?:funcid|aggfnoid|winfnoid) (\d+)', 'g') m
  UNION
  SELECT o.oprcode::oid, 2 FROM tree, regexp_matches(text, ':opno (\d+)', 'g') m
  JOIN pg_operator o ON o.oid = m[1]::oid
  UNION
  SELECT t.typinput::oid, 2 FROM tree, regexp_matches(text, ':resulttype (\d+) :resultcollid', 'g') m
  JOIN pg_type t ON t.oid = m[1]::oid
  UNION
  SELECT t.typoutput::oid, 2
  FROM tree, regexp_matches(text, '\{COERCEVIAIO :arg \{[A-Z]+ [^{}]*?:[a-z]*type (\d+)', 'g') m
  JOIN pg_type t ON t.oid = m[1]::oid
)
SELECT p.oid::regprocedure::text
FROM called c JOIN pg_proc p ON p.oid = c.oid
WHERE p.provolatile <> 'i'
ORDER BY c.place, p.provolatile DESC, 1
LIMIT 1
