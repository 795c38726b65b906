/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conflicting versions of keys, against an oracle in plain SQL over a table of all versions: the
 * winner is the row that no other version beats. Orders and groups are drawn from a fixed seed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_bench.h"

#define FILES	 6
#define CHUNKS	 4
#define ROWS	 12
#define KEYS	 40
#define MESSAGES (FILES * CHUNKS)
#define THREADS	 4

static const struct {
	enum conflict_rule rule;
	const char *name;
	const char *beats; /* w beats v */
} rules[] = {
	{CONFLICT_LAST, "last", "w._file > v._file OR (w._file = v._file AND w._row > v._row)"},
	{CONFLICT_FIRST, "first", "w._file < v._file OR (w._file = v._file AND w._row < v._row)"},
	{CONFLICT_GREATEST, "greatest",
		"(coalesce(w.v, -1), w._file, w._row) > (coalesce(v.v, -1), v._file, v._row)"},
};

static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (*seed >> 11) % below;
}

struct world {
	struct bench bench;
	struct message messages[MESSAGES];
	char notes[MESSAGES][ROWS][16];
};

static void add_version(struct world *world, const struct bench_row *row, int file, int number)
{
	char v[24] = "NULL";
	if (row->v != NO_VALUE)
		snprintf(v, sizeof(v), "%lld", (long long)row->v);
	sql_exec(world->bench.database, "INSERT INTO versions VALUES (%lld, %s, '%s', %d, %d)",
		(long long)row->k, v, row->note, file, number);
}

/* Values are few, so that many are equal, and one in four is null. */
static void make_messages(struct world *world, uint64_t *seed)
{
	for (int i = 0; i < MESSAGES; i++) {
		struct bench_row rows[ROWS];
		int file = i / CHUNKS + 1;
		int chunk = i % CHUNKS;
		for (int j = 0; j < ROWS; j++) {
			int number = chunk * ROWS + j + 1;
			snprintf(world->notes[i][j], sizeof(world->notes[i][j]), "%d.%d", file,
				number);
			rows[j] = (struct bench_row){(int64_t)draw(seed, KEYS),
				draw(seed, 4) == 0 ? NO_VALUE : (int64_t)draw(seed, 3),
				world->notes[i][j]};
			add_version(world, &rows[j], file, number);
		}
		message_make(&world->bench,
			&(struct message_spec){.file_id = file,
				.chunk = chunk,
				.first = chunk * ROWS + 1,
				.chunks = chunk == CHUNKS - 1 ? CHUNKS : 0,
				.rows = rows,
				.count = ROWS},
			&world->messages[i]);
	}
}

static struct world *world_open(const char *name, enum conflict_rule rule, uint64_t *seed)
{
	struct world *world = calloc(1, sizeof(*world));
	assert_non_null(world);
	bench_open(&world->bench, name, &(struct bench_options){.rule = rule});
	sql_exec(world->bench.database,
		"CREATE TABLE versions (k bigint, v bigint, note text, _file bigint, _row bigint)");
	make_messages(world, seed);
	return world;
}

static void world_close(struct world *world)
{
	for (size_t i = 0; i < MESSAGES; i++)
		message_release(&world->messages[i]);
	bench_close(&world->bench);
	free(world);
}

static void check(struct world *world, const char *beats, const char *what)
{
	struct database *database = world->bench.database;
	sql_exec(database,
		"CREATE OR REPLACE TEMP VIEW expected AS SELECT * FROM versions v WHERE NOT EXISTS"
		" (SELECT FROM versions w WHERE w.k = v.k AND (%s))",
		beats);
	int64_t wrong = sql_int(database,
		"SELECT count(*) FROM ((TABLE raw.d EXCEPT TABLE expected) UNION ALL"
		" (TABLE expected EXCEPT TABLE raw.d)) x");
	if (wrong)
		fail_msg("%s: %lld rows differ", what, (long long)wrong);
	assert_int_equal(sql_int(database, "SELECT count(*) FROM penstock.chunk"), MESSAGES);
	assert_int_equal(
		sql_int(database, "SELECT files_complete FROM penstock.dataset_status"), FILES);
	/* Every key was fresh exactly once. */
	assert_int_equal(sql_int(database, "SELECT sum(rows - replaced) FROM penstock.chunk"),
		sql_int(database, "SELECT count(*) FROM raw.d"));
}

static void forget_all(struct world *world)
{
	sql_exec(world->bench.database, "TRUNCATE raw.d, penstock.chunk, penstock.file");
}

static void shuffle(const struct message *from, struct message *to, size_t count, uint64_t *seed)
{
	memcpy(to, from, count * sizeof(*to));
	for (size_t i = count; i > 1; i--) {
		size_t j = draw(seed, i);
		struct message swap = to[i - 1];
		to[i - 1] = to[j];
		to[j] = swap;
	}
}

static void any_order_and_grouping_gives_the_rules_winner(void **state)
{
	(void)state;
	uint64_t seed = 20260101;
	for (size_t r = 0; r < 3; r++) {
		struct world *world = world_open(rules[r].name, rules[r].rule, &seed);
		for (int round = 0; round < 8; round++) {
			struct message order[MESSAGES];
			struct err err;
			shuffle(world->messages, order, MESSAGES, &seed);
			forget_all(world);
			for (size_t at = 0; at < MESSAGES;) {
				size_t n = 1 + draw(&seed, 5);
				n = n < MESSAGES - at ? n : MESSAGES - at;
				assert_ok(
					bench_load(&world->bench, order + at, n, NULL, NULL, &err));
				at += n;
			}
			check(world, rules[r].beats, rules[r].name);
			assert_ok(bench_load(&world->bench, order, MESSAGES, NULL, NULL, &err));
			check(world, rules[r].beats, rules[r].name);
		}
		world_close(world);
	}
}

