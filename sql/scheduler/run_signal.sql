-- Interrupts what cancelled runs (run $1, or all where it is null) do in their sessions, as far as this role may, and
-- marks those that have no session any more.
WITH interrupted AS (
  SELECT s.run_id, pg_cancel_backend(s.pid)
  FROM penstock.run_session s
  JOIN penstock.run r USING (run_id)
  JOIN pg_stat_activity a ON a.pid = s.pid
  JOIN pg_roles owner ON owner.oid = a.usesysid
  JOIN pg_roles me ON me.rolname = current_user
  WHERE r.cancelled_by IS NOT NULL AND s.doing <> 'ending' AND s.run_id = coalesce($1::bigint, s.run_id)
    AND (me.rolsuper OR (NOT owner.rolsuper
      AND (pg_has_role(owner.oid, 'MEMBER') OR pg_has_role('pg_signal_backend', 'MEMBER'))))
)
UPDATE penstock.run r
SET state = 'cancelled', finished_at = clock_timestamp(), error = 'cancelled by ' || r.cancelled_by
WHERE r.cancelled_by IS NOT NULL AND r.state IN ('queued', 'running') AND r.run_id = coalesce($1::bigint, r.run_id)
  AND NOT EXISTS (SELECT FROM penstock.run_session s WHERE s.run_id = r.run_id)
  AND (SELECT count(*) FROM interrupted) >= 0
