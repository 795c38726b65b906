/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of project_load, one file each; of no interest to others. */
#ifndef PENSTOCK_PROJECT_PARTS_H
#define PENSTOCK_PROJECT_PARTS_H

#include "project/project.h"

/* models.c: the SQL files of `folder`. */
MUST_CHECK bool models_load(const char *folder, struct project *project, struct err *err);
/* names.c: no model may take the place of a table that is loaded. */
MUST_CHECK bool names_check(struct project *project, struct err *err);
/* speed.c: checks the speed layers and adds their views. */
MUST_CHECK bool speed_load(struct project *project, struct err *err);
/* graph.c: finds parents, refuses cycles, puts parents first. */
MUST_CHECK bool graph_order(struct project *project, struct err *err);
/* properties.c: the YAML files of `folder`: models, raw tables, checks. */
MUST_CHECK bool properties_load(const char *folder, struct project *project, struct err *err);
/* check_files.c: the SQL checks of `folder`. */
MUST_CHECK bool check_files_load(const char *folder, struct project *project, struct err *err);

/* check_freshness.c: finds the datasets whose files tell how fresh a table is. */
MUST_CHECK bool freshness_bind(
	const struct config *config, struct project *project, struct err *err);

/* A new check at the end of the list, with defaults. */
struct check *project_add_check(struct project *project);
/* A new, zeroed raw table at the end of the list. */
struct source_table *project_add_source(struct project *project);

#endif
