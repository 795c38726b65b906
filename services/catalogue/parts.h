/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `penstock docs`: everything the configuration and the SQL say of the data, and what the ledger
 * knows of it, as one HTML page that needs nothing else. Here: what its files share.
 */
#ifndef PENSTOCK_CATALOGUE_PARTS_H
#define PENSTOCK_CATALOGUE_PARTS_H

#include "base/buf.h"
#include "dataset/dataset.h"
#include "project/project.h"
#include "report/files.h"

#define CATALOGUE_MAX_BYTES ((size_t)64 << 20)

enum node_kind { NODE_SOURCE, NODE_FILES, NODE_DATASET, NODE_TABLE, NODE_MODEL, NODE_REPORT };

/* A box of the lineage graph. */
struct node {
	enum node_kind kind;
	const char *name;
	const char *anchor; /* of its chapter: "model-marts.orders"; NULL: it has none */
	size_t *parents;    /* indices into nodes */
	size_t parent_count;
	size_t layer; /* column of the drawing: behind all its parents */
	size_t place; /* in that column, from the top */
};

/* What the ledger knows; every member NULL when it was not asked. */
struct ledger_facts {
	struct database_rows *columns;
	struct database_rows *datasets;
	struct database_rows *models;
	struct database_rows *checks;
	struct database_rows *runs;
};

struct catalogue {
	struct arena arena;
	const struct config *config;
	const struct datasets *datasets;
	struct project project;
	struct report_files reports;
	struct ledger_facts facts;
	const char *blind; /* why the ledger was not asked; NULL when it was */
	struct node *nodes;
	size_t node_count;
};

/* graph.c: nodes with their edges, layers and places. */
void catalogue_connect(struct catalogue *catalogue);
/* Appends the drawing, an <svg> element. */
void catalogue_draw(const struct catalogue *catalogue, struct buf *out);
/* The node of this name and kind; NULL when there is none. */
const struct node *catalogue_find(
	const struct catalogue *catalogue, enum node_kind kind, const char *name);

/* ledger.c: asks; sets `blind` instead of failing. */
void catalogue_ask(struct catalogue *catalogue);
void ledger_facts_release(struct ledger_facts *facts);
/* The row whose first column is `name`; false when there is none, or nobody was asked. */
bool facts_find(const struct database_rows *rows, const char *name, size_t *ret_row);

/* page.c: appends the page. */
void catalogue_write(const struct catalogue *catalogue, struct buf *out);

#endif
