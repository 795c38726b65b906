-- description: the funnel skips a day
SELECT day
FROM (SELECT day, lead(day) OVER (ORDER BY day) AS next FROM final.funnel_by_day) d
WHERE next - day > 1
