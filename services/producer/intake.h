/* SPDX-License-Identifier: Apache-2.0 */
/* A claimed file's contents, safe in the archive: one for a plain file, one a member otherwise. */
#ifndef PENSTOCK_PRODUCER_INTAKE_H
#define PENSTOCK_PRODUCER_INTAKE_H

#include "producer/claim.h"
#include "producer/publisher.h"

struct content {
	const char *name; /* "orders.csv", "a.zip!b.csv"; UTF-8, at most CHUNK_MAX_NAME bytes */
	const struct dataset *dataset; /* NULL: none is the only one it fits, see `refused` */
	const char *refused;
	struct archive_object object;
};

/* The dataset's name, or UNROUTED_DATASET: where the archive keeps it. */
const char *content_dataset(const struct content *content);

struct intake {
	struct arena arena;
	struct content *items;
	size_t count;
	size_t capacity;
};

void intake_init(struct intake *intake);
void intake_release(struct intake *intake);

/*
 * Archives all of the claimed file. Nothing is kept of a file, or of an archive with a member (the
 * hidden ones aside), that is nobody's: class DATA with the reason.
 * RETRY when the file changed meanwhile or the archive is away.
 */
MUST_CHECK bool intake_read(
	struct publisher *publisher, struct claim *claim, struct intake *intake, struct err *err);

#endif
