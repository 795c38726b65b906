/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which dataset a file belongs to: the one whose `files` its name matches; where several do, the
 * only one its content fits. docs/producing.md tells the rules. One thread.
 */
#ifndef PENSTOCK_PRODUCER_ROUTE_H
#define PENSTOCK_PRODUCER_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "dataset/dataset.h"

/* As much of a file as its content is judged by, at least. */
#define ROUTE_HEAD_BYTES ((size_t)1 << 20)

/* Where the archive and the ledger keep what was refused because it fits no dataset, or several. */
#define UNROUTED_DATASET ".unrouted"

enum routing {
	ROUTE_FOUND,	 /* router->dataset */
	ROUTE_NOBODY,	 /* no dataset takes it, and it is left alone */
	ROUTE_UNDECIDED, /* its content has to tell: router_by_content */
	ROUTE_REFUSED,	 /* router->reason */
};

struct router {
	const struct datasets *datasets;
	enum unrouted_rule unrouted;
	const struct dataset **candidates;
	size_t count;
	bool named; /* the candidates' patterns match a name */
	const struct dataset *dataset;
	struct buf reason;
};

/* Both are borrowed until router_release. */
void router_init(
	struct router *router, const struct config *config, const struct datasets *datasets);
void router_release(struct router *router);

/*
 * By the last part of `name`. A member of an archive that no dataset takes by its own name may be
 * taken by `archive`, the archive's name; NULL for a file of its own.
 */
enum routing router_by_name(struct router *router, const char *name, const char *archive);
/*
 * After ROUTE_UNDECIDED: by what stands in `fd`, the file or its first ROUTE_HEAD_BYTES; its
 * position is not moved. Found, refused or nobody's. RETRY when it cannot be read.
 */
MUST_CHECK bool router_by_content(struct router *router, const char *name, int fd,
	enum routing *ret_routing, struct err *err);

#endif
