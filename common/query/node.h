/* SPDX-License-Identifier: Apache-2.0 */
/* Inside common/query: reading the parser's JSON tree. */
#ifndef PENSTOCK_QUERY_NODE_H
#define PENSTOCK_QUERY_NODE_H

#include "base/arena.h"
#include "base/json_scan.h"

/* The line, from 1, of a byte of the text. */
int node_line(const char *sql, size_t offset);
bool node_is(const struct json_value *string, const char *text);
char *node_text(struct arena *arena, const struct json_value *string);
/* A text member; "" when there is none. */
char *node_member_text(struct arena *arena, const struct json_value *object, const char *name);
/* A number member; 0 when it is left out, as the parser does with zeros, or negative. */
size_t node_member_size(const struct json_value *object, const char *name);
/* The first place in the text that a node names, itself or inside; 0 when none does. */
size_t node_location(const struct json_value *node);
/* Whether both say the same, wherever in the text they stand. */
bool node_same(const struct json_value *one, const struct json_value *other);

#endif
