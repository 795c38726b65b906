/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths into JSON: names joined by dots, "customer.address.city"; digits count an array's elements
 * from 0, "lines.0.sku"; a dot or backslash in a name is written behind a backslash.
 */
#ifndef PENSTOCK_BASE_JSON_PATH_H
#define PENSTOCK_BASE_JSON_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

#define JSON_PATH_MAX_NAMES 32

/* Its names, escapes undone; none: the document, or record, itself. */
struct json_path {
	const char **names;
	size_t count;
};

/* Whether `text` is 1 to JSON_PATH_MAX_NAMES names, none of them empty. */
bool json_path_is_good(const char *text);

/* The names in `text`, which is good or empty. Memory is the arena's. */
struct json_path json_path_split(const char *text, struct arena *arena);

/* Whether `name` counts elements: "0", "17"; *ret_index is which. */
bool json_path_index(const char *name, size_t *ret_index);

#endif
