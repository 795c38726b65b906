/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/handle.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "kafka/errors.h"
#include "kafka/properties.h"

/* A broker that is away is reported by every reconnect: one line of a kind in this time. */
static const int64_t log_interval_us = 30 * 1000 * 1000;
static const int meet_ms = 1000;

static bool log_is_due(struct kafka_handle *handle, const char *kind)
{
	unsigned hash = 5381;
	for (const char *p = kind; *p; p++)
		hash = hash * 33 + (unsigned char)*p;
	_Atomic int64_t *slot = &handle->logged_us[hash % KAFKA_LOG_SLOTS];
	int64_t now = clock_monotonic_us();
	int64_t last = atomic_load(slot);
	if (last && now - last < log_interval_us)
		return false;
	return atomic_compare_exchange_strong(slot, &last, now);
}

static const int syslog_warning = 4;

/*
 * Every client is given all properties, so remarks about those it does not use say nothing; asking
 * never creates topics; what a closed producer dropped is sent again by whoever runs next.
 */
static bool is_idle_talk(const char *kind)
{
	static const char *const kinds[] = {"CONFWARN", "AUTOCREATE", "TERMINATE"};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

static void on_log(const rd_kafka_t *rk, int level, const char *kind, const char *text)
{
	struct kafka_handle *handle = rd_kafka_opaque(rk);
	bool warn = level <= syslog_warning && !is_idle_talk(kind);
	enum log_level as = warn && log_is_due(handle, kind) ? LOG_WARN : LOG_DEBUG;
	log_event(as, "kafka client", log_str("kind", kind), log_str("text", text));
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	(void)rk;
	struct kafka_handle *handle = opaque;
	bool summary = code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
	if (kafka_error_class(code) == ERR_FATAL || (summary && !handle->trouble))
		handle->trouble = (rd_kafka_resp_err_t)code;
	/* "1/1 brokers are down" says less than the reason that came before it. */
	if (!summary || !handle->trouble_text[0])
		snprintf(handle->trouble_text, sizeof(handle->trouble_text), "%s", reason);
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
	char why[512];
	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		return err_config(err, "kafka property %s: %s", name, why);
	return true;
}

static bool set_all(rd_kafka_conf_t *conf, const struct kafka_property *properties, size_t count,
	struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (!set(conf, properties[i].name, properties[i].value, err))
			return false;
	return true;
}

static bool set_fixed(rd_kafka_conf_t *conf, struct err *err)
{
	size_t count = 0;
	const struct kafka_fixed *rows = kafka_fixed_properties(&count);
	for (size_t i = 0; i < count; i++)
		if (rows[i].value && !set(conf, rows[i].name, rows[i].value, err))
			return false;
	return true;
}

static bool set_users(rd_kafka_conf_t *conf, const struct kafka_settings *settings, struct err *err)
{
	for (size_t i = 0; i < settings->count; i++)
		if (!kafka_check_property(
			    settings->properties[i].name, settings->properties[i].value, err))
			return false;
	return set_all(conf, settings->properties, settings->count, err);
}

static bool fill_conf(rd_kafka_conf_t *conf, const struct kafka_settings *settings,
	const struct kafka_handle_options *options, struct err *err)
{
	size_t count = 0;
	const struct kafka_property *defaults = kafka_default_properties(&count);
	return set_all(conf, defaults, count, err) &&
	       set(conf, "client.id", settings->client_id ? settings->client_id : "penstock",
		       err) &&
	       set_users(conf, settings, err) && set_fixed(conf, err) &&
	       set_all(conf, options->overrides, options->override_count, err);
}

bool kafka_handle_open(struct kafka_handle *handle, const struct kafka_settings *settings,
	const struct kafka_handle_options *options, struct err *err)
{
	*handle = (struct kafka_handle){.owner = options->owner};
	snprintf(handle->servers, sizeof(handle->servers), "%s",
		kafka_property(settings, "bootstrap.servers"));
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	if (!fill_conf(conf, settings, options, err)) {
		rd_kafka_conf_destroy(conf);
		return false;
	}
	rd_kafka_conf_set_opaque(conf, handle);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_error_cb(conf, on_error);
	if (options->callbacks)
		options->callbacks(conf);
	char why[512];
	handle->rk = rd_kafka_new(options->type, conf, why, sizeof(why));
	if (!handle->rk) {
		rd_kafka_conf_destroy(conf);
		return err_config(err, "kafka settings: %s", why);
	}
	return true;
}

static void *destroy(void *rk)
{
	rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	return NULL;
}

bool kafka_handle_close(struct kafka_handle *handle, int64_t ms)
{
	if (!handle->rk)
		return true;
	pthread_t thread;
	if (pthread_create(&thread, NULL, destroy, handle->rk) != 0)
		return false;
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	int64_t ns = until.tv_nsec + ms % 1000 * 1000000;
	until.tv_sec += (time_t)(ms / 1000 + ns / 1000000000);
	until.tv_nsec = (long)(ns % 1000000000);
	if (pthread_timedjoin_np(thread, NULL, &until) != 0) {
		pthread_detach(thread);
		return false;
	}
	handle->rk = NULL;
	return true;
}

bool kafka_handle_fail(
	struct kafka_handle *handle, rd_kafka_resp_err_t code, const char *what, struct err *err)
{
	/* Serves the error callback of handles that nobody polls. */
	rd_kafka_poll(handle->rk, 0);
	if (handle->trouble == RD_KAFKA_RESP_ERR__AUTHENTICATION)
		code = handle->trouble;
	return kafka_fail(err, code, "%s at %s (bootstrap.servers)%s%s%s", what, handle->servers,
		handle->trouble_text[0] ? " (" : "", handle->trouble_text,
		handle->trouble_text[0] ? ")" : "");
}

bool kafka_handle_ping(struct kafka_handle *handle, int64_t ms, struct err *err)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code = rd_kafka_metadata(handle->rk, 0, NULL, &metadata, (int)ms);
	if (code)
		return kafka_handle_fail(handle, code, "no Kafka broker answers", err);
	rd_kafka_metadata_destroy(metadata);
	return true;
}

void kafka_handle_meet_topic(struct kafka_handle *handle, const char *topic)
{
	if (strcmp(handle->met, topic) == 0)
		return;
	text_copy(handle->met, sizeof(handle->met), topic);
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *known = rd_kafka_topic_new(handle->rk, topic, NULL);
	if (!known)
		return;
	if (rd_kafka_metadata(handle->rk, 0, known, &metadata, meet_ms) == 0)
		rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(known);
}

rd_kafka_topic_partition_list_t *kafka_list_new(
	const struct kafka_partition *partitions, size_t count)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
	for (size_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(
			list, partitions[i].topic, partitions[i].partition)
			->offset = partitions[i].offset;
	return list;
}

const rd_kafka_topic_partition_t *kafka_list_error(const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++)
		if (list->elems[i].err)
			return &list->elems[i];
	return NULL;
}
