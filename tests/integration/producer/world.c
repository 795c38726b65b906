/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "support/cmocka_all.h"
#include "support/folder.h"

static const char topic_name[] = "t.orders";
static const int64_t patience_us = 60 * INT64_C(1000000);

static const char schema[] =
	"{\"type\":\"record\",\"name\":\"orders\",\"fields\":["
	"{\"name\":\"id\",\"type\":\"long\"},"
	"{\"name\":\"customer\",\"type\":\"string\"},"
	"{\"name\":\"amount\",\"type\":[\"null\",\"double\"],\"default\":null}]}";

static void open_broker(struct world *world)
{
	struct err err = {0};
	const struct embedded_topic topics[] = {{topic_name, WORLD_PARTITIONS}};
	assert_ok(embedded_broker_open(topics, 1, &world->broker, &err));
}

int world_open(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	snprintf(world->folder, sizeof(world->folder), "/tmp/penstock-test-XXXXXX");
	if (!world || !mkdtemp(world->folder))
		return -1;
	/* The machine's own settings must not add to a test. */
	static const char *const unset[] = {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE",
		"PGPASSWORD", "DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS"};
	for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++)
		unsetenv(unset[i]);
	open_broker(world);
	world_configure(world, embedded_broker_address(world->broker), "");
	*state = world;
	return 0;
}

int world_close(void **state)
{
	struct world *world = *state;
	embedded_broker_close(world->broker);
	nftw(world->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

void world_lose_broker(struct world *world)
{
	embedded_broker_close(world->broker);
	open_broker(world);
}

void world_configure(const struct world *world, const char *bootstrap, const char *more)
{
	struct buf text;
	buf_init(&text, 1 << 16);
	buf_printf(&text,
		"kafka: {bootstrap.servers: \"%s\", group.id: t}\n"
		"inbox: inbox\narchive: archive\ntopics: {prefix: \"t.\", partitions: %d}\n"
		"datasets:\n  orders:\n    schema: orders.avsc\n"
		"    files: [\"orders*.csv\", \"orders*.csv.gz\"]\n    table: raw.orders\n"
		"    key: [id]\n    chunk_bytes: 16KiB\n%s",
		bootstrap, WORLD_PARTITIONS, more);
	world_text(world, "penstock.yml", buf_text(&text));
	world_text(world, "orders.avsc", schema);
	buf_release(&text);
}

/* ---- files ---- */

const char *world_path(const struct world *world, const char *fmt, ...)
{
	static char paths[4][512];
	static unsigned turn;
	char *path = paths[turn++ % 4];
	int n = snprintf(path, sizeof(paths[0]), "%s/", world->folder);
	va_list args;
	va_start(args, fmt);
	vsnprintf(path + n, sizeof(paths[0]) - (size_t)n, fmt, args);
	va_end(args);
	return path;
}

void world_file(const struct world *world, const char *name, const void *data, size_t n)
{
	struct err err = {0};
	char folder[512];
	snprintf(folder, sizeof(folder), "%s", world_path(world, "%s", name));
	*strrchr(folder, '/') = '\0';
	assert_ok(file_make_folder(folder, &err));
	const char *staged = world_path(world, ".staged");
	assert_ok(file_replace(staged, data, n, &err));
	assert_int_equal(rename(staged, world_path(world, "%s", name)), 0);
}

void world_text(const struct world *world, const char *name, const char *text)
{
	world_file(world, name, text, strlen(text));
}

char *world_orders(int first, int count, size_t *ret_n)
{
	struct buf text;
	buf_init(&text, 64 << 20);
	buf_append_text(&text, "id,customer,amount\n");
	for (int i = first; i < first + count; i++)
		buf_printf(&text, "%d,customer number %d,%d.25\n", i, i % 97, i % 1000);
	char *copy = malloc(text.len + 1);
	memcpy(copy, buf_text(&text), text.len + 1);
	*ret_n = text.len;
	buf_release(&text);
	return copy;
}

bool world_exists(const struct world *world, const char *name)
{
	return access(world_path(world, "%s", name), F_OK) == 0;
}

static bool has_files(const char *folder)
{
	DIR *dir = opendir(folder);
	bool found = false;
	for (const struct dirent *entry; dir && !found && (entry = readdir(dir));) {
		char path[512];
		struct stat st;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (lstat(path, &st) == 0)
			found = S_ISDIR(st.st_mode) ? has_files(path) : true;
	}
	if (dir)
		closedir(dir);
	return found;
}

bool world_inbox_empty(void *world)
{
	return !has_files(world_path(world, "inbox"));
}

int world_count_in(const struct world *world, const char *name, const char *part)
{
	struct err err = {0};
	struct buf text;
	buf_init(&text, 64 << 20);
	assert_ok(file_read(world_path(world, "%s", name), &text, &err));
	int count = 0;
	for (const char *at = buf_text(&text); (at = strstr(at, part)); at += strlen(part))
		count++;
	buf_release(&text);
	return count;
}

/* ---- the program ---- */

#define MAX_WORDS 16

static pid_t spawn(const struct world *world, const char *fault, const char *out, const char *error,
	va_list words)
{
	const char *program = getenv("PENSTOCK");
	assert_non_null(program);
	const char *argv[MAX_WORDS + 4] = {program, "-C", world->folder};
	size_t count = 3;
	for (const char *word; (word = va_arg(words, const char *)) && count < MAX_WORDS;)
		argv[count++] = word;
	pid_t parent = getpid();
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	if (fault)
		setenv("PENSTOCK_FAULT", fault, 1);
	int out_fd = open(out, O_CREAT | O_WRONLY | O_APPEND, 0600);
	int err_fd =
		strcmp(out, error) == 0 ? out_fd : open(error, O_CREAT | O_WRONLY | O_APPEND, 0600);
	dup2(out_fd, STDOUT_FILENO);
	dup2(err_fd, STDERR_FILENO);
	execv(program, (char *const *)argv);
	_exit(127);
}

int world_wait(pid_t pid)
{
	int status = 0;
	int64_t deadline = clock_monotonic_us() + 2 * patience_us;
	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);
		if (ended == pid)
			break;
		if (clock_monotonic_us() > deadline) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			fail_msg("the program did not end in time");
		}
		usleep(5000);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void read_text(const char *path, char *to, size_t size)
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	to[fread(to, 1, size - 1, file)] = '\0';
	fclose(file);
	unlink(path);
}

