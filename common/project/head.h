/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a SQL file: its comment lines before the first statement. "-- key: value", with the
 * key in lower case, sets something; other comments are left alone.
 */
#ifndef PENSTOCK_PROJECT_HEAD_H
#define PENSTOCK_PROJECT_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "format/reading.h"

struct head_value {
	const char *text; /* NULL: the key is not there */
	int line;
};

struct head_key {
	const char *name;
	size_t offset; /* of a struct head_value in the target */
};

/*
 * Fills `target` by the rows of `keys`. Keys that have no row, stand twice or have no value are
 * configuration errors with `origin`:line.
 */
MUST_CHECK bool head_parse(const char *sql, const char *origin, const struct head_key *keys,
	size_t count, struct arena *arena, void *target, struct err *err);

/* "a, b" as a list; false when an element is empty or repeated. */
bool head_list(const char *text, struct arena *arena, struct string_list *ret_list);

#endif
