/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/watch.h"

/* In three groups: always there, from Kafka, from the ledger. */
enum {
	INFO,
	KAFKA_UP,
	LEDGER_UP,
	GROUP_LAG,
	GROUP_OFFSET,
	TOPIC_OFFSET,
	LAG_ROWS,
	LAG_SECONDS,
	LAG_OLDEST,
	FILES,
	ROWS,
	REJECTS,
	DEAD_LETTERS,
	WORKER_ALIVE,
	WORKER_HEARTBEAT,
	RUN_SECONDS,
	RUN_PUBLISHED,
	CHECK_FAILURES,
	METRIC_COUNT,
};

static const struct metric table[METRIC_COUNT] = {
	[INFO] = {"penstock_info", METRIC_GAUGE, "1, with the program's version.", {"version"}},
	[KAFKA_UP] = {"penstock_kafka_up", METRIC_GAUGE, "Whether Kafka answers.", {NULL}},
	[LEDGER_UP] = {"penstock_ledger_up", METRIC_GAUGE, "Whether the ledger answers.", {NULL}},
	[GROUP_LAG] = {"kafka_consumergroup_lag", METRIC_GAUGE,
		"Messages not yet committed by the group.",
		{"consumergroup", "topic", "partition"}},
	[GROUP_OFFSET] = {"kafka_consumergroup_current_offset", METRIC_GAUGE,
		"The group's committed offset.", {"consumergroup", "topic", "partition"}},
	[TOPIC_OFFSET] = {"kafka_topic_partition_current_offset", METRIC_GAUGE,
		"Offset of the next message to be written.", {"topic", "partition"}},
	[LAG_ROWS] = {"penstock_lag_rows_estimate", METRIC_GAUGE,
		"Rows waiting, estimated from the newest chunks.", {"topic", "partition"}},
	[LAG_SECONDS] = {"penstock_lag_drain_seconds_estimate", METRIC_GAUGE,
		"Seconds until nothing waits, at the pace of the last minute.",
		{"topic", "partition"}},
	[LAG_OLDEST] = {"penstock_lag_oldest_seconds", METRIC_GAUGE,
		"Age of the oldest waiting message.", {"topic", "partition"}},
	[FILES] = {"penstock_files", METRIC_GAUGE, "Files in the ledger.", {"dataset", "state"}},
	[ROWS] = {"penstock_loaded_rows", METRIC_GAUGE, "Rows carried by the chunks in the ledger.",
		{"dataset"}},
	[REJECTS] = {"penstock_rejected_records", METRIC_GAUGE,
		"Records in the ledger that can never load.", {"dataset"}},
	[DEAD_LETTERS] = {"penstock_dead_letters", METRIC_GAUGE, "Dead letters not yet replayed.",
		{"dataset"}},
	[WORKER_ALIVE] = {"penstock_worker_alive", METRIC_GAUGE,
		"1 while the worker's heartbeat is fresh.", {"worker"}},
	[WORKER_HEARTBEAT] = {"penstock_worker_heartbeat_age_seconds", METRIC_GAUGE,
		"Seconds since the worker's last heartbeat.", {"worker"}},
	[RUN_SECONDS] = {"penstock_run_last_duration_seconds", METRIC_GAUGE,
		"How long the newest batch run took, or has taken so far.", {NULL}},
	[RUN_PUBLISHED] = {"penstock_run_last_published", METRIC_GAUGE,
		"1 when the newest finished batch run was published, 0 when it failed.", {NULL}},
	[CHECK_FAILURES] = {"penstock_check_failures", METRIC_GAUGE,
		"What the check found when it ran last; severity tells what that means.",
		{"check", "model", "severity"}},
};

const struct metric *monitor_metrics(size_t *ret_count)
{
	*ret_count = METRIC_COUNT;
	return table;
}

static void forget(struct metrics *metrics, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		metric_forget(metrics, &table[i]);
}

