/* SPDX-License-Identifier: Apache-2.0 */
/* publish --wait: follows publications until the ledger has every chunk of them. */
#ifndef PENSTOCK_CLI_WAIT_LOADED_H
#define PENSTOCK_CLI_WAIT_LOADED_H

#include "base/arena.h"
#include "config/config.h"
#include "producer/producer.h"

struct loaded_item {
	const char *dataset;
	int64_t file_id;
	int64_t chunks;
	bool quarantined;
};

struct loaded_list {
	struct loaded_item *items;
	size_t count;
	size_t capacity;
};

/* Copies what matters into the arena; false when the publication is in the list already. */
bool loaded_list_add(
	struct loaded_list *list, struct arena *arena, const struct publication_result *result);

struct loaded_verdict {
	int64_t rows;
	int64_t rejects;
	int64_t dead_letters;
};

/*
 * Waits, with a progress bar over the chunks, until each is loaded or a dead letter; tells on
 * stderr when a dataset is paused, and at the end what came of it. Waits on while Postgres is
 * away. RETRY when a stop was requested; FATAL when a dataset is stopped.
 */
MUST_CHECK bool wait_loaded(const struct config *config, const struct loaded_list *list,
	struct loaded_verdict *ret_verdict, struct err *err);

#endif
