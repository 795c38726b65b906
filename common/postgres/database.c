/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and their results. */
#include "postgres/database.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "postgres/session.h"

/* Text formats; more parameters than this belong in an array. */
#define MAX_PARAMETERS 64

bool database_usable(const struct database *database)
{
	return !database->lost && PQstatus(database->conn) == CONNECTION_OK;
}

int database_backend_pid(const struct database *database)
{
	return PQbackendPID(database->conn);
}

void database_deadline(struct database *database, int64_t at_us)
{
	database->deadline_us = at_us;
}

const char *database_name(const struct database *database)
{
	return database->name;
}

bool database_exec(struct database *database, const char *sql, struct err *err)
{
	if (!session_begin(database, err))
		return false;
	session_echo(database, sql);
	database->sql = sql;
	if (!PQsendQuery(database->conn, sql))
		return session_fail(database, NULL, err);
	return session_flush(database, err) && session_finish(database, NULL, err);
}

static bool run(struct database *database, const char *sql, const char *const *parameters,
	size_t count, PGresult **ret_result, struct err *err)
{
	if (count > MAX_PARAMETERS)
		BUG("%zu parameters", count);
	if (!session_begin(database, err))
		return false;
	session_echo(database, sql);
	database->sql = sql;
	if (!PQsendQueryParams(database->conn, sql, (int)count, NULL, parameters, NULL, NULL, 0))
		return session_fail(database, NULL, err);
	return session_flush(database, err) && session_finish(database, ret_result, err);
}

static struct database_rows *rows_of(PGresult *result)
{
	struct database_rows *rows = malloc(sizeof(*rows));
	if (!rows)
		BUG("out of memory");
	rows->result = result;
	return rows;
}

bool database_query(struct database *database, const char *sql, const char *const *parameters,
	size_t count, struct database_rows **ret_rows, struct err *err)
{
	PGresult *result;
	if (!run(database, sql, parameters, count, &result, err))
		return false;
	*ret_rows = rows_of(result);
	return true;
}

static int64_t affected(PGresult *result)
{
	int64_t count = 0;
	return text_int64(PQcmdTuples(result), &count) ? count : 0;
}

bool database_run(struct database *database, const char *sql, const char *const *parameters,
	size_t count, int64_t *ret_affected, struct err *err)
{
	PGresult *result;
	if (!run(database, sql, parameters, count, &result, err))
		return false;
	if (ret_affected)
		*ret_affected = affected(result);
	PQclear(result);
	return true;
}

static bool stream_rows(struct database *database,
	bool (*row)(void *context, const struct database_rows *one, struct err *err), void *context,
	struct err *err)
{
	bool good = true;
	for (;;) {
		PGresult *result;
		if (!session_next(database, &result, good ? err : NULL))
			return false;
		if (!result)
			return good;
		ExecStatusType status = PQresultStatus(result);
		struct database_rows one = {result};
		if (good && status == PGRES_SINGLE_TUPLE && !row(context, &one, err)) {
			good = false;
			session_cancel(database);
		} else if (good && status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
			good = session_fail(database, result, err);
		}
		PQclear(result);
	}
}

bool database_stream(struct database *database, const char *sql,
	bool (*row)(void *context, const struct database_rows *one, struct err *err), void *context,
	struct err *err)
{
	if (!session_begin(database, err))
		return false;
	session_echo(database, sql);
	if (!PQsendQueryParams(database->conn, sql, 0, NULL, NULL, NULL, NULL, 0) ||
		!PQsetSingleRowMode(database->conn))
		return session_fail(database, NULL, err);
	return session_flush(database, err) && stream_rows(database, row, context, err);
}

void database_rollback(struct database *database)
{
	if (!database_usable(database))
		return;
	PGTransactionStatusType status = PQtransactionStatus(database->conn);
	if (status == PQTRANS_IDLE)
		return;
	if (status == PQTRANS_ACTIVE) {
		if (!session_begin(database, NULL))
			return;
		session_cancel(database);
		session_drain(database);
	}
	if (!database_exec(database, "ROLLBACK", NULL))
		database->lost = true;
}

bool database_describe(struct database *database, const char *sql, struct database_rows **ret_rows,
	struct err *err)
{
	PGresult *result = NULL;
	if (!session_begin(database, err))
		return false;
	session_echo(database, sql);
	database->sql = sql;
	if (!PQsendPrepare(database->conn, "", sql, 0, NULL))
		return session_fail(database, NULL, err);
	if (!session_flush(database, err) || !session_finish(database, NULL, err))
		return false;
	if (!PQsendDescribePrepared(database->conn, ""))
		return session_fail(database, NULL, err);
	if (!session_flush(database, err) || !session_finish(database, &result, err))
		return false;
	*ret_rows = rows_of(result);
	return true;
}

size_t database_row_count(const struct database_rows *rows)
{
	return (size_t)PQntuples(rows->result);
}

size_t database_column_count(const struct database_rows *rows)
{
	return (size_t)PQnfields(rows->result);
}

const char *database_column_name(const struct database_rows *rows, size_t column)
{
	return PQfname(rows->result, (int)column);
}

uint32_t database_column_type(const struct database_rows *rows, size_t column)
{
	return PQftype(rows->result, (int)column);
}

int database_column_origin(const struct database_rows *rows, size_t column, uint32_t *ret_table)
{
	*ret_table = PQftable(rows->result, (int)column);
	return *ret_table ? PQftablecol(rows->result, (int)column) : 0;
}

static void check_place(const struct database_rows *rows, size_t row, size_t column)
{
	if (row >= database_row_count(rows) || column >= database_column_count(rows))
		BUG("no row %zu, column %zu in a result", row, column);
}

const char *database_text(const struct database_rows *rows, size_t row, size_t column)
{
	check_place(rows, row, column);
	if (PQgetisnull(rows->result, (int)row, (int)column))
		return NULL;
	return PQgetvalue(rows->result, (int)row, (int)column);
}

int64_t database_int(const struct database_rows *rows, size_t row, size_t column)
{
	const char *text = database_text(rows, row, column);
	int64_t value = 0;
	if (text && !text_int64(text, &value))
		BUG("'%s' in column %s is no whole number", text,
			database_column_name(rows, column));
	return value;
}

bool database_bool(const struct database_rows *rows, size_t row, size_t column)
{
	const char *text = database_text(rows, row, column);
	return text && text[0] == 't';
}

void database_rows_free(struct database_rows *rows)
{
	if (!rows)
		return;
	PQclear(rows->result);
	free(rows);
}
