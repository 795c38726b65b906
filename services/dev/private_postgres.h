/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Postgres server of our own in a folder: initdb once, then a supervised process on 127.0.0.1
 * with a password that only the folder's owner can read. Run as an unprivileged user when we are
 * root.
 */
#ifndef PENSTOCK_DEV_PRIVATE_POSTGRES_H
#define PENSTOCK_DEV_PRIVATE_POSTGRES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/process.h"

struct private_postgres {
	struct arena *arena; /* owns the strings */
	const char *folder;  /* .penstock */
	const char
		*data; /* data directory; elsewhere when the server's user cannot reach `folder` */
	const char *url; /* postgresql://penstock:...@127.0.0.1:PORT/penstock */
	const char *log_path;
	unsigned port;
	char password[33];
	struct process process; /* ready for supervise_start */
};

/*
 * Where the data stand is kept in .penstock/postgres.path; when they cannot be used from there any
 * more, that is FATAL: a new cluster elsewhere would look like lost tables.
 * Finds the programs, creates the cluster when there is none, chooses a port. `folder` exists.
 */
MUST_CHECK bool private_postgres_prepare(struct private_postgres *postgres, struct arena *arena,
	const char *folder, struct err *err);
/* Waits until the server answers (30 s at most, or a stop). */
MUST_CHECK bool private_postgres_wait(const struct private_postgres *postgres, struct err *err);

#endif