static void set_lag_row(struct metrics *metrics, const struct lag_row *row)
{
	char partition[16];
	snprintf(partition, sizeof(partition), "%d", row->partition);
	metric_set(metrics, &table[GROUP_LAG], (double)row->lag, row->group, row->topic, partition);
	metric_set(metrics, &table[TOPIC_OFFSET], (double)row->end, row->topic, partition);
	if (row->committed >= 0)
		metric_set(metrics, &table[GROUP_OFFSET], (double)row->committed, row->group,
			row->topic, partition);
	if (row->rows_estimate >= 0)
		metric_set(metrics, &table[LAG_ROWS], (double)row->rows_estimate, row->topic,
			partition);
	if (row->seconds_to_drain >= 0)
		metric_set(
			metrics, &table[LAG_SECONDS], row->seconds_to_drain, row->topic, partition);
	if (row->oldest_seconds >= 0)
		metric_set(metrics, &table[LAG_OLDEST], row->oldest_seconds, row->topic, partition);
}

void monitor_metrics_lag(struct metrics *metrics, const struct lag *lag)
{
	metric_set(metrics, &table[INFO], 1, PENSTOCK_VERSION);
	metric_set(metrics, &table[KAFKA_UP], lag ? 1 : 0);
	forget(metrics, GROUP_LAG, FILES);
	for (size_t i = 0; lag && i < lag->count; i++)
		set_lag_row(metrics, &lag->rows[i]);
}

static double number(const struct listing *listing, size_t row, const char *key)
{
	const char *text = listing_cell(listing, row, key);
	return text ? strtod(text, NULL) : 0;
}

static void set_dataset(struct metrics *metrics, const struct listing *datasets, size_t row)
{
	static const struct {
		const char *key;
		const char *state;
	} states[] = {{"files_complete", "complete"}, {"files_loading", "loading"},
		{"files_quarantined", "quarantined"}};
	const char *name = listing_cell(datasets, row, "dataset");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		metric_set(metrics, &table[FILES], number(datasets, row, states[i].key), name,
			states[i].state);
	metric_set(metrics, &table[ROWS], number(datasets, row, "rows"), name);
	metric_set(metrics, &table[REJECTS], number(datasets, row, "rejects"), name);
	metric_set(metrics, &table[DEAD_LETTERS], number(datasets, row, "dead_letters"), name);
}

static void set_runs(struct metrics *metrics, const struct listing *runs)
{
	if (runs->rows)
		metric_set(metrics, &table[RUN_SECONDS], number(runs, 0, "seconds"));
	for (size_t i = 0; i < runs->rows; i++) {
		const char *state = listing_cell(runs, i, "state");
		if (strcmp(state, "published") != 0 && strcmp(state, "failed") != 0)
			continue;
		metric_set(metrics, &table[RUN_PUBLISHED], strcmp(state, "published") == 0);
		return;
	}
}

void monitor_metrics_status(struct metrics *metrics, const struct status *status)
{
	metric_set(metrics, &table[LEDGER_UP], status ? 1 : 0);
	forget(metrics, FILES, METRIC_COUNT);
	if (!status)
		return;
	const struct listing *datasets = &status->parts[STATUS_DATASETS];
	for (size_t i = 0; i < datasets->rows; i++)
		set_dataset(metrics, datasets, i);
	const struct listing *workers = &status->parts[STATUS_WORKERS];
	for (size_t i = 0; i < workers->rows; i++) {
		const char *name = listing_cell(workers, i, "worker");
		metric_set(metrics, &table[WORKER_ALIVE], number(workers, i, "alive"), name);
		metric_set(metrics, &table[WORKER_HEARTBEAT],
			number(workers, i, "heartbeat_seconds"), name);
	}
	set_runs(metrics, &status->parts[STATUS_RUNS]);
	for (size_t i = 0; i < status->checks.rows; i++)
		metric_set(metrics, &table[CHECK_FAILURES], number(&status->checks, i, "failures"),
			listing_cell(&status->checks, i, "check"),
			listing_cell(&status->checks, i, "model"),
			listing_cell(&status->checks, i, "severity"));
}
