/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The properties of every client: librdkafka's defaults < penstock's < the user's, but for the
 * fixed ones, on which promises rest.
 */
#include "kafka/client.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

#include "kafka/properties.h"

/*
 * Where librdkafka's own default is unsafe or unfit. Its heartbeats, every 3 s, are too rare for a
 * short session; a fetch that waits at a broker holds up the broker's other partitions.
 */
static const struct kafka_property defaults[] = {
	{"bootstrap.servers", "localhost:9092"},
	{"group.id", "penstock"},
	{"check.crcs", "true"},
	{"socket.keepalive.enable", "true"},
	{"queued.max.messages.kbytes", "8192"},
	{"fetch.wait.max.ms", "100"},
	{"heartbeat.interval.ms", "1000"},
	{"topic.metadata.refresh.interval.ms", "30000"},
};

#define OFFSETS	 "offsets are committed only after Postgres has committed"
#define DELIVERY "a file is done only when every chunk of it was acknowledged by all replicas"
#define UNUSED	 "penstock does not use it"

static const struct kafka_fixed fixed[] = {
	{"enable.auto.commit", "false", OFFSETS},
	{"auto.commit.enable", NULL, OFFSETS},
	{"enable.auto.offset.store", "false", OFFSETS},
	{"auto.commit.interval.ms", NULL, OFFSETS},
	{"auto.offset.reset", "earliest", "a new group must not skip what was published before it"},
	{"partition.assignment.strategy", "range",
		"librdkafka 2.0 loses assignments or hangs with cooperative-sticky, and members of "
		"one group must agree"},
	{"group.instance.id", NULL,
		"the jobs of one worker would fence each other out of the group"},
	{"enable.partition.eof", "false", UNUSED},
	{"enable.idempotence", "true", DELIVERY},
	{"acks", "all", DELIVERY},
	{"request.required.acks", "all", DELIVERY},
	{"delivery.report.only.error", "false", DELIVERY},
	{"transactional.id", NULL,
		"exactly-once comes from the ledger; transactions would only hide messages"},
	{"allow.auto.create.topics", "false",
		"topics are created by penstock init with the configured partitions; a mistyped "
		"name "
		"must not create one"},
	{"metadata.broker.list", NULL, "write bootstrap.servers"},
	{"test.mock.num.brokers", NULL, "penstock dev starts an embedded broker"},
	{"log.queue", "false", "logs go to penstock's log"},
	{"log_level", NULL, "use -v, and the property debug for more"},
	{"enabled_events", NULL, UNUSED},
	{"statistics.interval.ms", "0", "penstock monitor serves metrics"},
	{"consume.callback.max.messages", NULL, UNUSED},
};

#undef OFFSETS
#undef DELIVERY
#undef UNUSED

const struct kafka_fixed *kafka_fixed_properties(size_t *ret_count)
{
	*ret_count = sizeof(fixed) / sizeof(fixed[0]);
	return fixed;
}

const struct kafka_property *kafka_default_properties(size_t *ret_count)
{
	*ret_count = sizeof(defaults) / sizeof(defaults[0]);
	return defaults;
}

static const struct kafka_fixed *find_fixed(const char *name)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strcmp(fixed[i].name, name) == 0)
			return &fixed[i];
	return NULL;
}

/* The value as librdkafka understands it ("-1" is "all"); "" when it cannot tell. */
static void canonical(const char *name, const char *value, char *ret_text, size_t size)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	size_t n = size;
	if (rd_kafka_conf_set(conf, name, value, NULL, 0) != RD_KAFKA_CONF_OK ||
		rd_kafka_conf_get(conf, name, ret_text, &n) != RD_KAFKA_CONF_OK)
		ret_text[0] = '\0';
	rd_kafka_conf_destroy(conf);
}

static bool same_value(const char *name, const char *a, const char *b)
{
	char x[128];
	char y[128];
	canonical(name, a, x, sizeof(x));
	canonical(name, b, y, sizeof(y));
	return strcmp(x, y) == 0;
}

bool kafka_check_property(const char *name, const char *value, struct err *err)
{
	char why[512];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, name, value, why, sizeof(why));
	rd_kafka_conf_destroy(conf);
	const struct kafka_fixed *row = find_fixed(name);
	if (row && row->value && result == RD_KAFKA_CONF_OK && same_value(name, row->value, value))
		return true;
	if (row && row->value)
		return err_config(
			err, "kafka property %s is always %s: %s", name, row->value, row->reason);
	if (row)
		return err_config(err, "kafka property %s cannot be set: %s", name, row->reason);
	if (result == RD_KAFKA_CONF_UNKNOWN)
		return err_config(
			err, "librdkafka %s knows no property %s", rd_kafka_version_str(), name);
	if (result != RD_KAFKA_CONF_OK)
		return err_config(err, "kafka property %s: %s", name, why);
	return true;
}

static const char *find_value(
	const struct kafka_property *properties, size_t count, const char *name)
{
	const char *value = NULL;
	for (size_t i = 0; i < count; i++)
		if (strcmp(properties[i].name, name) == 0)
			value = properties[i].value;
	return value;
}

const char *kafka_property(const struct kafka_settings *settings, const char *name)
{
	const struct kafka_fixed *row = find_fixed(name);
	if (row)
		return row->value;
	const char *value = find_value(settings->properties, settings->count, name);
	if (!value && strcmp(name, "client.id") == 0)
		value = settings->client_id;
	if (!value)
		value = find_value(defaults, sizeof(defaults) / sizeof(defaults[0]), name);
	return value;
}

const char *kafka_library_version(void)
{
	return rd_kafka_version_str();
}
