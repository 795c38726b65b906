/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for the server. A call has a deadline: its own limit, or the grace after a stop was
 * requested. At the deadline it is cancelled and then ends like any failed statement; only a server
 * that does not answer within CANCEL_MS loses the connection.
 */
#include "postgres/session.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"

#define CANCEL_MS  2000
#define ECHO_BYTES 8000
#define MIN_AFTER_STOP_MS                                                                          \
	500 /* a call begun after the grace: enough for ROLLBACK and farewells                     \
	     */

static bool lost(struct database *database, struct err *err)
{
	database->lost = true;
	return session_fail(database, NULL, err);
}

bool session_begin(struct database *database, struct err *err)
{
	database->began_us = clock_monotonic_us();
	database->cancelled_us = 0;
	database->sql = NULL;
	return database_usable(database) || lost(database, err);
}

void session_echo(const struct database *database, const char *sql)
{
	char statement[ECHO_BYTES];
	if (!log_enabled(LOG_TRACE))
		return;
	snprintf(statement, sizeof(statement), "%s", sql);
	session_one_line(statement);
	log_trace("sql", log_int("backend", database_backend_pid(database)),
		log_str("statement", statement));
}

static int64_t deadline_us(const struct database *database)
{
	if (database->cancelled_us)
		return database->cancelled_us + CANCEL_MS * INT64_C(1000);
	int64_t deadline = INT64_MAX;
	if (database->statement_ms)
		deadline = database->began_us + database->statement_ms * 1000;
	if (database->deadline_us && database->deadline_us < deadline)
		deadline = database->deadline_us;
	if (database->stop_seen_us) {
		int64_t grace = database->stop_seen_us + database->stop_grace_ms * 1000;
		int64_t least = database->began_us + MIN_AFTER_STOP_MS * INT64_C(1000);
		if (grace < least)
			grace = least;
		if (grace < deadline)
			deadline = grace;
	}
	return deadline;
}

static void *send_cancel(void *argument)
{
	PGcancel *cancel = argument;
	char why[256];
	int sent = PQcancel(cancel, why, sizeof(why));
	PQfreeCancel(cancel);
	return sent ? argument : NULL;
}

/* PQcancel connects and blocks without a limit of its own: hence the thread. */
void session_cancel(struct database *database)
{
	if (database->cancelled_us)
		return;
	database->cancelled_us = clock_monotonic_us();
	PGcancel *cancel = PQgetCancel(database->conn);
	pthread_t thread;
	if (!cancel || pthread_create(&thread, NULL, send_cancel, cancel) != 0) {
		PQfreeCancel(cancel);
		database->lost = true;
		return;
	}
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CANCEL_MS / 1000;
	void *sent = NULL;
	if (pthread_timedjoin_np(thread, &sent, &until) != 0) {
		pthread_detach(thread);
		database->lost = true;
	} else if (!sent) {
		database->lost = true;
	}
}

/* Milliseconds for poll; 0 when the deadline has passed. */
static int left_ms(const struct database *database)
{
	int64_t deadline = deadline_us(database);
	if (deadline == INT64_MAX)
		return -1;
	int64_t left = (deadline - clock_monotonic_us() + 999) / 1000;
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static bool wait_socket(struct database *database, short events, struct err *err)
{
	while (!database->lost) {
		if (!database->stop_seen_us && stop_requested())
			database->stop_seen_us = clock_monotonic_us();
		int left = left_ms(database);
		if (left == 0 && !database->cancelled_us) {
			session_cancel(database);
			continue;
		}
		struct pollfd fds[2] = {{.fd = PQsocket(database->conn), .events = events},
			{.fd = database->stop_seen_us ? -1 : stop_fd(), .events = POLLIN}};
		int n = poll(fds, 2, left);
		if (n < 0 && errno != EINTR)
			BUG("poll failed with errno %d", errno);
		if (n > 0 && fds[0].revents)
			return true;
		if (n == 0 && left == 0)
			break;
	}
	return lost(database, err);
}

bool session_wait(struct database *database, bool write, struct err *err)
{
	if (!wait_socket(database, (short)(write ? POLLIN | POLLOUT : POLLIN), err))
		return false;
	return PQconsumeInput(database->conn) ? true : lost(database, err);
}

bool session_flush(struct database *database, struct err *err)
{
	for (;;) {
		int state = PQflush(database->conn);
		if (state == 0)
			return true;
		if (state < 0)
			return lost(database, err);
		if (!session_wait(database, true, err))
			return false;
	}
}

bool session_next(struct database *database, PGresult **ret_result, struct err *err)
{
	while (PQisBusy(database->conn))
		if (!session_wait(database, false, err))
			return false;
	*ret_result = PQgetResult(database->conn);
	return true;
}

static bool failed(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

static bool copying(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

bool session_finish(struct database *database, PGresult **ret_last, struct err *err)
{
	PGresult *last = NULL;
	PGresult *result = NULL;
	bool good = true;
	bool more = true;
	while (more) {
		if (!session_next(database, &result, good ? err : NULL)) {
			good = false;
			break;
		}
		if (result && copying(result))
			BUG("COPY through a call that is none of database_copy_*");
		if (result && failed(result) && good)
			good = session_fail(database, result, err);
		more = result != NULL;
		if (more) {
			PQclear(last);
			last = result;
		}
	}
	if (good && !database_usable(database))
		good = lost(database, err);
	if (good && ret_last)
		*ret_last = last;
	else
		PQclear(last);
	return good;
}

void session_drain(struct database *database)
{
	PGresult *result;
	while (session_next(database, &result, NULL) && result) {
		bool in_copy = PQresultStatus(result) == PGRES_COPY_IN;
		PQclear(result);
		if (in_copy && PQputCopyEnd(database->conn, "given up") < 0)
			database->lost = true;
	}
}
