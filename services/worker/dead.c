/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/dead.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "kafka/producer.h"

#define DEAD_MAX_BYTES "16777216" /* as the dead topic takes, see init */

struct dead_letters {
	const struct kafka_settings *kafka;
	const char *topic;
	const char *worker;
	struct kafka_producer *producer;
};

struct dead_letters *dead_letters_new(
	const struct kafka_settings *kafka, const char *topic, const char *worker)
{
	struct dead_letters *dead = calloc(1, sizeof(*dead));
	if (!dead)
		BUG("out of memory");
	*dead = (struct dead_letters){.kafka = kafka, .topic = topic, .worker = worker};
	return dead;
}

/* A producer keeps what failed, to send it again: the next letter is not to wait for it. */
static void drop_producer(struct dead_letters *dead)
{
	if (dead->producer)
		kafka_producer_close(dead->producer);
	dead->producer = NULL;
}

void dead_letters_free(struct dead_letters *dead)
{
	if (!dead)
		return;
	drop_producer(dead);
	free(dead);
}

/* The send is judged by the flush: who was acknowledged does not matter when only one is under way.
 */
static void acknowledged(
	void *context, uint64_t tag, int32_t partition, int64_t offset, size_t payload_len)
{
	(void)context;
	(void)tag;
	(void)partition;
	(void)offset;
	(void)payload_len;
}

static struct kafka_header text_header(const char *name, const char *value)
{
	return (struct kafka_header){name, value, strlen(value)};
}

/* What others put on a topic may be larger than any chunk, and is a dead letter all the same. */
static bool open_producer(struct dead_letters *dead, struct err *err)
{
	if (dead->producer)
		return true;
	size_t count = dead->kafka->count;
	struct kafka_property *properties = calloc(count + 1, sizeof(*properties));
	if (!properties)
		BUG("out of memory");
	for (size_t i = 0; i < count; i++)
		properties[i] = dead->kafka->properties[i];
	properties[count] = (struct kafka_property){"message.max.bytes", DEAD_MAX_BYTES};
	struct kafka_settings settings = *dead->kafka;
	settings.properties = properties;
	settings.count = count + 1;
	bool ok = kafka_producer_open(&settings, 0, acknowledged, NULL, &dead->producer, err);
	free(properties);
	return ok;
}

/* With the original bytes, or with their number in a header. */
static bool send_letter(struct dead_letters *dead, const struct kafka_message *message,
	const char *stage, const char *reason, bool whole, struct err *err)
{
	char partition[16];
	char offset[24];
	char bytes[24];
	snprintf(partition, sizeof(partition), "%" PRId32, message->partition);
	snprintf(offset, sizeof(offset), "%" PRId64, message->offset);
	snprintf(bytes, sizeof(bytes), "%zu", message->len);
	/* Named as Kafka Connect names them, so that tools for its dead letter queues read ours. */
	const struct kafka_header headers[] = {
		text_header("__connect.errors.topic", message->topic),
		text_header("__connect.errors.partition", partition),
		text_header("__connect.errors.offset", offset),
		text_header("__connect.errors.stage", stage),
		text_header("__connect.errors.exception.message", reason),
		text_header("penstock.omitted.bytes", bytes),
	};
	const struct kafka_outgoing letter = {
		.topic = dead->topic,
		.partition = -1,
		.key = message->key,
		.key_len = message->key_len,
		.headers = headers,
		.header_count = sizeof(headers) / sizeof(headers[0]) - whole,
		.payload = whole ? message->payload : NULL,
		.payload_len = whole ? message->len : 0,
	};
	return open_producer(dead, err) && kafka_producer_send(dead->producer, &letter, err) &&
	       kafka_producer_flush(dead->producer, err);
}

static bool send_to_topic(struct dead_letters *dead, const struct kafka_message *message,
	const char *stage, const char *reason, struct err *err)
{
	struct err why;
	if (send_letter(dead, message, stage, reason, true, &why))
		return true;
	drop_producer(dead);
	/* It is no chunk, whatever it is: it must not stop those behind it. */
	if (message->len > CHUNK_MAX_BYTES && strcmp(why.native, "MSG_SIZE_TOO_LARGE") == 0 &&
		send_letter(dead, message, stage, reason, false, &why))
		return true;
	drop_producer(dead);
	*err = why;
	return false;
}

bool dead_letter_send(struct dead_letters *dead, struct database *database, const char *dataset,
	const struct kafka_message *message, const struct chunk_info *chunk, const char *stage,
	const char *reason, struct err *err)
{
	if (!send_to_topic(dead, message, stage, reason, err))
		return err_prefix(err, "sending a dead letter to topic %s", dead->topic);
	fault_point("worker.dead_letter_sent");
	const struct dead_note note = {
		.topic = message->topic,
		.partition = message->partition,
		.offset = message->offset,
		.dataset = dataset,
		.file_id = chunk ? chunk->file_id : 0,
		.chunk = chunk ? chunk->chunk : -1,
		.stage = stage,
		.reason = reason,
		.worker = dead->worker,
	};
	if (!loader_note_dead(database, &note, err))
		return false;
	log_warn("a message can never load and is a dead letter", log_str("topic", message->topic),
		log_int("partition", message->partition), log_int("offset", message->offset),
		log_str("stage", stage), log_str("reason", reason));
	return true;
}
