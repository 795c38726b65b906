/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dataset `d` with rows (k long, v [null, long], note string), its table raw.d, and messages for
 * it, without Kafka and configuration files. Each bench has a database of its own.
 */
#ifndef PENSTOCK_TESTS_LOAD_BENCH_H
#define PENSTOCK_TESTS_LOAD_BENCH_H

#include "record/encoder.h"
#include "support/cmocka_all.h"
#include "support/postgres_server.h"
#include "worker/loader.h"

#define NO_VALUE INT64_MIN /* v is null */
#define BENCH_SCHEMA                                                                               \
	"{\"type\":\"record\",\"name\":\"d\",\"fields\":[{\"name\":\"k\",\"type\":\"long\"},"      \
	"{\"name\":\"v\",\"type\":[\"null\",\"long\"],\"default\":null},"                          \
	"{\"name\":\"note\",\"type\":\"string\"}]}"

struct bench {
	const char *name; /* of the database */
	struct database *database;
	struct config_dataset config;
	struct dataset dataset;
	int key_fields[1];
	struct loader *loader;
};

struct bench_options {
	enum conflict_rule rule;
	enum keep_rule keep;
	enum constraint_rule on_constraint;
	bool append_only;
	const char *schema; /* NULL: BENCH_SCHEMA */
};

struct bench_row {
	int64_t k;
	int64_t v;
	const char *note;
};

struct message {
	struct buf bytes;
	int64_t offset;
};

struct message_spec {
	int64_t file_id;
	int64_t chunk;
	int64_t first;	/* 0: 1 */
	int64_t chunks; /* on the last one */
	const struct bench_row *rows;
	size_t count;
	const struct reject *rejects;
	size_t reject_count;
	const struct schema *writer; /* NULL: the dataset's schema */
};

/* Makes database, ledger, table and loader. */
void bench_open(struct bench *bench, const char *name, const struct bench_options *options);
void bench_close(struct bench *bench);
/* The same dataset through another session and loader. */
void bench_open_other(struct bench *bench, const struct bench *like);
void bench_close_other(struct bench *bench);

void message_make(
	const struct bench *bench, const struct message_spec *spec, struct message *ret_message);
void message_release(struct message *message);

/* loader_load of these messages; outcomes (may be NULL) in their order. */
bool bench_load(struct bench *bench, const struct message *messages, size_t count,
	struct load_item *ret_items, struct load_totals *ret_totals, struct err *err);
/* One message that must load; returns its outcome. */
enum load_outcome bench_load_one(struct bench *bench, const struct message_spec *spec);

#endif
