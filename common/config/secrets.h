/* SPDX-License-Identifier: Apache-2.0 */
/* What must not be shown, nor be written into a file that many read. */
#ifndef PENSTOCK_CONFIG_SECRETS_H
#define PENSTOCK_CONFIG_SECRETS_H

#include <stdbool.h>

#include "base/buf.h"

#define SECRET_MASK "***"

/* Whether the value of this librdkafka property is a secret. */
bool secret_property(const char *name);

/*
 * The password in a libpq conninfo ("host=… password=…" or "postgres://user:password@host/…?
 * password=…"), n bytes from *ret_start, quotes included; false when there is none. `from` is where
 * to look on, so that a second one is found.
 */
bool secret_in_conninfo(
	const char *conninfo, const char *from, const char **ret_start, size_t *ret_n);

/* Appends the conninfo with each password masked. */
void secret_mask_conninfo(struct buf *out, const char *conninfo);

#endif