struct job {
	struct world *world;
	uint64_t seed;
	pthread_barrier_t *start;
	char failure[600];
};

static bool load_with_retries(struct job *job, struct bench *bench, struct message *order, size_t n)
{
	struct err err;
	for (int tries = 0; tries < 300; tries++) {
		if (bench_load(bench, order, n, NULL, NULL, &err))
			return true;
		if (err.class != ERR_RETRY)
			break;
	}
	snprintf(job->failure, sizeof(job->failure), "%.500s", err.message);
	return false;
}

/* Each job loads every message, in an order of its own: all but the first of each is a redelivery.
 */
static void *work(void *argument)
{
	struct job *job = argument;
	struct bench bench;
	struct message order[MESSAGES];
	bench_open_other(&bench, &job->world->bench);
	shuffle(job->world->messages, order, MESSAGES, &job->seed);
	pthread_barrier_wait(job->start);
	for (size_t at = 0; at < MESSAGES;) {
		size_t n = 1 + draw(&job->seed, 3);
		n = n < MESSAGES - at ? n : MESSAGES - at;
		if (!load_with_retries(job, &bench, order + at, n))
			break;
		at += n;
	}
	bench_close_other(&bench);
	return NULL;
}

static void run_jobs(struct world *world, uint64_t *seed)
{
	struct job jobs[THREADS];
	pthread_t threads[THREADS];
	pthread_barrier_t start;
	pthread_barrier_init(&start, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){.world = world, .seed = *seed + i * 77 + 1, .start = &start};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < THREADS; i++)
		if (jobs[i].failure[0])
			fail_msg("%s", jobs[i].failure);
	pthread_barrier_destroy(&start);
	draw(seed, 2);
}

static void workers_at_once_give_the_rules_winner(void **state)
{
	(void)state;
	uint64_t seed = 424242;
	for (size_t r = 0; r < 3; r++) {
		char name[40];
		snprintf(name, sizeof(name), "at_once_%s", rules[r].name);
		struct world *world = world_open(name, rules[r].rule, &seed);
		for (int round = 0; round < 4; round++) {
			forget_all(world);
			run_jobs(world, &seed);
			check(world, rules[r].beats, name);
		}
		world_close(world);
	}
}

/*
 * The other version commits while our load waits for its lock: what READ COMMITTED then compares
 * with is the version that was not in our snapshot.
 */
struct waiting {
	struct bench bench;
	struct message *message;
	struct err err;
	bool good;
};

static void *load_waiting(void *argument)
{
	struct waiting *waiting = argument;
	waiting->good = bench_load(&waiting->bench, waiting->message, 1, NULL, NULL, &waiting->err);
	return NULL;
}

static void await_lock(struct database *database)
{
	for (int i = 0; i < 2000; i++) {
		if (sql_int(database, "SELECT count(*) FROM pg_locks WHERE NOT granted") > 0)
			return;
		sql_exec(database, "SELECT pg_sleep(0.005)");
	}
	fail_msg("nobody waits for a lock");
}

static void the_unseen_winner_is_compared_with(void **state)
{
	(void)state;
	static const int64_t values[][2] = {
		{1, 2}, {2, 1}, {1, 1}, {NO_VALUE, 1}, {1, NO_VALUE}, {NO_VALUE, NO_VALUE}};
	for (size_t i = 0; i < 3 * 6 * 2; i++) {
		const int64_t *v = values[i / 3 % 6];
		int mine = i / 18 ? 1 : 2; /* our file id: the other's is 3 - mine */
		struct waiting waiting;
		struct bench bench;
		struct message message;
		pthread_t thread;
		char name[40];
		snprintf(name, sizeof(name), "unseen%zu", i);
		bench_open(&bench, name, &(struct bench_options){.rule = rules[i % 3].rule});
		bench_open_other(&waiting.bench, &bench);
		message_make(&bench,
			&(struct message_spec){.file_id = mine,
				.rows = (struct bench_row[]){{1, v[mine - 1],
					mine == 1 ? "1" : "2"}},
				.count = 1},
			&message);
		waiting.message = &message;
		struct database *watcher = postgres_connect(name);
		char texts[2][24];
		for (int j = 0; j < 2; j++)
			snprintf(texts[j], sizeof(texts[j]), v[j] == NO_VALUE ? "NULL" : "%lld",
				(long long)v[j]);
		sql_exec(bench.database, "BEGIN; INSERT INTO raw.d VALUES (1, %s, '%d', %d, 1)",
			texts[2 - mine], 3 - mine, 3 - mine);
		assert_int_equal(pthread_create(&thread, NULL, load_waiting, &waiting), 0);
		await_lock(watcher);
		sql_exec(bench.database, "COMMIT");
		pthread_join(thread, NULL);
		if (!waiting.good)
			fail_msg("%s", waiting.err.message);
		sql_exec(watcher,
			"CREATE TABLE versions AS SELECT 1::bigint AS k, v::bigint, f::text AS "
			"note,"
			" f::bigint AS _file, 1::bigint AS _row FROM (VALUES (%s, 1), (%s, 2)) x "
			"(v, f)",
			texts[0], texts[1]);
		assert_int_equal(
			sql_int(watcher,
				"SELECT count(*) FROM raw.d d JOIN versions v USING (k, note)"
				" WHERE NOT EXISTS (SELECT FROM versions w WHERE %s)",
				rules[i % 3].beats),
			1);
		database_close(watcher);
		message_release(&message);
		bench_close_other(&waiting.bench);
		bench_close(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_and_grouping_gives_the_rules_winner),
		cmocka_unit_test(workers_at_once_give_the_rules_winner),
		cmocka_unit_test(the_unseen_winner_is_compared_with),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
