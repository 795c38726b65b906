/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a session. Settings travel in the start-up packet's `options`; a pooler that refuses them
 * gets a second try without, and SET for the one that poolers track (DateStyle). Nothing relies on
 * search_path: our SQL qualifies every name.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/stop.h"
#include "postgres/errors.h"
#include "postgres/session.h"

#define OUR_OPTIONS  "-c search_path=public -c DateStyle=ISO -c standard_conforming_strings=on"
#define MAX_CONNINFO (64 * 1024)

/* What the user gave as `options`, in the conninfo or else in the environment; appended to out. */
static bool user_options(const char *conninfo, struct buf *out, struct err *err)
{
	char *why = NULL;
	PQconninfoOption *given = PQconninfoParse(conninfo, &why);
	if (!given) {
		size_t n = why ? strcspn(why, "\n") : 0;
		err_config(err, "postgres: %.*s", (int)n, why ? why : "");
		PQfreemem(why);
		return false;
	}
	const char *options = NULL;
	for (const PQconninfoOption *one = given; one->keyword; one++)
		if (strcmp(one->keyword, "options") == 0)
			options = one->val;
	if (!options)
		options = getenv("PGOPTIONS");
	if (options)
		buf_printf(out, "%s ", options);
	PQconninfoFree(given);
	return true;
}

/* The server's notices are for its own log. */
static void ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

static PGconn *start(const struct database_options *options, const char *settings)
{
	/* What stands before dbname is a default, what stands behind it wins. */
	const char *const keys[] = {"keepalives_idle", "keepalives_interval", "keepalives_count",
		"tcp_user_timeout", "dbname", "application_name", "client_encoding",
		settings ? "options" : NULL, NULL};
	const char *const values[] = {"30", "10", "3", "60000",
		options->conninfo ? options->conninfo : "",
		options->application ? options->application : "penstock", "UTF8", settings, NULL};
	PGconn *conn = PQconnectStartParams(keys, values, 1);
	if (!conn)
		BUG("out of memory");
	/* The only way to learn the SQLSTATE of a refused connection. */
	PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
	PQsetNoticeReceiver(conn, ignore_notice, NULL);
	return conn;
}

/* True once the connection stands or was refused; false at the deadline or a stop. */
static bool poll_connection(PGconn *conn, int64_t deadline_us)
{
	PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
	while (wants == PGRES_POLLING_READING || wants == PGRES_POLLING_WRITING) {
		int64_t left = (deadline_us - clock_monotonic_us() + 999) / 1000;
		if (left <= 0 || stop_requested() || PQstatus(conn) == CONNECTION_BAD)
			return PQstatus(conn) == CONNECTION_BAD;
		struct pollfd fds[2] = {
			{.fd = PQsocket(conn),
				.events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT},
			{.fd = stop_fd(), .events = POLLIN}};
		int n = poll(fds, 2, left > 60000 ? 60000 : (int)left);
		if (n < 0 && errno != EINTR)
			BUG("poll failed with errno %d", errno);
		if (n > 0 && fds[0].revents)
			wants = PQconnectPoll(conn);
	}
	return true;
}

/* The last "FATAL:  28P01: text" of a verbose message; NULL when the server said nothing. */
static const char *server_words(const char *message)
{
	const char *found = NULL;
	for (const char *p = message; (p = strstr(p, ":  ")); p++) {
		size_t n = 0;
		while (n < 5 &&
			(isdigit((unsigned char)p[3 + n]) || isupper((unsigned char)p[3 + n])))
			n++;
		if (n == 5 && p[8] == ':')
			found = p + 3;
	}
	return found;
}

