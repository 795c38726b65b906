/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind client.h: what clients use, and docs/kafka.md is held against. */
#ifndef PENSTOCK_KAFKA_PROPERTIES_H
#define PENSTOCK_KAFKA_PROPERTIES_H

#include "kafka/client.h"

/* A property the user may not change: always `value`, or never set when NULL. */
struct kafka_fixed {
	const char *name;
	const char *value;
	const char *reason;
};

const struct kafka_fixed *kafka_fixed_properties(size_t *ret_count);
/* Used unless the user sets them. */
const struct kafka_property *kafka_default_properties(size_t *ret_count);

#endif
