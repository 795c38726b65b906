/* SPDX-License-Identifier: Apache-2.0 */
/* Publications as people name them: by file name, file id or hash. */
#ifndef PENSTOCK_CLI_FIND_PUBLICATION_H
#define PENSTOCK_CLI_FIND_PUBLICATION_H

#include "archive/manifest.h"
#include "dataset/dataset.h"

struct publication_wanted {
	const char *dataset; /* NULL: any */
	const char *name;    /* as it was called, or a path to it; NULL: any */
	const char *sha256;  /* its beginning; NULL: any */
	int64_t file_id;     /* 0: any */
};

bool publication_is_wanted(
	const struct publication_wanted *wanted, const struct manifest *manifest);

struct found_publication {
	const char *dataset; /* its name, or UNROUTED_DATASET */
	char sha256[65];
	int64_t file_id;
	int64_t repeat;
	enum publication_state state;
	const char *name; /* the arena's */
};

struct found_publications {
	struct found_publication *items; /* the arena's, by dataset and file id */
	size_t count;
	size_t capacity;
};

/*
 * Those of the configured datasets' publications, and of what has no dataset, that are wanted and
 * for which `like` (may be NULL) says yes. FATAL beyond 100,000.
 */
MUST_CHECK bool find_publications(struct archive *archive, const struct datasets *datasets,
	const struct publication_wanted *wanted,
	bool (*like)(void *context, const struct manifest *manifest), void *context,
	struct arena *arena, struct found_publications *ret_found, struct err *err);

#endif
