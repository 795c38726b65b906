/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement about data that a run tests. Names and meaning are dbt's, dbt_utils' and
 * dbt_expectations' where they have them. A null passes every check that is not about nulls.
 */
#ifndef PENSTOCK_PROJECT_CHECK_H
#define PENSTOCK_PROJECT_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "format/reading.h"
#include "query/query.h"

#define CHECK_SQL_MAX	 ((size_t)64 * 1024) /* of one condition or expression of the user's */
#define CHECK_KEEP_ROWS	 500		     /* failing rows kept of a check and run */
#define CHECK_ROW_BYTES	 8192		     /* of each, as JSON; what is longer is cut */
#define CHECK_KEEP_BYTES ((size_t)32 << 20)  /* of all checks of a run */
#define CHECK_VALUES_MAX 10000

enum check_kind {
	CHECK_UNIQUE,
	CHECK_NOT_NULL,
	CHECK_ACCEPTED_VALUES,
	CHECK_REJECTED_VALUES,
	CHECK_RELATIONSHIPS,
	CHECK_RANGE,
	CHECK_REGEX,
	CHECK_NOT_EMPTY_STRING,
	CHECK_PROPORTION,
	CHECK_EXPRESSION,
	CHECK_RECENCY,
	CHECK_UNIQUE_ACROSS,
	CHECK_UNIQUE_COMBINATION,
	CHECK_ROW_COUNT,
	CHECK_NOT_EMPTY,
	CHECK_EQUAL_ROWCOUNT,
	CHECK_FRESHNESS,
	CHECK_SQL,
	CHECK_KINDS,
};

/* "> 10": when so many failures are a warning or an error. */
enum threshold_op {
	THRESHOLD_NOT_EQUAL,
	THRESHOLD_EQUAL,
	THRESHOLD_LESS,
	THRESHOLD_AT_MOST,
	THRESHOLD_GREATER,
	THRESHOLD_AT_LEAST,
	THRESHOLD_BETWEEN,
	THRESHOLD_NOT_BETWEEN,
};

struct threshold {
	const char *text; /* as it was written; NULL: the default, != 0 */
	enum threshold_op op;
	int64_t low;
	int64_t high; /* of the two BETWEENs */
};

/* A table as a property file names it. */
struct check_relation {
	const char *schema; /* "" when not given */
	const char *table;
	bool source; /* source('schema', 'table'): the schema is a source's name */
};

struct check_field {
	struct check_relation relation;
	const char *column;
};

struct model;

struct check {
	const char *name;	   /* "not_null_marts_orders_customer_id" */
	const char *origin;	   /* "sql/models/marts.yml:12" */
	const char *description;   /* "" when there is none */
	const char *on;		   /* "marts.orders"; "" for CHECK_SQL */
	const char *schema;	   /* "public" for CHECK_SQL: where names are looked for */
	const char *table;	   /* "" for CHECK_SQL */
	const struct model *model; /* NULL: about a raw table, or CHECK_SQL */
	const char *column;	   /* "" for checks on a whole table */
	enum check_kind kind;
	bool selected; /* by name; checks of selected models run anyway */
	bool off;      /* enabled: false */
	bool warn;     /* severity: warn */
	bool store;    /* keep failing rows */
	bool store_given;
	bool bare;	/* *_VALUES: values are SQL, not text */
	bool exclusive; /* RANGE: the boundaries themselves are outside */
	bool untrimmed; /* NOT_EMPTY_STRING: blanks alone are a text */
	struct threshold warn_if;
	struct threshold error_if;
	int64_t limit;	   /* failures counted and kept at most; 0: all are counted */
	const char *where; /* SQL condition; NULL: all rows */

	struct string_list values; /* *_VALUES; CHECK_FRESHNESS: datasets of the table */
	struct check_relation to;  /* RELATIONSHIPS, EQUAL_ROWCOUNT */
	const char *field;	   /* RELATIONSHIPS: of `to`; FRESHNESS: NULL, the ledger tells */
	const char *low;  /* RANGE (SQL), PROPORTION, ROW_COUNT; NULL: open; RECENCY: how many */
	const char *high; /* likewise */
	const char *text; /* REGEX, EXPRESSION; RECENCY: "day" */
	struct string_list columns; /* UNIQUE_COMBINATION */
	struct check_field *fields; /* UNIQUE_ACROSS: besides the own column */
	size_t field_count;
	int64_t warn_after_s;  /* FRESHNESS; 0: never */
	int64_t error_after_s; /* likewise */
	struct query query;    /* CHECK_SQL */
};

/* "unique", "not_null", ... */
const char *check_kind_name(enum check_kind kind);
/* Whether failures of this kind are rows or values; false: a number beyond its bounds. */
bool check_finds_rows(enum check_kind kind);

/* "!= 0", ">10", "between 1 and 5"; false for anything else. `text` is borrowed. */
bool threshold_parse(const char *text, struct threshold *ret_threshold);
bool threshold_met(const struct threshold *threshold, int64_t failures);

/* What every check may have, in a property file as in the head of a SQL file. */
struct check_option {
	const char *name;
	bool (*set)(struct check *check, const char *text); /* false: not what is expected */
	const char *expected;
};
extern const struct check_option check_options[];
extern const size_t check_option_count;

#endif
