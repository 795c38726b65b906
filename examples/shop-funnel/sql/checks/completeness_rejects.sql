-- severity: warn
-- description: records that could not be read at all
SELECT f.name AS file, r.record, r.column_name AS "column", r.reason
FROM penstock.reject r
INNER JOIN penstock.file f ON f.dataset = r.dataset AND f.file_id = r.file_id
