/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A producer's surroundings: the embedded broker in this process, a project folder with one
 * dataset, and the program itself run as a command or as a service.
 */
#ifndef PENSTOCK_TESTS_PRODUCER_WORLD_H
#define PENSTOCK_TESTS_PRODUCER_WORLD_H

#include <sys/types.h>

#include "kafka/embedded.h"
#include "record/chunk.h"

#define WORLD_PARTITIONS 4

struct world {
	char folder[64];
	struct embedded_broker *broker;
};

/* cmocka's setup and teardown; *state is the world. */
int world_open(void **state);
int world_close(void **state);

/* Writes penstock.yml and the schema; `more` is added to dataset orders (may be ""). */
void world_configure(const struct world *world, const char *bootstrap, const char *more);
/* Another broker, empty, in place of the one there is. */
void world_lose_broker(struct world *world);

/* A path below the folder; valid until the fourth call after. */
const char *world_path(const struct world *world, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Moved whole to a name below the folder. */
void world_file(const struct world *world, const char *name, const void *data, size_t n);
void world_text(const struct world *world, const char *name, const char *text);
/* `count` orders as CSV, ids from `first` on; the caller's to free. */
char *world_orders(int first, int count, size_t *ret_n);
bool world_exists(const struct world *world, const char *name);

/* The words of a command line after `penstock`, NULL at the end. Output is kept below. */
struct outcome {
	int code; /* exit code; 128 + signal when killed */
	char out[65536];
	char err[65536];
};
void world_run(const struct world *world, const char *fault, struct outcome *ret_outcome, ...);
/* A service; its log goes to `log` below the folder. */
pid_t world_start(const struct world *world, const char *fault, const char *log, ...);
/* SIGTERM, then the exit code. */
int world_stop(pid_t pid);
/* The exit code of a process that ends by itself: 128 + signal when killed. */
int world_wait(pid_t pid);
/* Waits until the condition holds, at most 30 seconds; fails the test with `what`. */
void world_until(bool (*holds)(void *context), void *context, const char *what);
bool world_inbox_empty(void *world);
/* How often `part` stands in a file. */
int world_count_in(const struct world *world, const char *name, const char *part);

/* What is in the topic, every message checked to be a chunk. */
struct message {
	struct chunk_info info;
	int32_t partition;
	int64_t offset;
	unsigned char *payload;
	size_t len;
	int64_t rejects;
};
struct topic {
	struct message *messages;
	size_t count;
};
void topic_read(const struct world *world, struct topic *ret_topic);
void topic_release(struct topic *topic);
/*
 * The publication called `name` is in the topic once: one file id, chunks 0..n-1 tiling its bytes,
 * repeated chunks equal byte for byte, `rows` rows. Returns how many messages it has.
 */
size_t topic_check(const struct topic *topic, const char *name, int64_t rows, int64_t bytes);

#endif
