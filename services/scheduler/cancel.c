/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/cancel.h"

#include <inttypes.h>
#include <pwd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "penstock_scheduler_sql.h"
#include "postgres/migrate.h"
#include "scheduler/scheduler.h"

#define POLL_MS	    100
#define PATIENCE_MS 30000

struct id {
	char text[24];
};

static const char *print(struct id *id, int64_t value)
{
	snprintf(id->text, sizeof(id->text), "%" PRId64, value);
	return value ? id->text : NULL;
}

bool cancel_ask(struct database *database, const struct cancel_request *request,
	int64_t *ret_run_id, struct err *err)
{
	struct id ids[2];
	struct database_rows *rows = NULL;
	const char *parameters[] = {
		request->by, print(&ids[0], request->run_id), print(&ids[1], request->replacing)};
	if (!database_query(database, sql_scheduler_run_cancel, parameters, 3, &rows, err))
		return false;
	if (ret_run_id)
		*ret_run_id = database_row_count(rows) ? database_int(rows, 0, 0) : 0;
	database_rows_free(rows);
	return true;
}

bool cancel_signal(struct database *database, int64_t run_id, struct err *err)
{
	struct id id;
	const char *parameters[] = {print(&id, run_id)};
	return database_run(database, sql_scheduler_run_signal, parameters, 1, NULL, err);
}

/* "anna@laptop" */
static void name_person(char *ret_name, size_t size)
{
	char host[128] = "";
	const struct passwd *user = getpwuid(geteuid());
	gethostname(host, sizeof(host) - 1);
	snprintf(ret_name, size, "%s@%s", user ? user->pw_name : "somebody", host);
}

static bool read_state(struct database *database, int64_t run_id, struct arena *arena,
	const char **ret_state, struct err *err)
{
	struct id id;
	struct database_rows *rows = NULL;
	const char *parameters[] = {print(&id, run_id)};
	if (!database_query(database, "SELECT state FROM penstock.run WHERE run_id = $1::bigint",
		    parameters, 1, &rows, err))
		return false;
	*ret_state = database_row_count(rows) ? arena_strdup(arena, database_text(rows, 0, 0)) : "";
	database_rows_free(rows);
	return true;
}

/* Until the run has ended; its state then, or what it still is when nobody's patience lasts. */
static bool wait_end(struct database *database, int64_t run_id, struct arena *arena,
	const char **ret_state, struct err *err)
{
	int64_t deadline = clock_monotonic_us() + PATIENCE_MS * INT64_C(1000);
	for (;;) {
		if (!cancel_signal(database, run_id, err) ||
			!read_state(database, run_id, arena, ret_state, err))
			return false;
		bool open = strcmp(*ret_state, "running") == 0 || strcmp(*ret_state, "queued") == 0;
		if (!open || clock_monotonic_us() >= deadline || stop_wait_ms(POLL_MS))
			return true;
	}
}

static bool cancel(struct database *database, int64_t wanted, struct arena *arena,
	int64_t *ret_run_id, struct err *err)
{
	char name[192];
	const char *state = "";
	int64_t run_id = 0;
	name_person(name, sizeof(name));
	const struct cancel_request request = {.by = name, .run_id = wanted};
	if (!cancel_ask(database, &request, &run_id, err))
		return false;
	if (!run_id && !wanted)
		return err_fail(err, ERR_FATAL, "no run is under way: nothing to cancel");
	if (run_id ? !wait_end(database, run_id, arena, &state, err)
		   : !read_state(database, wanted, arena, &state, err))
		return false;
	if (!*state)
		return err_usage(err, "there is no run %" PRId64 ": see penstock status", wanted);
	if (!run_id)
		return err_fail(err, ERR_FATAL, "run %" PRId64 " has ended already: it is %s",
			wanted, state);
	if (strcmp(state, "cancelled") != 0)
		return err_fail(err, ERR_FATAL,
			"run %" PRId64 " was asked to end, but is %s: it publishes nothing in any "
			"case; see penstock status",
			run_id, state);
	*ret_run_id = run_id;
	return true;
}

bool cancel_once(const struct config *config, int64_t run_id, int64_t *ret_run_id, struct err *err)
{
	const struct database_options options = {
		.conninfo = config->postgres, .application = "penstock cancel"};
	struct database *database = NULL;
	struct arena arena;
	arena_init(&arena, (size_t)1 << 20);
	bool ok = database_open(&options, &database, err) && migrate_check(database, err) &&
		  cancel(database, run_id, &arena, ret_run_id, err);
	database_close(database);
	arena_release(&arena);
	return ok;
}
