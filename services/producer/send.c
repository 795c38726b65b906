/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks leave in order; the manifest says "sent" only after the last acknowledgement. A failure
 * on the way leaves it as it was, and the next try begins at chunk 0: the ledger passes over what
 * it has.
 */
#include "producer/send.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/stop.h"
#include "producer/intake.h"
#include "producer/ledger.h"
#include "producer/source.h"
#include "producer/window.h"
#include "record/chunk.h"

static const int64_t kafka_ms = 5000;

struct sending {
	struct publisher *publisher;
	struct manifest *manifest;
	const char *topic;
	struct source source;
	struct buf message;
	int64_t chunks;
};

/* ---- the manifest ---- */

void publication_describe(const struct content *content, int64_t repeat, struct manifest *manifest)
{
	manifest_release(manifest);
	manifest->dataset = content_dataset(content);
	manifest->sha256 = content->object.sha256;
	manifest->repeat = repeat;
	manifest->name = content->name;
	manifest->size = content->object.size;
	manifest->cutter_version = CUTTER_VERSION;
	manifest->topic = "";
	if (content->dataset) {
		manifest->schema = content->dataset->schema->text;
		manifest->reading = content->dataset->config->reading;
		manifest->reason = "";
	} else {
		manifest->schema = "";
		manifest->state = PUBLICATION_QUARANTINED;
		manifest->reason = content->refused;
	}
}

static bool begin_at(struct publisher *publisher, const struct content *content, int64_t repeat,
	struct manifest *manifest, bool *ret_created, struct err *err)
{
	publication_describe(content, repeat, manifest);
	return manifest_create(publisher->archive, manifest, ret_created, err);
}

bool publication_judge(struct publisher *publisher, const struct content *content, struct err *err)
{
	struct manifest manifest;
	struct source source;
	manifest_init(&manifest);
	publication_describe(content, 0, &manifest);
	manifest.file_id = 1; /* of no consequence */
	bool ok = source_judge(publisher->archive, &manifest, err) &&
		  source_open(publisher->archive, &manifest, &source, err);
	if (ok)
		source_close(&source);
	manifest_release(&manifest);
	return ok;
}

bool publication_begin(struct publisher *publisher, const struct content *content, bool again,
	struct manifest *manifest, bool *ret_created, struct err *err)
{
	const char *dataset = content_dataset(content);
	int64_t last = -1;
	bool found = false;
	if (!manifest_last_repeat(
		    publisher->archive, dataset, content->object.sha256, &last, err) ||
		(last >= 0 && !manifest_load(publisher->archive, dataset, content->object.sha256,
				      last, manifest, &found, err)))
		return false;
	if (!found)
		return begin_at(publisher, content, 0, manifest, ret_created, err);
	/* What was refused for having no dataset and was taken up since is refused anew. */
	bool anew = !content->dataset && manifest->state == PUBLICATION_RETRACTED;
	if (anew || (again && manifest->state != PUBLICATION_PENDING))
		return begin_at(publisher, content, last + 1, manifest, ret_created, err);
	*ret_created = false;
	return true;
}

/* ---- refusing ---- */

static bool quarantine(
	struct publisher *publisher, struct manifest *manifest, const char *reason, struct err *err)
{
	manifest->state = PUBLICATION_QUARANTINED;
	manifest->reason = arena_strdup(&manifest->arena, reason);
	if (!manifest_save(publisher->archive, manifest, err))
		return false;
	fault_point("producer.quarantined");
	ledger_try_note_quarantine(publisher->options->config, manifest);
	return true;
}

/* ---- sending ---- */

static bool count_partitions(struct sending *sending, int32_t *ret_count, struct err *err)
{
	int32_t count = 0;
	if (!kafka_admin_partitions(
		    sending->publisher->admin, sending->topic, kafka_ms, &count, err))
		return false;
	if (count == 0)
		return err_fail(err, ERR_FATAL, "topic %s does not exist: run 'penstock init'",
			sending->topic);
	*ret_count = count;
	return true;
}

/* Neighbouring chunks to neighbouring partitions, from a start that differs by file. */
static int32_t partition_of(const struct chunk_info *info, int32_t count)
{
	uint64_t start = ((uint64_t)info->file_id * UINT64_C(0x9E3779B97F4A7C15)) >> 33;
	return (int32_t)((start + (uint64_t)info->chunk) % (uint64_t)count);
}

