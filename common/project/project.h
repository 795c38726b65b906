/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything the user wrote about models and checks, read from files and checked without a
 * database: sql/models/<schema>/<name>.sql, property files beside them, and the folder `checks`
 * beside the models' folder.
 */
#ifndef PENSTOCK_PROJECT_PROJECT_H
#define PENSTOCK_PROJECT_PROJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"
#include "cron/cron.h"
#include "project/check.h"
#include "query/aggregate.h"
#include "query/query.h"

#define LIVE_SUFFIX "_live"

enum materialized { MODEL_VIEW, MODEL_TABLE, MODEL_MATVIEW, MODEL_INCREMENTAL };

struct model_column {
	const char *name;
	const char *description; /* "" when there is none */
};

/* "-- speed: ...": how a model's result grows with the rows of one dataset. */
struct speed {
	struct query_aggregate query;
	const struct config_dataset *growing;
	struct string_list fixed; /* other datasets it reads: nothing may be new in them */
};

struct model {
	const char *name; /* "marts.orders" */
	const char *schema;
	const char *table;
	const char *path;
	enum materialized materialized;
	struct string_list unique_key;
	const char *schedule; /* cron; NULL: runs with all others */
	struct cron cron;
	int64_t timeout_ms;	 /* for its part of a run; 0: none */
	const char *description; /* "" when there is none */
	const char *owner;	 /* likewise */
	struct model_column *columns;
	size_t column_count;
	const char *documented; /* the property file that describes it; NULL: none */
	struct query query;
	const char *definition; /* digest of the query */
	const char *speed_head; /* NULL: no speed layer */
	int speed_line;
	const struct speed *speed; /* of a model with a speed layer, and of its live view */
	bool is_live; /* a view made for its only parent; its query is written in each run */
	/* As query.relations: the dataset that loads it; NULL: a model, or something else. */
	const struct config_dataset **sources;
	size_t *parents; /* indices into project->models */
	size_t parent_count;
	bool selected; /* part of this run */
	bool rebuilt;  /* dropped and made anew by it */
};

/* A table that models read and none makes, as `sources` describes it. */
struct source_table {
	const char *source; /* source('source', 'called') means it */
	const char *called;
	const char *name; /* "raw.orders" */
	const char *schema;
	const char *table;
	const char *description; /* "" when there is none */
	const char *owner;	 /* likewise */
	struct model_column *columns;
	size_t column_count;
	const char *origin; /* "sql/models/sources.yml:7" */
};

struct project {
	struct arena arena;
	const struct config *config; /* borrowed */
	struct model *models;	     /* parents before children */
	size_t model_count;
	struct source_table *sources;
	size_t source_count;
	size_t source_capacity;
	struct check *checks;
	size_t check_count;
	size_t check_capacity;
	bool store_failures; /* of checks that do not say */
};

/* Configuration errors with file and line. */
MUST_CHECK bool project_load(
	const struct config *config, struct project *ret_project, struct err *err);
void project_release(struct project *project);

/*
 * select.c: marks the models of a run. A word is "marts.orders", "orders" where only one schema has
 * it, or a shell pattern over full names; "+" before it adds all it reads, "+" behind it all that
 * reads it. No names: all models. Those that `excluded` means are left out. A word that means
 * nothing, and an exclusion that leaves nothing, are usage errors.
 */
MUST_CHECK bool project_select(struct project *project, const struct string_list *names,
	const struct string_list *excluded, struct err *err);
/* Marks the model called `name` and what reads it as selected and rebuilt. */
MUST_CHECK bool project_select_rebuild(
	struct project *project, const char *name, const struct model **ret_model, struct err *err);

/*
 * Marks the checks that the names select: a model or raw table as above, or a check's own name or
 * pattern; none: all. A name that selects nothing is a usage error.
 */
MUST_CHECK bool project_select_checks(
	struct project *project, const struct string_list *names, struct err *err);

/* "view", "table", "materialized_view", "incremental". */
const char *materialized_name(enum materialized materialized);
/* The model a name in `own_schema`'s SQL means (own schema, then public); NULL when none. */
struct model *project_resolve(const struct project *project, const char *own_schema,
	const char *schema, const char *name);

/*
 * Where a table that a check names is: the model (returned; a bare name means one of the own
 * schema or public, or else the first of that name), the source table, or the name as it stands.
 * *ret_schema is "" where nobody says.
 */
const struct model *project_find_relation(const struct project *project, const struct check *check,
	const struct check_relation *relation, const char **ret_schema, const char **ret_table);

/* The dataset that loads the table a name in `own_schema`'s SQL means; NULL when none does. */
const struct config_dataset *project_dataset(const struct project *project, const char *own_schema,
	const struct query_relation *relation);

#endif
