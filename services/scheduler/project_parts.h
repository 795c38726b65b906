/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of project_load, one file each; of no interest to others. */
#ifndef PENSTOCK_SCHEDULER_PROJECT_PARTS_H
#define PENSTOCK_SCHEDULER_PROJECT_PARTS_H

#include "scheduler/project.h"

/* models.c: the SQL files of `folder`. */
MUST_CHECK bool models_load(const char *folder, struct project *project, struct err *err);
/* graph.c: finds parents, refuses cycles, puts parents first. */
MUST_CHECK bool graph_order(struct project *project, struct err *err);
/* properties.c: the YAML files of `folder`: descriptions and checks. */
MUST_CHECK bool properties_load(const char *folder, struct project *project, struct err *err);
/* check_files.c: the SQL checks of `folder`. */
MUST_CHECK bool check_files_load(const char *folder, struct project *project, struct err *err);

/* A new, zeroed check at the end of the list. */
struct check *project_add_check(struct project *project);
/* "error" and "warn"; false for anything else. */
bool severity_parse(const char *text, bool *ret_warn);

#endif