/* libpq's complaints about the conninfo itself. */
static bool is_misconfigured(const char *message)
{
	static const char *const starts[] = {"invalid ", "definition of service", "service file"};
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(message, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

static enum err_class refused_class(PGconn *conn, const char *words)
{
	if (words && strncmp(words, "08P01", 5) == 0)
		return ERR_RETRY; /* a pooler's word for everything */
	if (words) {
		char state[6] = "";
		memcpy(state, words, 5);
		return postgres_error_class(state, NULL, NULL);
	}
	if (PQconnectionNeedsPassword(conn) || is_misconfigured(PQerrorMessage(conn)))
		return ERR_FATAL;
	return ERR_RETRY;
}

static bool fail_refused(
	const struct database *database, const struct database_options *options, struct err *err)
{
	const char *message = PQerrorMessage(database->conn);
	const char *words = server_words(message);
	const char *text = words ? words + 7 : message;
	size_t n = words ? strcspn(text, "\n") : strlen(text);
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	bool told_where = (options->conninfo && options->conninfo[0]) || getenv("PGHOST") ||
			  getenv("PGHOSTADDR") || getenv("PGSERVICE");
	err_fail(err, refused_class(database->conn, words),
		"cannot connect to Postgres (%s%s): %.*s", database->name,
		told_where
			? ""
			: "; neither `postgres` nor PGHOST is set, and no `penstock dev` runs here",
		(int)n, text);
	if (err) {
		err->from = ERR_FROM_POSTGRES;
		snprintf(err->native, sizeof(err->native), "%.5s", words ? words : "08001");
		session_one_line(err->message);
	}
	return false;
}

/* What is this session's own business, not the next program's. */
static bool is_private(const char *variable)
{
	static const char *const names[] = {
		"PGAPPNAME", "PGCLIENTENCODING", "PGCONNECT_TIMEOUT", "PGOPTIONS"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(variable, names[i]) == 0)
			return true;
	return false;
}

const char *const *database_environment(const struct database *database, struct arena *arena)
{
	PQconninfoOption *options = PQconninfo(database->conn);
	size_t count = 0;
	if (!options)
		BUG("out of memory");
	while (options[count].keyword)
		count++;
	const char **pairs = arena_calloc(arena, count + 1, sizeof(*pairs));
	size_t n = 0;
	for (const PQconninfoOption *one = options; one->keyword; one++)
		if (one->envvar && one->val && !is_private(one->envvar))
			pairs[n++] = arena_printf(arena, "%s=%s", one->envvar, one->val);
	PQconninfoFree(options);
	return pairs;
}

static void name_session(struct database *database)
{
	const char *host = PQhost(database->conn);
	const char *port = PQport(database->conn);
	const char *name = PQdb(database->conn);
	const char *user = PQuser(database->conn);
	snprintf(database->name, sizeof(database->name), "%s@%s:%s/%s", user ? user : "?",
		host ? host : "?", port ? port : "?", name ? name : "?");
}

static bool refused_options(const PGconn *conn)
{
	return PQstatus(conn) == CONNECTION_BAD &&
	       strstr(PQerrorMessage(conn), "unsupported startup parameter");
}

static bool connect_session(struct database *database, const struct database_options *options,
	const char *settings, struct err *err)
{
	int64_t deadline = clock_monotonic_us() + database->connect_ms * 1000;
	database->conn = start(options, settings);
	bool decided = poll_connection(database->conn, deadline);
	bool pooled = decided && refused_options(database->conn);
	if (pooled) {
		PQfinish(database->conn);
		database->conn = start(options, NULL);
		decided = poll_connection(database->conn, deadline);
	}
	name_session(database);
	if (!decided)
		return err_fail(err, ERR_RETRY, "cannot connect to Postgres (%s): %s",
			database->name, stop_requested() ? "stopped" : "no answer in time");
	if (PQstatus(database->conn) != CONNECTION_OK)
		return fail_refused(database, options, err);
	if (PQsetnonblocking(database->conn, 1) != 0)
		BUG("PQsetnonblocking: %s", PQerrorMessage(database->conn));
	PQsetErrorVerbosity(database->conn, PQERRORS_DEFAULT);
	return !pooled || database_exec(database, "SET DateStyle TO ISO", err);
}

bool database_open(
	const struct database_options *options, struct database **ret_database, struct err *err)
{
	struct buf settings;
	buf_init(&settings, MAX_CONNINFO);
	if (!user_options(options->conninfo ? options->conninfo : "", &settings, err)) {
		buf_release(&settings);
		return false;
	}
	buf_append_text(&settings, OUR_OPTIONS);
	struct database *database = calloc(1, sizeof(*database));
	if (!database)
		BUG("out of memory");
	database->connect_ms = options->connect_ms ? options->connect_ms : 10000;
	database->statement_ms = options->statement_ms;
	database->stop_grace_ms = options->stop_grace_ms ? options->stop_grace_ms : 5000;
	bool good = connect_session(database, options, buf_text(&settings), err);
	buf_release(&settings);
	if (!good) {
		database_close(database);
		return false;
	}
	*ret_database = database;
	return true;
}

void database_close(struct database *database)
{
	if (!database)
		return;
	PQfinish(database->conn);
	free(database);
}
