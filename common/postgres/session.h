/* SPDX-License-Identifier: Apache-2.0 */
/* Inside common/postgres: how every call talks to libpq and waits. libpq is in non-blocking mode.
 */
#ifndef PENSTOCK_POSTGRES_SESSION_H
#define PENSTOCK_POSTGRES_SESSION_H

#include <libpq-fe.h>

#include "postgres/database.h"

struct database {
	PGconn *conn;
	char name[256];
	int64_t connect_ms;
	int64_t statement_ms;
	int64_t stop_grace_ms;
	int64_t deadline_us;  /* of all calls; 0: none */
	int64_t began_us;     /* when the call in hand began */
	int64_t stop_seen_us; /* when a wait first noticed a stop; 0: not yet */
	int64_t cancelled_us; /* when the call in hand was cancelled; 0: it was not */
	const char *sql;      /* of the call in hand, borrowed; NULL: not known */
	int64_t copy_row;     /* see database_copy_row */
	bool lost;	      /* gave up on the connection, whatever libpq says */
};

struct database_rows {
	PGresult *result;
};

/* Logs the statement, at LOG_TRACE; values of parameters stay unsaid. */
void session_echo(const struct database *database, const char *sql);
/* Starts a call's clock. False when the connection is lost already. */
MUST_CHECK bool session_begin(struct database *database, struct err *err);
/*
 * Waits until the socket is readable (or, with `write`, writable too) and reads what came. At the
 * call's limit the server is asked to cancel; when that does not help either, the connection is
 * given up.
 */
MUST_CHECK bool session_wait(struct database *database, bool write, struct err *err);
/* Sends all of libpq's output buffer. */
MUST_CHECK bool session_flush(struct database *database, struct err *err);
/* The next result of the call in hand, NULL behind the last. The caller clears it. */
MUST_CHECK bool session_next(struct database *database, PGresult **ret_result, struct err *err);
/*
 * Reads every result of the call in hand. Fails with the first error among them. *ret_last (which
 * may be NULL: not wanted) is the last result, the caller's to clear.
 */
MUST_CHECK bool session_finish(struct database *database, PGresult **ret_last, struct err *err);
/* Reads and forgets what is left of the call in hand. */
void session_drain(struct database *database);
/* Asks the server to cancel the call in hand, once. Gives up the connection when it cannot. */
void session_cancel(struct database *database);

/* Fills err from a failed result, or from the connection when `result` is NULL. */
bool session_fail(struct database *database, const PGresult *result, struct err *err);

/* Every run of white space becomes one blank; none is left at the end. */
void session_one_line(char *text);

#endif
