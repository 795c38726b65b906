/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Postgres session: statements, results, COPY, LISTEN. Every wait ends at the statement's time
 * limit or at a stop (the server is then asked to cancel, and the call fails with RETRY). One
 * thread.
 */
#ifndef PENSTOCK_POSTGRES_DATABASE_H
#define PENSTOCK_POSTGRES_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct database;

struct database_options {
	const char *conninfo;	 /* "" or NULL: libpq's own defaults */
	const char *application; /* application_name; NULL: "penstock" */
	int64_t connect_ms;	 /* 0: 10 s */
	int64_t statement_ms;	 /* client-side limit of one call; 0: none */
	int64_t stop_grace_ms; /* how long a call may still run once a stop was requested; 0: 5 s */
};

/*
 * Connects; sets client_encoding UTF8, search_path to public, DateStyle ISO and
 * standard conforming strings; works behind a transaction pooler (no session state is relied on).
 * RETRY while the server is away or starting, FATAL for a wrong password or database.
 */
MUST_CHECK bool database_open(
	const struct database_options *options, struct database **ret_database, struct err *err);
void database_close(struct database *database);
/* Whether the connection can still be used (a failed transaction can, a lost server cannot). */
bool database_usable(const struct database *database);
int database_backend_pid(const struct database *database);
/* "user@host:port/dbname", for messages; borrowed. */
const char *database_name(const struct database *database);

/* Calls under way at `at_us` (monotonic clock), and those begun later, are cancelled and fail with
 * 57014. 0: no such time. */
void database_deadline(struct database *database, int64_t at_us);

/*
 * The connection as libpq's environment variables, for other programs: "PGHOST=db", "PGPORT=5432",
 * the password and TLS settings too. NULL-terminated; all memory is from `arena`.
 */
const char *const *database_environment(const struct database *database, struct arena *arena);

/* One or more statements without parameters and results. */
MUST_CHECK bool database_exec(struct database *database, const char *sql, struct err *err);

/* A parameter in text form; NULL text is SQL null. Type is inferred by the server: cast in the SQL.
 */
struct database_rows;
MUST_CHECK bool database_query(struct database *database, const char *sql,
	const char *const *parameters, size_t count, struct database_rows **ret_rows,
	struct err *err);
/* As database_query for a statement whose rows do not matter; *ret_affected may be NULL. */
MUST_CHECK bool database_run(struct database *database, const char *sql,
	const char *const *parameters, size_t count, int64_t *ret_affected, struct err *err);

/* The columns of what a statement would return, without a row; nothing is executed. */
MUST_CHECK bool database_describe(struct database *database, const char *sql,
	struct database_rows **ret_rows, struct err *err);
size_t database_row_count(const struct database_rows *rows);
size_t database_column_count(const struct database_rows *rows);
const char *database_column_name(const struct database_rows *rows, size_t column);
/* Type OID of a column. */
uint32_t database_column_type(const struct database_rows *rows, size_t column);
/* The number (attnum) of the table's column that a column of the result is; 0: it is none. */
int database_column_origin(const struct database_rows *rows, size_t column, uint32_t *ret_table);
/* Text of a value, borrowed from rows; NULL for null. */
const char *database_text(const struct database_rows *rows, size_t row, size_t column);
/* The value as an integer; 0 for null. A value that is none is a bug. */
int64_t database_int(const struct database_rows *rows, size_t row, size_t column);
bool database_bool(const struct database_rows *rows, size_t row, size_t column);
void database_rows_free(struct database_rows *rows);

/* A large result, row by row (single-row mode). `row` gets one struct database_rows of one row;
 * false from it cancels. */
MUST_CHECK bool database_stream(struct database *database, const char *sql,
	bool (*row)(void *context, const struct database_rows *one, struct err *err), void *context,
	struct err *err);

/* COPY ... FROM STDIN. After copy_start exactly one of copy_end or copy_abort. */
MUST_CHECK bool database_copy_start(struct database *database, const char *sql, struct err *err);
MUST_CHECK bool database_copy_data(
	struct database *database, const void *data, size_t n, struct err *err);
/* Ends and reads the server's verdict: the only proof that rows arrived. */
MUST_CHECK bool database_copy_end(struct database *database, int64_t *ret_rows, struct err *err);
/* The row, from 1, at which the server failed the newest COPY; 0: it did not, or does not say. */
int64_t database_copy_row(const struct database *database);
/* Makes the server fail the COPY with `reason`; the transaction must be rolled back. */
void database_copy_abort(struct database *database, const char *reason);

/* ROLLBACK when a transaction is open; a lost connection is fine. Never fails the caller. */
void database_rollback(struct database *database);

/* Waits at most `ms` for a notification or a stop; *ret_notified. After LISTEN. */
MUST_CHECK bool database_wait_notify(
	struct database *database, int64_t ms, bool *ret_notified, struct err *err);

#endif
