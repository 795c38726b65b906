/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/leader.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "postgres/database.h"

#define PING_MS	   5000
#define STANDBY_MS 2000
#define SESSION	   "SET idle_session_timeout = '15s'"
#define TRY_LOCK   "SELECT pg_try_advisory_lock(hashtextextended('penstock.leader', 0))"
#define RAISE                                                                                      \
	"INSERT INTO penstock.leader (name, generation, holder) VALUES ('scheduler', 1, $1) "      \
	"ON CONFLICT (name) DO UPDATE SET generation = penstock.leader.generation + 1, "           \
	"holder = excluded.holder, since = now() RETURNING generation"

struct leader {
	const char *conninfo;
	pthread_t thread;
	int closing; /* eventfd: readable once leader_stop was called */
	struct database *database;
	unsigned failures; /* in a row */
	bool stood_by;	   /* said once */
	pthread_mutex_t mutex;
	bool holds;	    /* under the mutex */
	int64_t generation; /* under the mutex */
};

static void set_state(struct leader *leader, bool holds, int64_t generation)
{
	pthread_mutex_lock(&leader->mutex);
	leader->holds = holds;
	leader->generation = generation;
	pthread_mutex_unlock(&leader->mutex);
}

bool leader_holds(struct leader *leader, int64_t *ret_generation)
{
	pthread_mutex_lock(&leader->mutex);
	bool holds = leader->holds;
	if (holds)
		*ret_generation = leader->generation;
	pthread_mutex_unlock(&leader->mutex);
	return holds;
}

static bool raise_generation(struct leader *leader, struct err *err)
{
	char host[128] = "";
	char holder[192];
	struct database_rows *rows = NULL;
	gethostname(host, sizeof(host) - 1);
	snprintf(holder, sizeof(holder), "%s:%ld", host, (long)getpid());
	const char *parameters[] = {holder};
	if (!database_query(leader->database, RAISE, parameters, 1, &rows, err))
		return false;
	int64_t generation = database_int(rows, 0, 0);
	database_rows_free(rows);
	set_state(leader, true, generation);
	leader->stood_by = false;
	log_info("leading", log_int("generation", generation));
	return true;
}

static bool stand_by(struct leader *leader, struct err *err)
{
	struct database_rows *rows = NULL;
	if (leader->stood_by)
		return true;
	if (!database_query(leader->database,
		    "SELECT holder FROM penstock.leader WHERE name = 'scheduler'", NULL, 0, &rows,
		    err))
		return false;
	log_info("standing by: another scheduler leads",
		log_str("leader", database_row_count(rows) ? database_text(rows, 0, 0) : ""));
	database_rows_free(rows);
	leader->stood_by = true;
	return true;
}

/* One try for the lock; standing by is no failure. */
static bool stand(struct leader *leader, struct err *err)
{
	const struct database_options options = {
		.conninfo = leader->conninfo, .application = "penstock leader"};
	struct database_rows *rows = NULL;
	if (!leader->database && (!database_open(&options, &leader->database, err) ||
					 !database_exec(leader->database, SESSION, err)))
		return false;
	if (!database_query(leader->database, TRY_LOCK, NULL, 0, &rows, err))
		return false;
	bool won = database_bool(rows, 0, 0);
	database_rows_free(rows);
	return won ? raise_generation(leader, err) : stand_by(leader, err);
}

static bool ping(struct leader *leader, struct err *err)
{
	return database_exec(leader->database, "SELECT", err);
}

/* What can no longer be trusted is let go of, lock and all. */
static int64_t step_down(struct leader *leader, bool held, const struct err *err)
{
	if (!stop_requested())
		log_err(LOG_WARN, held ? "leadership is lost" : "cannot stand for election", err);
	set_state(leader, false, 0);
	database_close(leader->database);
	leader->database = NULL;
	return clock_backoff_ms(leader->failures++, 500, 15000);
}

static void *serve(void *context)
{
	struct leader *leader = context;
	int64_t wait_ms = 0;
	while (!stop_wait_fd(leader->closing, wait_ms)) {
		struct err err;
		uint64_t closing = 0;
		int64_t generation = 0;
		if (read(leader->closing, &closing, sizeof(closing)) > 0)
			break;
		bool held = leader_holds(leader, &generation);
		if (held ? !ping(leader, &err) : !stand(leader, &err)) {
			wait_ms = step_down(leader, held, &err);
			continue;
		}
		leader->failures = 0;
		wait_ms = leader_holds(leader, &generation) ? PING_MS : STANDBY_MS;
	}
	return NULL;
}

bool leader_start(const char *conninfo, struct leader **ret_leader, struct err *err)
{
	struct leader *leader = calloc(1, sizeof(*leader));
	if (!leader)
		BUG("out of memory");
	leader->conninfo = conninfo;
	leader->closing = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (leader->closing < 0) {
		err_fail_errno(err, ERR_FATAL, "eventfd");
		free(leader);
		return false;
	}
	pthread_mutex_init(&leader->mutex, NULL);
	int code = pthread_create(&leader->thread, NULL, serve, leader);
	if (code != 0) {
		errno = code;
		err_fail_errno(err, ERR_FATAL, "starting a thread");
		close(leader->closing);
		pthread_mutex_destroy(&leader->mutex);
		free(leader);
		return false;
	}
	*ret_leader = leader;
	return true;
}

void leader_stop(struct leader *leader)
{
	if (!leader)
		return;
	uint64_t one = 1;
	if (write(leader->closing, &one, sizeof(one)) != sizeof(one))
		BUG("an eventfd cannot be full");
	pthread_join(leader->thread, NULL);
	database_close(leader->database);
	close(leader->closing);
	pthread_mutex_destroy(&leader->mutex);
	free(leader);
}
