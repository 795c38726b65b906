-- The first of the relations $1 (quoted names) that is a view: its number, from 1, and its query.
SELECT u.place, pg_get_viewdef(c.oid)
FROM unnest($1::text[]) WITH ORDINALITY AS u (name, place)
JOIN pg_class c ON c.oid = to_regclass(u.name)
WHERE c.relkind = 'v'
ORDER BY u.place
LIMIT 1
