/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every Kafka client of penstock shares: the properties (the user's, over safe defaults), the
 * ones refused because they would break a promise, and the one table that classifies Kafka's
 * errors.
 */
#ifndef PENSTOCK_KAFKA_CLIENT_H
#define PENSTOCK_KAFKA_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kafka_property {
	const char *name;
	const char *value;
};

/* Borrowed by every open function for the length of the call. */
struct kafka_settings {
	const struct kafka_property *properties;
	size_t count;
	const char *client_id; /* "penstock-worker"; overridden by a property client.id */
};

/*
 * Whether the user may set this property (group.id too); false with a configuration error that says
 * why not, or that librdkafka knows no such property or refuses the value.
 */
MUST_CHECK bool kafka_check_property(const char *name, const char *value, struct err *err);

/* The value of a property as clients will use it; NULL when unset ("group.id" defaults to
 * "penstock"). */
const char *kafka_property(const struct kafka_settings *settings, const char *name);

/* "2.0.2" */
const char *kafka_library_version(void);

#define KAFKA_NO_OFFSET (-1)

struct kafka_partition {
	const char *topic;
	int32_t partition;
	int64_t offset; /* KAFKA_NO_OFFSET: none */
};

#endif
