/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading property files: each kind of map has a table of the keys it takes and what reads them.
 */
#ifndef PENSTOCK_PROJECT_PROPERTY_READER_H
#define PENSTOCK_PROJECT_PROPERTY_READER_H

#include "config/tree.h"
#include "project/parts.h"

/* The model or raw table whose map is being read. */
struct property_relation {
	const char *name; /* "marts.orders" */
	const char *schema;
	const char *table;
	const char *description;
	const char *owner;
	const struct model *model; /* NULL: a raw table */
	struct model_column *columns;
	size_t column_count;
};

struct property_reader {
	struct project *project;
	const char *path;
	const char *schema; /* of models named without one; "" when the file stands at the top */
	struct property_relation *relation;
	struct model_column *column; /* NULL outside of columns */
	struct check *check;
	const char *word;		/* that named the check's kind */
	struct property_source *source; /* property_sources.c */
	struct err *err;
};

typedef bool property_read(struct property_reader *reader, const struct tree_node *node);

/* The last row of a table has no name. */
struct property_key {
	const char *name;
	property_read *read;
};

/* A configuration error at the node's line; returns false. */
bool property_fail(struct property_reader *reader, const struct tree_node *node, const char *what);
/* Reads each member by its row; unknown keys are errors. `what` names the map: "a model". */
MUST_CHECK bool property_map(struct property_reader *reader, const struct tree_node *map,
	const struct property_key *keys, const char *what);
/* As property_map with the rows of both tables; `more` may be NULL. */
MUST_CHECK bool property_map_both(struct property_reader *reader, const struct tree_node *map,
	const struct property_key *keys, const struct property_key *more, const char *what);
/* Nothing (`key:`) is an empty list. */
MUST_CHECK bool property_list(
	struct property_reader *reader, const struct tree_node *list, property_read *read);
MUST_CHECK bool property_text(
	struct property_reader *reader, const struct tree_node *node, const char **ret_text);
/* A text that is one SQL condition or expression, by its grammar, when it stands behind `before`.
 */
MUST_CHECK bool property_sql(struct property_reader *reader, const struct tree_node *node,
	const char *before, const char **ret_sql);
/* What `name: x` of the map is; required. `what` names the map: "a column". */
MUST_CHECK bool property_name(struct property_reader *reader, const struct tree_node *map,
	const char *what, const char **ret_name);
/* Reads nothing: what property_name and its like have read already. */
bool property_skip(struct property_reader *reader, const struct tree_node *node);

/* properties.c: reader->relation's. */
MUST_CHECK bool property_columns(struct property_reader *reader, const struct tree_node *node);
MUST_CHECK bool property_description(struct property_reader *reader, const struct tree_node *node);
MUST_CHECK bool property_meta(struct property_reader *reader, const struct tree_node *node);
/* property_checks.c: the list below data_tests of the column, or else of the relation. */
MUST_CHECK bool property_checks(struct property_reader *reader, const struct tree_node *node);
/* A new check on the column or relation, named by what it is about. */
struct check *property_new_check(
	struct property_reader *reader, const struct tree_node *node, enum check_kind kind);
/* No other check has its name. */
MUST_CHECK bool property_check_named(struct property_reader *reader, const struct tree_node *node);
/* property_sources.c: the list below `sources`. */
MUST_CHECK bool property_sources(struct property_reader *reader, const struct tree_node *node);

/* property_kinds.c: what a kind of check takes, and where it may stand. */
struct property_kind {
	const char *name;
	const char *also; /* its name in dbt_utils or dbt_expectations, where another; NULL */
	bool column;	  /* may stand below a column */
	bool table;	  /* ... below a model or raw table */
	const struct property_key *arguments;
	property_read *shorthand; /* reads `- kind: value`; NULL: it takes a map only */
	property_read *whole;	  /* whether the arguments suffice; NULL: always */
};
extern const struct property_kind property_kinds[CHECK_KINDS];

#endif
