/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ${VAR}, ${VAR:-default}, ${file:/path} in values; $${ is a literal "${". Variables come from the
 * environment, then from the .env file. What a variable or file holds is never expanded again.
 */
#ifndef PENSTOCK_CONFIG_VARIABLES_H
#define PENSTOCK_CONFIG_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Of all expanded text together. */
#define VARIABLES_MAX_BYTES ((size_t)4 << 20)

struct variable {
	const char *name;
	const char *value;
	struct variable *next;
};

struct variables {
	struct arena *arena;
	const char *folder; /* where relative paths of ${file:...} start */
	struct variable *first;
	size_t expanded; /* bytes so far */
};

/*
 * Reads NAME=VALUE lines: blank lines and # comments, "export " before the name, '...' taken as it
 * is, "..." with \n \t \" \\ \$, else up to the line's end or " #". Errors name file and line.
 */
MUST_CHECK bool variables_read(struct variables *variables, const char *path, struct err *err);

/* The value of a variable; NULL when it is not set. */
const char *variables_get(const struct variables *variables, const char *name);

/* The message says what is wrong, not where: the caller knows. */
MUST_CHECK bool variables_expand(
	struct variables *variables, const char *text, const char **ret_text, struct err *err);

#endif
