/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store must be able to do, as a table of operations; archive.c and manifest.c know no more
 * of folders and buckets than this. A document is one manifest's text, known by dataset and name.
 * Inside the room only.
 */
#ifndef PENSTOCK_ARCHIVE_STORE_H
#define PENSTOCK_ARCHIVE_STORE_H

#include <limits.h>

#include "archive/archive.h"
#include "base/buf.h"

/* One of many that are read at once. */
#define DOCUMENT_NAME_SIZE 100
struct document {
	struct buf text;
	struct err why; /* unless ok */
	bool ok;
	bool found;
	char name[DOCUMENT_NAME_SIZE];
};

struct store {
	void (*close)(struct archive *archive);
	/* As archive_put, archive_get and archive_forget. */
	bool (*put)(struct archive *archive, const char *dataset,
		bool (*read)(void *handle, void *to, size_t n, size_t *ret_n, struct err *err),
		void *handle, struct archive_object *ret_object, struct err *err);
	bool (*get)(struct archive *archive, const char *dataset, const char *sha256, int64_t size,
		int *ret_fd, struct err *err);
	bool (*forget)(struct archive *archive, const char *dataset, struct err *err);

	bool (*has)(struct archive *archive, const char *dataset, const char *name, bool *ret_found,
		struct err *err);
	/* Appends the document's text. */
	bool (*load)(struct archive *archive, const char *dataset, const char *name,
		struct buf *out, bool *ret_found, struct err *err);
	/* Fills all but the names, each with what `load` would give. */
	void (*load_many)(struct archive *archive, const char *dataset, struct document *documents,
		size_t count);
	/*
	 * Creates the document unless it is there: exclusively, whole, durably. `make` writes it,
	 * given a time later than that of every document of the dataset whose creation ended
	 * before.
	 */
	bool (*create)(struct archive *archive, const char *dataset, const char *name,
		bool (*make)(void *context, int64_t created_ms, struct buf *out, struct err *err),
		void *context, bool *ret_created, struct err *err);
	/*
	 * Replaces the document by what `change` makes of it; nobody else's change comes in
	 * between. `change` may be called more than once. FATAL when there is no document.
	 */
	bool (*change)(struct archive *archive, const char *dataset, const char *name,
		bool (*change)(
			void *context, const struct buf *old, struct buf *out, struct err *err),
		void *context, struct err *err);
	/* Names in no order; others than documents' may be among them. False from visit stops. */
	bool (*list)(struct archive *archive, const char *dataset,
		bool (*visit)(void *context, const char *name, struct err *err), void *context,
		struct err *err);
};

/* The first member of each store's own struct. */
struct archive {
	const struct store *store;
	char root[PATH_MAX]; /* folder, or s3://bucket/prefix: what paths and messages begin with */
};

/* Opens what the location names. */
MUST_CHECK bool folder_open(const char *location, struct archive **ret_archive, struct err *err);
MUST_CHECK bool bucket_open(const char *location, const struct s3_settings *s3,
	struct archive **ret_archive, struct err *err);

/* printf into a path of PATH_MAX bytes, below the root; FATAL when it is too long. */
MUST_CHECK bool archive_path(const struct archive *archive, char ret_path[PATH_MAX],
	struct err *err, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* The time a new document gets: now, but after the newest there is. */
int64_t archive_next_ms(int64_t newest_ms);
/* How the newest time is written down. */
#define ARCHIVE_TIME_SIZE 22
void archive_time_text(char ret_text[ARCHIVE_TIME_SIZE], int64_t ms);

#endif
