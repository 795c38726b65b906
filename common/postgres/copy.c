/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY ... FROM STDIN. libpq grows its output buffer without end in non-blocking mode, so every
 * slice is flushed before the next. A COPY that the server failed is noticed at its end only: the
 * server reads on and throws away.
 */
#include "base/text.h"
#include "postgres/database.h"
#include "postgres/session.h"

/*
 * Small enough that libpq's copy of it stays in the CPU's caches. With the message's five bytes in
 * front a multiple of the 8 KiB that libpq sends at once, so that nothing is left over to flush.
 */
#define SLICE (32 * 1024 - 5)

bool database_copy_start(struct database *database, const char *sql, struct err *err)
{
	database->copy_row = 0;
	if (!session_begin(database, err))
		return false;
	session_echo(database, sql);
	if (!PQsendQuery(database->conn, sql))
		return session_fail(database, NULL, err);
	PGresult *result;
	if (!session_flush(database, err) || !session_next(database, &result, err))
		return false;
	if (result && PQresultStatus(result) == PGRES_COPY_IN) {
		PQclear(result);
		return true;
	}
	session_fail(database, result, err);
	PQclear(result);
	session_drain(database);
	return false;
}

bool database_copy_data(struct database *database, const void *data, size_t n, struct err *err)
{
	if (!session_begin(database, err))
		return false;
	const char *from = data;
	while (n > 0) {
		size_t slice = n < SLICE ? n : SLICE;
		if (PQputCopyData(database->conn, from, (int)slice) != 1)
			return session_fail(database, NULL, err);
		if (!session_flush(database, err))
			return false;
		from += slice;
		n -= slice;
	}
	return true;
}

bool database_copy_end(struct database *database, int64_t *ret_rows, struct err *err)
{
	if (!session_begin(database, err))
		return false;
	if (PQputCopyEnd(database->conn, NULL) != 1)
		return session_fail(database, NULL, err);
	PGresult *result;
	if (!session_flush(database, err) || !session_finish(database, &result, err))
		return false;
	int64_t rows = 0;
	if (!text_int64(PQcmdTuples(result), &rows))
		BUG("COPY answered '%s'", PQcmdStatus(result));
	PQclear(result);
	*ret_rows = rows;
	return true;
}

int64_t database_copy_row(const struct database *database)
{
	return database->copy_row;
}

void database_copy_abort(struct database *database, const char *reason)
{
	if (!session_begin(database, NULL))
		return;
	if (PQputCopyEnd(database->conn, reason) == 1 && session_flush(database, NULL))
		session_drain(database);
}
