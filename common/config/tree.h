/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML document (1.1, as libyaml reads it) as a tree of scalars, lists and maps that remember
 * where they stand. Refused: more than one document, anchors, aliases and tags, duplicate keys,
 * keys that are no scalars, and what is larger than the limits below.
 */
#ifndef PENSTOCK_CONFIG_TREE_H
#define PENSTOCK_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define TREE_MAX_BYTES	 ((size_t)1 << 20)
#define TREE_MAX_DEPTH	 16
#define TREE_MAX_NODES	 20000
#define TREE_MAX_MEMBERS 1000 /* of one map */

enum tree_kind { TREE_SCALAR, TREE_LIST, TREE_MAP };

struct tree_node {
	enum tree_kind kind;
	int line;	  /* from 1; of the key, in a map */
	const char *key;  /* in a map; NULL elsewhere */
	const char *text; /* of a scalar */
	const char *raw;  /* the text before variables were expanded */
	bool plain;	  /* a scalar without quotes */
	bool bad;	  /* a mistake in it was reported already */
	size_t count;	  /* of children */
	struct tree_node *first;
	struct tree_node *next;
};

/* `origin` stands in errors (class FATAL, exit code 2). An empty document is an empty map. */
MUST_CHECK bool tree_parse(const char *text, size_t len, const char *origin, struct arena *arena,
	struct tree_node **ret_root, struct err *err);

/* The member of a map; NULL when there is none. */
struct tree_node *tree_find(const struct tree_node *map, const char *key, size_t n);
/* Whether it is `key:` with nothing behind it, `~` or `null`: as if it were not there. */
bool tree_is_null(const struct tree_node *node);

#endif
