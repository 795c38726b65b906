/* SPDX-License-Identifier: Apache-2.0 */
/*
 * penstock init, in parts: topics, then (one transaction a dataset, its advisory lock held
 * exclusively) schema versions and tables; --recreate empties both first. Every part may be run
 * again and then changes nothing.
 */
#ifndef PENSTOCK_CLI_INIT_H
#define PENSTOCK_CLI_INIT_H

#include "dataset/dataset.h"
#include "kafka/admin.h"
#include "postgres/database.h"

#define INIT_LOCK_MS "30s"

enum init_table {
	INIT_TABLE_UNCHANGED,
	INIT_TABLE_CREATED,
	INIT_TABLE_UPGRADED,
	INIT_TABLE_EMPTIED
};

struct init_result {
	enum init_table table;
	int64_t schema_version;
	bool schema_new;
};

/* Creates the topic unless it is there; *ret_partitions is how many it has. */
MUST_CHECK bool init_topic(struct kafka_admin *admin, const char *topic,
	const struct config *config, bool dead, int64_t ms, bool *ret_created,
	int32_t *ret_partitions, struct err *err);
/* Deletes every message of the topic; a broker that cannot do that is an error. */
MUST_CHECK bool init_empty_topic(
	struct kafka_admin *admin, const char *topic, int64_t ms, struct err *err);

/* Schema version and table, as one transaction. `recreate`: the ledger's rows and the table's go.
 */
MUST_CHECK bool init_dataset(struct database *database, const struct dataset *dataset,
	bool recreate, bool forget, struct init_result *ret_result, struct err *err);

/* In the open transaction: makes, upgrades or empties the table, and comments it. */
MUST_CHECK bool init_table(struct database *database, const struct dataset *dataset, bool recreate,
	enum init_table *ret_what, struct err *err);
/*
 * In the open transaction: records the dataset's schema as the next version unless it is recorded;
 * FATAL when it cannot read what was written with an earlier one.
 */
MUST_CHECK bool init_schema(struct database *database, const struct dataset *dataset,
	int64_t *ret_version, bool *ret_new, struct err *err);

/* Makes the table of texts, or sees that the one that is there is fit. */
MUST_CHECK bool init_lookup(struct database *database, const struct config_lookup *lookup,
	bool *ret_created, struct err *err);
/* In the open transaction: the dataset's foreign keys to tables of texts. */
MUST_CHECK bool init_lookup_keys(
	struct database *database, const struct dataset *dataset, bool *ret_added, struct err *err);
/* Whether the looked-up columns are bound to no other tables. */
bool init_lookup_keys_fit(struct database *database, const struct dataset *dataset);
/*
 * For --recreate, one transaction: empties the tables of texts, the tables that refer to them and
 * their ledgers. Tables of texts that yet others refer to keep their rows.
 */
MUST_CHECK bool init_empty_lookups(
	struct database *database, const struct datasets *datasets, struct err *err);

/* Rows the ledger has of any of the datasets' files. */
MUST_CHECK bool init_has_data(struct database *database, const struct datasets *datasets,
	bool *ret_data, struct err *err);
/* Removes what the ledger says of the dataset's files. */
MUST_CHECK bool init_clear_ledger(struct database *database, const char *dataset, struct err *err);
/* FATAL while a worker's heartbeat is fresh: it would load what it has in hand. */
MUST_CHECK bool init_no_workers(struct database *database, struct err *err);

#endif