void world_run(const struct world *world, const char *fault, struct outcome *ret_outcome, ...)
{
	char out[512];
	char error[512];
	snprintf(out, sizeof(out), "%s", world_path(world, ".out"));
	snprintf(error, sizeof(error), "%s", world_path(world, ".err"));
	va_list words;
	va_start(words, ret_outcome);
	pid_t pid = spawn(world, fault, out, error, words);
	va_end(words);
	ret_outcome->code = world_wait(pid);
	read_text(out, ret_outcome->out, sizeof(ret_outcome->out));
	read_text(error, ret_outcome->err, sizeof(ret_outcome->err));
}

pid_t world_start(const struct world *world, const char *fault, const char *log, ...)
{
	char path[512];
	snprintf(path, sizeof(path), "%s", world_path(world, "%s", log));
	va_list words;
	va_start(words, log);
	pid_t pid = spawn(world, fault, path, path, words);
	va_end(words);
	return pid;
}

int world_stop(pid_t pid)
{
	kill(pid, SIGTERM);
	return world_wait(pid);
}

void world_until(bool (*holds)(void *context), void *context, const char *what)
{
	int64_t deadline = clock_monotonic_us() + patience_us;
	while (!holds(context)) {
		if (clock_monotonic_us() > deadline)
			fail_msg("not in time: %s", what);
		usleep(5000);
	}
}

/* ---- the topic ---- */

