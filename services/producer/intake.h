/* SPDX-License-Identifier: Apache-2.0 */
/* A claimed file's contents, safe in the archive: one for a plain file, one a member otherwise. */
#ifndef PENSTOCK_PRODUCER_INTAKE_H
#define PENSTOCK_PRODUCER_INTAKE_H

#include "producer/claim.h"
#include "producer/publisher.h"

struct content {
	const char *name; /* "orders.csv", "a.zip!b.csv"; UTF-8, at most CHUNK_MAX_NAME bytes */
	const struct dataset *dataset;
	struct archive_object object;
};

struct intake {
	struct arena arena;
	struct content *items;
	size_t count;
	size_t capacity;
};

void intake_init(struct intake *intake);
void intake_release(struct intake *intake);

/*
 * Archives all of the claimed file. Nothing is kept unless the whole file has a dataset: a plain
 * file, or every member of an archive (hidden members aside), else class DATA with the reason.
 * RETRY when the file changed meanwhile or the archive is away.
 */
MUST_CHECK bool intake_read(
	struct publisher *publisher, struct claim *claim, struct intake *intake, struct err *err);

#endif
