-- What one look at Kafka found: $1 topics, $2 messages waiting in each, $3 milliseconds the oldest has waited
-- (null: unknown), $4 how long is too long (0: nothing is). Of the time before, whole minutes count, in fifths:
-- lag grows when the fewest messages of each fifth were more than those of the fifth before. An alert stays while it
-- is unknown whether it still holds: Kafka did not tell the age, or no monitor had looked for a while.
WITH span AS (
  SELECT date_trunc('minute', clock_timestamp()) AS until,
    greatest($4::bigint, 300000) * interval '1 millisecond' AS length
),
look AS (
  SELECT u.topic, u.waiting, u.oldest * interval '1 millisecond' AS oldest,
    coalesce(u.oldest > $4::bigint, false) AS is_late
  FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS u (topic, waiting, oldest)
  WHERE $4::bigint > 0
),
noted AS (
  INSERT INTO penstock.lag_minute AS m (topic, minute, fewest)
  SELECT look.topic, span.until, look.waiting FROM look, span ORDER BY look.topic
  ON CONFLICT (topic, minute) DO UPDATE SET fewest = excluded.fewest WHERE m.fewest > excluded.fewest
),
forgotten AS (
  DELETE FROM penstock.lag_minute m USING span WHERE m.minute < span.until - span.length
),
fifth AS (
  SELECT m.topic, n.number, min(m.fewest) AS fewest
  FROM span
  JOIN penstock.lag_minute m ON m.minute >= span.until - span.length AND m.minute < span.until
  CROSS JOIN LATERAL (
    SELECT floor(5 * extract(epoch FROM span.until - m.minute) / extract(epoch FROM span.length) - 0.000001)
      AS number) n
  GROUP BY m.topic, n.number
),
step AS (
  SELECT topic, number, fewest,
    fewest <= lag(fewest, 1, -1) OVER (PARTITION BY topic ORDER BY number DESC) AS is_back
  FROM fifth
),
growth AS (
  SELECT topic, count(*) = 5 AND NOT bool_or(is_back) AS is_steady,
    (array_agg(fewest ORDER BY number DESC))[1] AS first,
    (array_agg(fewest ORDER BY number))[1] AS last,
    count(*) > 1 AS is_known
  FROM step
  GROUP BY topic
),
held AS (
  SELECT kind, subject FROM penstock.alert WHERE scope = 'lag' AND cleared_at IS NULL
),
wrong AS (
  SELECT 'lag' AS kind, look.topic,
    'topic ' || look.topic || ': a message has waited for ' || date_trunc('second', look.oldest) AS text
  FROM look
  WHERE look.is_late
    OR (look.oldest IS NULL AND ('lag', look.topic) IN (SELECT kind, subject FROM held))
  UNION ALL
  SELECT 'growing_lag', look.topic,
    'topic ' || look.topic || ': what waits has grown all the time for ' || span.length || ', from '
      || growth.first || ' messages to ' || look.waiting
  FROM look
  CROSS JOIN span
  LEFT JOIN growth ON growth.topic = look.topic
  WHERE look.waiting > 0
    AND CASE WHEN ('growing_lag', look.topic) IN (SELECT kind, subject FROM held)
      THEN growth.is_known IS NOT TRUE OR (growth.last > growth.first AND look.waiting > growth.first)
      ELSE growth.is_steady AND look.waiting > growth.first AND NOT look.is_late END
)
SELECT penstock.alert_sync('lag', array_agg(kind), array_agg(topic), array_agg(text)) FROM wrong
