/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/service_metrics.h"

#include <string.h>

#include "base/clock.h"

static const struct metric leads_metric = {.name = "penstock_scheduler_leader",
	.type = METRIC_GAUGE,
	.help = "1 while this scheduler leads, 0 while it stands by"};
static const struct metric runs = {.name = "penstock_runs_total",
	.type = METRIC_COUNTER,
	.help = "Batch runs by outcome",
	.labels = {"state"}};
static const struct metric published_at = {.name = "penstock_run_published_timestamp_seconds",
	.type = METRIC_GAUGE,
	.help = "When results were last published"};
static const struct metric seconds = {.name = "penstock_run_duration_seconds",
	.type = METRIC_GAUGE,
	.help = "Duration of the last run"};
static const struct metric rows = {.name = "penstock_run_rows_total",
	.type = METRIC_COUNTER,
	.help = "Rows changed by published runs",
	.labels = {"operation"}};
static const struct metric failed_checks = {.name = "penstock_run_failed_checks",
	.type = METRIC_GAUGE,
	.help = "Checks of the last run that failed",
	.labels = {"severity"}};

void service_metrics_leads(struct metrics *metrics, bool leads)
{
	metric_set(metrics, &leads_metric, leads ? 1 : 0);
}

void service_metrics_run(
	struct metrics *metrics, const char *state, const struct run_summary *summary)
{
	metric_add(metrics, &runs, 1, state);
	metric_set(metrics, &seconds, (double)summary->milliseconds / 1000);
	metric_set(metrics, &failed_checks, (double)summary->failures, "error");
	metric_set(metrics, &failed_checks, (double)summary->warnings, "warn");
	if (strcmp(state, "published") != 0)
		return;
	metric_set(metrics, &published_at, (double)clock_wall_us() / 1e6);
	metric_add(metrics, &rows, (double)summary->inserted, "insert");
	metric_add(metrics, &rows, (double)summary->updated, "update");
	metric_add(metrics, &rows, (double)summary->deleted, "delete");
}
