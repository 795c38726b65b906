/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/redeliver.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/stop.h"
#include "kafka/admin.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "penstock_worker_sql.h"
#include "record/chunk.h"

#define LETTER_MAX_BYTES "16777216" /* as the dead topic takes */

static const int64_t kafka_ms = 10000;
static const int64_t poll_ms = 200;
static const int64_t silence_us = 60 * INT64_C(1000000);
static const int64_t close_ms = 5000;

struct run {
	const struct redelivery *redelivery;
	struct letter *letters; /* sorted by topic, partition and offset */
	size_t count;
	size_t found;
	struct kafka_partition *ends; /* of the dead topic; `offset`: the next to come */
	int64_t *seen;		      /* the next one to read, by partition */
	int32_t partitions;
	struct kafka_consumer *consumer;
	struct kafka_producer *producer;
};

/* ---- which ---- */

static bool read_letters(struct run *run, struct database_rows **ret_rows, struct err *err)
{
	const char *const values[] = {run->redelivery->dataset, run->redelivery->file};
	struct database_rows *rows = NULL;
	if (!database_query(run->redelivery->database, sql_rebuild_letters, values, 2, &rows, err))
		return false;
	run->count = database_row_count(rows);
	run->letters = calloc(run->count + 1, sizeof(*run->letters));
	if (!run->letters)
		BUG("out of memory");
	for (size_t i = 0; i < run->count; i++)
		run->letters[i] = (struct letter){.topic = database_text(rows, i, 0),
			.partition = (int32_t)database_int(rows, i, 1),
			.offset = database_int(rows, i, 2),
			.dataset = database_text(rows, i, 3),
			.file = database_text(rows, i, 4),
			.file_id = database_int(rows, i, 5),
			.reason = database_text(rows, i, 6)};
	*ret_rows = rows;
	return true;
}

/* A header's value as terminated text; false when there is none, or a longer one. */
static bool header_text(
	const struct kafka_message *message, const char *name, char *ret_text, size_t size)
{
	size_t len = 0;
	const char *value = kafka_message_header(message, name, &len);
	if (!value || len >= size)
		return false;
	memcpy(ret_text, value, len);
	ret_text[len] = '\0';
	return true;
}

static struct letter *find(struct run *run, const struct kafka_message *message)
{
	char topic[256];
	char partition[24];
	char offset[24];
	if (!header_text(message, "__connect.errors.topic", topic, sizeof(topic)) ||
		!header_text(message, "__connect.errors.partition", partition, sizeof(partition)) ||
		!header_text(message, "__connect.errors.offset", offset, sizeof(offset)))
		return NULL;
	for (size_t i = 0; i < run->count; i++) {
		struct letter *letter = &run->letters[i];
		if (letter->offset == strtoll(offset, NULL, 10) &&
			letter->partition == (int32_t)strtol(partition, NULL, 10) &&
			strcmp(letter->topic, topic) == 0)
			return letter;
	}
	return NULL;
}

/* ---- sending ---- */

static void acknowledged(
	void *context, uint64_t tag, int32_t partition, int64_t offset, size_t payload_len)
{
	(void)context;
	(void)tag;
	(void)partition;
	(void)offset;
	(void)payload_len;
}

static bool note_sent(struct run *run, const struct letter *letter, struct err *err)
{
	char partition[16];
	char offset[24];
	snprintf(partition, sizeof(partition), "%" PRId32, letter->partition);
	snprintf(offset, sizeof(offset), "%" PRId64, letter->offset);
	const char *const values[] = {letter->topic, partition, offset};
	return database_run(
		run->redelivery->database, sql_rebuild_letter_sent, values, 3, NULL, err);
}

/* What is a chunk gets a chunk's headers again. */
static bool send(struct run *run, const struct letter *letter, const struct kafka_message *message,
	struct err *err)
{
	struct chunk_header texts[CHUNK_HEADERS];
	struct kafka_header headers[CHUNK_HEADERS];
	struct chunk chunk;
	struct err ignored;
	size_t count = 0;
	if (chunk_open(message->payload, message->len, &chunk, &ignored))
		count = chunk_headers(&chunk.info, texts);
	for (size_t i = 0; i < count; i++)
		headers[i] = (struct kafka_header){
			texts[i].name, texts[i].value, strlen(texts[i].value)};
	const struct kafka_outgoing outgoing = {.topic = letter->topic,
		.partition = letter->partition,
		.key = message->key,
		.key_len = message->key_len,
		.headers = headers,
		.header_count = count,
		.payload = message->payload,
		.payload_len = message->len};
	if (!kafka_producer_send(run->producer, &outgoing, err) ||
		!kafka_producer_flush(run->producer, err))
		return false;
	fault_point("replay.letter_sent");
	return note_sent(run, letter, err);
}

