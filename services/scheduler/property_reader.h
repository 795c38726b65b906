/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading property files: each kind of map has a table of the keys it takes and what reads them.
 */
#ifndef PENSTOCK_SCHEDULER_PROPERTY_READER_H
#define PENSTOCK_SCHEDULER_PROPERTY_READER_H

#include "config/tree.h"
#include "scheduler/project_parts.h"

struct property_reader {
	struct project *project;
	const char *path;
	const char *schema; /* of models named without one; "" when the file stands at the top */
	struct model *model;
	struct model_column *column;
	struct check *check;
	struct err *err;
};

/* The last row of a table has no name. */
struct property_key {
	const char *name;
	bool (*read)(struct property_reader *reader, const struct tree_node *node);
};

/* A configuration error at the node's line; returns false. */
bool property_fail(struct property_reader *reader, const struct tree_node *node, const char *what);
/* Reads each member by its row; unknown keys are errors. `what` names the map: "a model". */
MUST_CHECK bool property_map(struct property_reader *reader, const struct tree_node *map,
	const struct property_key *keys, const char *what);
/* Nothing (`key:`) is an empty list. */
MUST_CHECK bool property_list(struct property_reader *reader, const struct tree_node *list,
	bool (*read)(struct property_reader *reader, const struct tree_node *node));
MUST_CHECK bool property_text(
	struct property_reader *reader, const struct tree_node *node, const char **ret_text);

/* property_checks.c: the list below data_tests of reader->column. */
MUST_CHECK bool property_checks(struct property_reader *reader, const struct tree_node *node);

#endif
