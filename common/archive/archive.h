/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The immutable, content-addressed store of every input, and the manifests that say what was
 * published from it: in a folder, or below a prefix of an S3 bucket, <dataset>/objects/<2
 * hex>/<sha256> and <dataset>/manifests/<sha256>.<repeat>.json. Shared by all producers of a
 * dataset; every write is whole or absent, also after a power cut. A struct archive may be used by
 * one thread at a time.
 */
#ifndef PENSTOCK_ARCHIVE_ARCHIVE_H
#define PENSTOCK_ARCHIVE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "s3/settings.h"

struct archive;

/*
 * `location`: a folder, which is made, and swept of what crashed writers left there more than a day
 * ago; or "s3://bucket/prefix", reached as `s3` says (NULL: none is), to which nothing is sent yet.
 */
MUST_CHECK bool archive_open(const char *location, const struct s3_settings *s3,
	struct archive **ret_archive, struct err *err);
void archive_close(struct archive *archive);

struct archive_object {
	char sha256[65];
	int64_t size;
};

/*
 * Stores a copy of the bytes `read` gives (*ret_n == 0: the end), hashing them on the way. Content
 * already there is left as it is. Errors of the archive's folder or server are RETRY; those of
 * `read` are handed on.
 */
MUST_CHECK bool archive_put(struct archive *archive, const char *dataset,
	bool (*read)(void *handle, void *to, size_t n, size_t *ret_n, struct err *err),
	void *handle, struct archive_object *ret_object, struct err *err);
/*
 * A readable descriptor at the object's first byte. FATAL when it is missing, or is not `size`
 * bytes long (negative: any size will do).
 */
MUST_CHECK bool archive_get(struct archive *archive, const char *dataset, const char *sha256,
	int64_t size, int *ret_fd, struct err *err);
/* Removes the dataset's manifests, then its objects: for those who load it anew. */
MUST_CHECK bool archive_forget(struct archive *archive, const char *dataset, struct err *err);

#endif
