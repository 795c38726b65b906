-- The newest result of each check: name, state, message
SELECT name, state, message FROM penstock.check_status