static bool take(struct run *run, const struct kafka_message *message, struct err *err)
{
	struct letter *letter = find(run, message);
	size_t len = 0;
	if (!letter || letter->fate == LETTER_SENT)
		return true;
	run->found += letter->fate == LETTER_LOST;
	if (kafka_message_header(message, "penstock.omitted.bytes", &len)) {
		letter->fate = LETTER_OMITTED;
		return true;
	}
	letter->fate = LETTER_SENT;
	return run->redelivery->dry_run || send(run, letter, message, err);
}

/* ---- reading the dead topic ---- */

static bool read_ends(struct run *run, struct err *err)
{
	const char *topic = run->redelivery->dead_topic;
	struct kafka_admin *admin = NULL;
	if (!kafka_admin_open(&run->redelivery->kafka, &admin, err))
		return false;
	bool ok = kafka_admin_partitions(admin, topic, kafka_ms, &run->partitions, err);
	size_t n = ok ? (size_t)run->partitions : 0;
	run->ends = calloc(n + 1, sizeof(*run->ends));
	run->seen = calloc(n + 1, sizeof(*run->seen));
	struct kafka_partition *starts = calloc(n + 1, sizeof(*starts));
	if (!run->ends || !run->seen || !starts)
		BUG("out of memory");
	for (size_t i = 0; i < n; i++)
		run->ends[i] = starts[i] =
			(struct kafka_partition){topic, (int32_t)i, KAFKA_NO_OFFSET};
	ok = ok && (n == 0 || (kafka_admin_ends(admin, run->ends, n, kafka_ms, err) &&
				      kafka_admin_starts(admin, starts, n, kafka_ms, err)));
	for (size_t i = 0; ok && i < n; i++)
		run->seen[i] = starts[i].offset;
	free(starts);
	kafka_admin_close(admin);
	return ok;
}

static bool is_read(const struct run *run)
{
	for (int32_t i = 0; i < run->partitions; i++)
		if (run->seen[i] < run->ends[i].offset)
			return false;
	return true;
}

static bool read_topic(struct run *run, struct err *err)
{
	int64_t heard_us = clock_monotonic_us();
	while (!is_read(run) && run->found < run->count) {
		struct kafka_message *message = NULL;
		if (stop_requested())
			return err_fail(err, ERR_RETRY, "stopped");
		if (!kafka_consumer_poll(run->consumer, poll_ms, &message, err))
			return false;
		if (!message && clock_monotonic_us() - heard_us > silence_us)
			return err_fail(err, ERR_RETRY, "nothing comes from topic %s",
				run->redelivery->dead_topic);
		if (!message)
			continue;
		heard_us = clock_monotonic_us();
		if (message->partition < run->partitions)
			run->seen[message->partition] = message->offset + 1;
		bool ok = take(run, message, err);
		kafka_message_free(message);
		if (!ok)
			return false;
	}
	return true;
}

/* A group of its own, which commits nothing: the topic is read from its start. */
static bool open_clients(struct run *run, struct err *err)
{
	const struct kafka_settings *kafka = &run->redelivery->kafka;
	struct kafka_property *properties = calloc(kafka->count + 2, sizeof(*properties));
	const struct kafka_rebalance none = {0};
	char group[300];
	if (!properties)
		BUG("out of memory");
	snprintf(group, sizeof(group), "%.200s-replay-%d", kafka_property(kafka, "group.id"),
		(int)getpid());
	for (size_t i = 0; i < kafka->count; i++)
		properties[i] = kafka->properties[i];
	properties[kafka->count] = (struct kafka_property){"group.id", group};
	properties[kafka->count + 1] =
		(struct kafka_property){"message.max.bytes", LETTER_MAX_BYTES};
	const struct kafka_settings settings = {properties, kafka->count + 2, kafka->client_id};
	bool ok = kafka_consumer_open(
			  &settings, &run->redelivery->dead_topic, 1, &none, &run->consumer, err) &&
		  kafka_producer_open(&settings, 0, acknowledged, NULL, &run->producer, err);
	free(properties);
	return ok;
}

static void tell(const struct run *run)
{
	for (size_t i = 0; i < run->count; i++)
		run->redelivery->told(run->redelivery->context, &run->letters[i]);
}

bool redeliver(const struct redelivery *redelivery, struct err *err)
{
	struct run run = {.redelivery = redelivery};
	struct database_rows *rows = NULL;
	if (!read_letters(&run, &rows, err))
		return false;
	bool ok = run.count == 0 ||
		  (read_ends(&run, err) &&
			  (is_read(&run) || (open_clients(&run, err) && read_topic(&run, err))));
	if (ok)
		tell(&run);
	if (run.producer)
		kafka_producer_close(run.producer);
	/* One that hangs ends with the process, which is about to. */
	bool closed = !run.consumer || kafka_consumer_close(run.consumer, close_ms);
	(void)closed;
	free(run.ends);
	free(run.seen);
	free(run.letters);
	database_rows_free(rows);
	return ok;
}
