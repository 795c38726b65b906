/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's schema, as numbered SQL files embedded at build (sql/ledger/NNN_name.sql). */
#ifndef PENSTOCK_POSTGRES_MIGRATE_H
#define PENSTOCK_POSTGRES_MIGRATE_H

#include "postgres/database.h"

/*
 * Brings schema `penstock` to this program's version, one transaction a migration, under an
 * advisory lock; *ret_applied says how many were new. FATAL when the database is newer than the
 * program.
 */
MUST_CHECK bool migrate_ledger(struct database *database, int *ret_applied, struct err *err);
/* FATAL with "run penstock init" when the ledger is missing or older, or newer, than the program.
 */
MUST_CHECK bool migrate_check(struct database *database, struct err *err);
/* Connects to a ledger that migrate_check finds good. */
MUST_CHECK bool migrate_open(
	const struct database_options *options, struct database **ret_database, struct err *err);

#endif
