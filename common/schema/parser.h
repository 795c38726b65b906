/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share while a schema is parsed. Not for other folders. */
#ifndef PENSTOCK_SCHEMA_PARSER_H
#define PENSTOCK_SCHEMA_PARSER_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "schema/schema.h"

/* Nesting of types, references to named types followed. */
#define SCHEMA_MAX_DEPTH 32
/* Types in the tree, references followed: a small text must not unfold into a huge plan. */
#define SCHEMA_MAX_NODES 20000

#define TYPE_KINDS (TYPE_MAP + 1)
extern const char *const type_kind_names[TYPE_KINDS];

/* A record, enum or fixed that was defined so far. */
struct named {
	const char *name;
	struct type type;
	size_t nodes;
	unsigned height;
	bool open; /* its fields are being read: a reference now is a recursion */
};

struct parser {
	struct arena *arena;
	const char *origin;
	struct err *err;
	struct named *named;
	size_t named_count;
	size_t named_capacity;
	size_t nodes;
	unsigned depth;
	unsigned deepest; /* since the innermost named type began */
	char path[512];	  /* of field names, for messages */
	size_t path_len;
};

/* "<origin>: field '<path>': <message>"; false, a configuration error. */
bool parse_fail(struct parser *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A member that is text without U+0000, copied; NULL when there is none. */
MUST_CHECK bool parse_text(
	struct parser *p, const json_t *object, const char *member, const char **ret_text);

/* [A-Za-z_][A-Za-z0-9_]*, several of them joined by dots when `dots`. */
bool parse_is_name(const char *text, bool dots);
/* A member that is an array of strings; none gives an empty list. */
MUST_CHECK bool parse_list(struct parser *p, const json_t *object, const char *member,
	const char ***ret_items, size_t *ret_count);
/* Reads and checks what a fixed, an enum and a logical type have; `json` may be NULL for the last.
 */
MUST_CHECK bool parse_fixed(struct parser *p, const json_t *json, struct type *type);
MUST_CHECK bool parse_enum(struct parser *p, const json_t *json, struct type *type);
MUST_CHECK bool parse_logical(struct parser *p, const json_t *json, struct type *type);

/* Whether `value` is a default of this type (specification 1.11, "Complex Types", Records). */
MUST_CHECK bool parse_check_default(struct parser *p, const struct type *type, const json_t *value);

/* Sets column_type, column_sql and column_oid; `object` may hold "penstock.type". */
MUST_CHECK bool parse_column(struct parser *p, const json_t *object, struct field *field);
/* Whether every table has a column of this name already. */
bool column_is_reserved(const char *name);
/* The field's column becomes COLUMN_KEY and is called `column`, which is borrowed. */
void column_make_key(struct field *field, const char *column);

/* The top-level record and all below it. */
MUST_CHECK bool parse_root(struct parser *p, const json_t *json, struct type *ret_type);

#endif
