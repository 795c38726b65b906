/* SPDX-License-Identifier: Apache-2.0 */
/* A dataset ready for work: its configuration, its parsed schema, its topic, checked together. */
#ifndef PENSTOCK_DATASET_DATASET_H
#define PENSTOCK_DATASET_DATASET_H

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"
#include "schema/ddl.h"
#include "schema/schema.h"

/* A field whose texts become keys. */
struct dataset_lookup {
	const struct config_lookup *config;
	size_t field; /* index into schema->fields */
};

struct dataset {
	const struct config_dataset *config;
	struct schema *schema;
	const char *topic; /* prefix + name */
	struct ddl_table table;
	const int *key_fields; /* indices into schema->fields; key_count of them */
	size_t key_count;      /* 0: append-only */
	int greatest_field;    /* -1 unless CONFLICT_GREATEST */
	const struct dataset_lookup *lookups;
	size_t lookup_count;
};

struct datasets {
	struct arena arena;
	struct dataset *items;
	size_t count;
	const char *dead_topic; /* prefix + "dead" */
};

/*
 * Loads every schema and checks it against the dataset: key, unpivot, greatest and looked-up fields
 * exist, looked-up ones are plain text, key fields are scalar, the key is not nullable by accident
 * (a nullable key field is fine: null keys are rejects). Configuration errors. `config` is borrowed
 * and must outlive the result.
 */
MUST_CHECK bool datasets_load(
	const struct config *config, struct datasets *ret_datasets, struct err *err);
void datasets_release(struct datasets *datasets);
/* NULL when there is none. */
struct dataset *datasets_find(const struct datasets *datasets, const char *name);

#endif