static rd_kafka_t *open_reader(const struct world *world)
{
	char why[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const char *servers = embedded_broker_address(world->broker);
	rd_kafka_conf_set(conf, "bootstrap.servers", servers, why, sizeof(why));
	rd_kafka_conf_set(conf, "group.id", "none", why, sizeof(why));
	rd_kafka_t *reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	assert_non_null(reader);
	return reader;
}

/* Assigned by hand: a group takes seconds to settle. Returns how many messages there are. */
static size_t read_from_start(rd_kafka_t *reader)
{
	int64_t count = 0;
	rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(WORLD_PARTITIONS);
	for (int32_t i = 0; i < WORLD_PARTITIONS; i++) {
		int64_t low = 0;
		int64_t end = 0;
		assert_int_equal(
			rd_kafka_query_watermark_offsets(reader, topic_name, i, &low, &end, 30000),
			0);
		assert_int_equal(low, 0); /* the embedded broker dropped nothing */
		count += end;
		rd_kafka_topic_partition_list_add(all, topic_name, i)->offset = 0;
	}
	assert_int_equal(rd_kafka_assign(reader, all), 0);
	rd_kafka_topic_partition_list_destroy(all);
	return (size_t)count;
}

static void take(struct topic *topic, const rd_kafka_message_t *message)
{
	struct err err = {0};
	struct chunk chunk;
	struct message *to = &topic->messages[topic->count++];
	assert_ok(chunk_open(message->payload, message->len, &chunk, &err));
	to->info = chunk.info;
	to->rejects = chunk.reject_count;
	to->partition = message->partition;
	to->offset = message->offset;
	to->len = message->len;
	to->payload = malloc(message->len);
	memcpy(to->payload, message->payload, message->len);
	char key[24];
	snprintf(key, sizeof(key), "%lld", (long long)chunk.info.file_id);
	assert_int_equal(message->key_len, strlen(key));
	assert_memory_equal(message->key, key, strlen(key));
	rd_kafka_headers_t *headers = NULL;
	const void *name = NULL;
	size_t n = 0;
	assert_int_equal(rd_kafka_message_headers(message, &headers), 0);
	assert_int_equal(rd_kafka_header_get_last(headers, "penstock.name", &name, &n), 0);
	assert_int_equal(n, strlen(chunk.info.name));
	assert_memory_equal(name, chunk.info.name, n);
}

void topic_read(const struct world *world, struct topic *ret_topic)
{
	rd_kafka_t *reader = open_reader(world);
	size_t wanted = read_from_start(reader);
	*ret_topic = (struct topic){.messages = calloc(wanted + 1, sizeof(struct message))};
	int64_t deadline = clock_monotonic_us() + patience_us;
	while (ret_topic->count < wanted && clock_monotonic_us() < deadline) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, 100);
		if (message && !message->err)
			take(ret_topic, message);
		if (message)
			rd_kafka_message_destroy(message);
	}
	assert_int_equal(ret_topic->count, wanted);
	rd_kafka_consumer_close(reader);
	rd_kafka_destroy(reader);
}

void topic_release(struct topic *topic)
{
	for (size_t i = 0; i < topic->count; i++)
		free(topic->messages[i].payload);
	free(topic->messages);
}

/* The first message of that chunk of that publication. */
static const struct message *chunk_of(const struct topic *topic, const char *name, int64_t chunk)
{
	for (size_t i = 0; i < topic->count; i++)
		if (topic->messages[i].info.chunk == chunk &&
			strcmp(topic->messages[i].info.name, name) == 0)
			return &topic->messages[i];
	return NULL;
}

size_t topic_check(const struct topic *topic, const char *name, int64_t rows, int64_t bytes)
{
	size_t count = 0;
	int64_t chunks = 0;
	for (size_t i = 0; i < topic->count; i++) {
		const struct message *message = &topic->messages[i];
		if (strcmp(message->info.name, name) != 0)
			continue;
		const struct message *first = chunk_of(topic, name, message->info.chunk);
		assert_int_equal(message->info.file_id, first->info.file_id);
		assert_int_equal(message->partition, first->partition);
		assert_int_equal(message->len, first->len);
		assert_memory_equal(message->payload, first->payload, first->len);
		chunks = message->info.chunks ? message->info.chunks : chunks;
		count++;
	}
	int64_t sum = 0;
	int64_t end = 0;
	assert_true(chunks > 0);
	const struct message *zero = chunk_of(topic, name, 0);
	for (int64_t i = 0; i < chunks; i++) {
		const struct message *message = chunk_of(topic, name, i);
		assert_non_null(message);
		assert_int_equal(message->info.file_id, zero->info.file_id);
		assert_int_equal(message->info.start, end);
		end = message->info.end;
		sum += message->info.rows;
	}
	assert_null(chunk_of(topic, name, chunks));
	assert_int_equal(sum, rows);
	assert_int_equal(end, bytes);
	return count;
}