static bool send_chunk(struct sending *sending, const struct chunk_info *info, struct err *err)
{
	struct publisher *publisher = sending->publisher;
	struct chunk_header texts[CHUNK_HEADERS];
	struct kafka_header headers[CHUNK_HEADERS];
	size_t count = chunk_headers(info, texts);
	for (size_t i = 0; i < count; i++)
		headers[i] = (struct kafka_header){
			texts[i].name, texts[i].value, strlen(texts[i].value)};
	char key[24];
	int key_len = snprintf(key, sizeof(key), "%" PRId64, info->file_id);
	const struct kafka_outgoing outgoing = {
		.topic = sending->topic,
		.partition = partition_of(info, publisher->delivery.partitions),
		.key = key,
		.key_len = (size_t)key_len,
		.headers = headers,
		.header_count = count,
		.payload = sending->message.data,
		.payload_len = sending->message.len,
		.tag = (uint64_t)info->chunk,
	};
	if (publisher->window &&
		!window_wait(publisher->window, publisher->admin, publisher->producer,
			outgoing.topic, outgoing.partition, outgoing.payload_len, err))
		return false;
	return kafka_producer_send(publisher->producer, &outgoing, err);
}

static void report_progress(const struct sending *sending, bool done)
{
	const struct publish_options *options = sending->publisher->options;
	if (!options->progress)
		return;
	int64_t total = sending->manifest->size;
	int64_t at = done ? total : input_file_position(sending->source.input);
	options->progress(options->context, at < total ? at : total, total,
		cutter_totals(sending->source.cutter).rows);
}

static bool send_all(struct sending *sending, struct err *err)
{
	for (;;) {
		struct chunk_info info;
		bool done = false;
		buf_clear(&sending->message);
		if (!cutter_next(sending->source.cutter, &sending->message, &info, &done, err))
			return false;
		if (done)
			break;
		if (stop_requested())
			return err_fail(err, ERR_RETRY, "stopped");
		if (!send_chunk(sending, &info, err))
			return false;
		sending->chunks++;
		fault_point("producer.chunk");
		report_progress(sending, false);
	}
	if (!kafka_producer_flush(sending->publisher->producer, err))
		return false;
	fault_point("producer.acknowledged");
	report_progress(sending, true);
	return true;
}

static bool record(struct sending *sending, struct err *err)
{
	struct manifest *manifest = sending->manifest;
	const struct delivery *delivery = &sending->publisher->delivery;
	struct cutter_totals totals = cutter_totals(sending->source.cutter);
	manifest->state = PUBLICATION_SENT;
	manifest->rounds++;
	manifest->sent_ms = clock_wall_us() / 1000;
	manifest->topic = arena_strdup(&manifest->arena, sending->topic);
	manifest->chunks = sending->chunks;
	manifest->records = totals.records;
	manifest->rows = totals.rows;
	manifest->rejects = totals.rejects;
	manifest->partitions = arena_calloc(
		&manifest->arena, (size_t)delivery->partitions, sizeof(*manifest->partitions));
	manifest->partition_count = 0;
	for (int32_t i = 0; i < delivery->partitions; i++)
		if (delivery->offsets[i] >= 0)
			manifest->partitions[manifest->partition_count++] =
				(struct manifest_partition){i, delivery->offsets[i]};
	return manifest_save(sending->publisher->archive, manifest, err);
}

/* The source is open: connects, sends, records. */
static bool deliver(struct sending *sending, struct err *err)
{
	struct publisher *publisher = sending->publisher;
	struct delivery *delivery = &publisher->delivery;
	*delivery = (struct delivery){.topic = sending->topic};
	int32_t partitions = 0;
	if (!publisher_connect(publisher, err) || !count_partitions(sending, &partitions, err))
		return false;
	delivery->partitions = partitions;
	delivery->offsets = arena_calloc(
		&sending->manifest->arena, (size_t)partitions, sizeof(*delivery->offsets));
	for (int32_t i = 0; i < partitions; i++)
		delivery->offsets[i] = -1;
	buf_init(&sending->message, CHUNK_MAX_BYTES);
	bool ok = send_all(sending, err) && record(sending, err);
	buf_release(&sending->message);
	if (!ok)
		publisher_disconnect(publisher);
	*delivery = (struct delivery){0};
	if (ok)
		fault_point("producer.recorded");
	return ok;
}

bool publication_send(struct publisher *publisher, struct manifest *manifest, struct err *err)
{
	struct sending sending = {.publisher = publisher, .manifest = manifest};
	const struct dataset *dataset =
		datasets_find(publisher->options->datasets, manifest->dataset);
	if (!dataset)
		return err_fail(err, ERR_FATAL, "%s: dataset '%s' is no longer configured",
			manifest->name, manifest->dataset);
	sending.topic = dataset->topic;
	struct err why = {0};
	bool ok = source_judge(publisher->archive, manifest, &why) &&
		  source_open(publisher->archive, manifest, &sending.source, &why);
	if (ok) {
		fault_point("producer.judged");
		ok = deliver(&sending, &why);
		source_close(&sending.source);
	}
	if (ok)
		return true;
	if (why.class == ERR_DATA && manifest->state == PUBLICATION_PENDING)
		return quarantine(publisher, manifest, why.message, err);
	*err = why;
	return false;
}
