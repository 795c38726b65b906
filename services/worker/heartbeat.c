/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/heartbeat.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "penstock_worker_sql.h"

static const size_t max_partitions_text = 64 * 1024;

static void describe_partitions(const struct heartbeat *heartbeat, struct buf *out)
{
	for (size_t i = 0; i < heartbeat->partition_count; i++)
		buf_printf(out, "%s%s/%" PRId32, i ? " " : "", heartbeat->partitions[i].topic,
			heartbeat->partitions[i].partition);
}

bool heartbeat_write(struct database *database, const struct heartbeat *heartbeat, struct err *err)
{
	char chunks[24];
	char rows[24];
	char rejects[24];
	snprintf(chunks, sizeof(chunks), "%" PRId64, heartbeat->chunks);
	snprintf(rows, sizeof(rows), "%" PRId64, heartbeat->rows);
	snprintf(rejects, sizeof(rejects), "%" PRId64, heartbeat->rejects);
	struct buf partitions;
	buf_init(&partitions, max_partitions_text);
	describe_partitions(heartbeat, &partitions);
	const char *const parameters[] = {heartbeat->worker, heartbeat->state, chunks, rows,
		rejects, buf_text(&partitions), heartbeat->paused, heartbeat->stopped};
	bool ok = database_run(database, sql_worker_heartbeat, parameters,
		sizeof(parameters) / sizeof(parameters[0]), NULL, err);
	buf_release(&partitions);
	return ok;
}
