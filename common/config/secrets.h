/* SPDX-License-Identifier: Apache-2.0 */
/* What must not be shown, nor be written into a file that many read. */
#ifndef PENSTOCK_CONFIG_SECRETS_H
#define PENSTOCK_CONFIG_SECRETS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "format/reading.h"

#define SECRET_MASK "***"

/* Whether the value of this librdkafka property is a secret. */
bool secret_property(const char *name);

/* Whether a header or URL parameter of this name (n bytes) is one that carries keys. */
bool secret_name(const char *name, size_t n);

/*
 * The password in a libpq conninfo ("host=… password=…" or "postgres://user:password@host/…?
 * password=…"), n bytes from *ret_start, quotes included; false when there is none. `from` is where
 * to look on, so that a second one is found.
 */
bool secret_in_conninfo(
	const char *conninfo, const char *from, const char **ret_start, size_t *ret_n);

/* Appends the conninfo with each password masked. */
void secret_mask_conninfo(struct buf *out, const char *conninfo);

/*
 * Appends the URL with what may be a secret masked: user and password, values of parameters called
 * like secrets, and a path or query that holds variables in `raw`, the URL as the file has it. Each
 * secret is told to `found` (may be NULL).
 */
void secret_mask_url(struct buf *out, const char *url, const char *raw,
	void (*found)(void *context, const char *text, size_t n), void *context);

/* Where texts are gathered that no message may repeat. */
struct secret_keeper {
	struct arena *arena;
	struct string_list *list;
};

/* `context` is a secret_keeper. Texts of less than four bytes stand in messages by chance: they are
 * passed over. */
void secret_keep(void *context, const char *text, size_t n);

#endif
