-- Of the query of view pg_temp.penstock_growth: why it cannot grow (null: it can), an aggregate out of a subquery or
-- a function whose result is another at another time; and what else its result depends on: settings, and the bodies of
-- functions that are not Postgres' own. As the stored tree has it: calls, operators, and casts by way of text, which
-- use the types' input and output functions.
WITH tree AS (
  SELECT r.ev_action::text AS text FROM pg_rewrite r WHERE r.ev_class = 'pg_temp.penstock_growth'::regclass
), called (oid) AS (
  SELECT m[1]::oid FROM tree, regexp_matches(text, ':(?:funcid|aggfnoid|winfnoid) (\d+)', 'g') m
  UNION
  SELECT o.oprcode::oid FROM tree, regexp_matches(text, ':opno (\d+)', 'g') m
  JOIN pg_operator o ON o.oid = m[1]::oid
  UNION
  SELECT o.oprcode::oid FROM tree, regexp_matches(text, ':opnos \(o ([\d ]+)\)', 'g') m
  JOIN pg_operator o ON o.oid = ANY (string_to_array(m[1], ' ')::oid[])
  UNION
  SELECT t.typinput::oid FROM tree, regexp_matches(text, ':resulttype (\d+) :resultcollid', 'g') m
  JOIN pg_type t ON t.oid = m[1]::oid
  UNION
  SELECT t.typoutput::oid
  FROM tree, regexp_matches(text, '\{COERCEVIAIO :arg \{[A-Z]+ [^{}]*?:(?:[a-z]*type|typeId) (\d+)', 'g') m
  JOIN pg_type t ON t.oid = m[1]::oid
), function AS (
  SELECT p.oid::regprocedure::text AS name, p.prosrc || coalesce(p.prosqlbody::text, '') AS body, n.nspname <> 'pg_catalog' AS foreign_to_postgres,
    -- Stable functions of Postgres mostly depend on settings, which the basis has; these depend on more.
    p.provolatile = 'v' OR (p.provolatile = 's' AND (n.nspname <> 'pg_catalog' OR p.pronargs = 0
      OR (p.proname = 'age' AND p.pronargs = 1)
      OR p.proname IN ('current_setting', 'current_schemas', 'format_type', 'obj_description', 'col_description',
        'shobj_description')
      OR p.proname ~ '^(pg_|has_|to_reg|reg|txid_|inet_)|_to_xml')) AS moving
  FROM called c
  JOIN pg_proc p ON p.oid = c.oid
  JOIN pg_namespace n ON n.oid = p.pronamespace
)
SELECT
  coalesce(
    (SELECT 'a subquery takes an aggregate over the rows of the query around it' FROM tree
     WHERE text ~ ':agglevelsup [1-9]'),
    coalesce((SELECT 'CURRENT_DATE, CURRENT_USER and their like are' FROM tree WHERE text LIKE '%{SQLVALUEFUNCTION %'),
      (SELECT min(f.name) || ' is' FROM function f WHERE f.moving))
    || ' something else at another time, and earlier rows are not calculated again'),
  (SELECT string_agg(s.name || '=' || s.setting, ',' ORDER BY s.name) FROM pg_settings s
   WHERE s.name IN ('TimeZone', 'timezone_abbreviations', 'DateStyle', 'IntervalStyle', 'lc_time', 'lc_numeric',
     'lc_monetary', 'bytea_output', 'extra_float_digits', 'default_text_search_config', 'xmlbinary'))
  || coalesce((SELECT string_agg(f.name || f.body, ',' ORDER BY f.name) FROM function f
               WHERE f.foreign_to_postgres), '')
