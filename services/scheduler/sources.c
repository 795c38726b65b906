/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches that are loaded in part: who would see half of one waits. */
#include "scheduler/batch.h"

#define LOADING                                                                                    \
	"SELECT string_agg(source || ' (' || files || CASE files WHEN 1 THEN ' file' ELSE "        \
	"' files' END || ')', ', ' ORDER BY source) FROM penstock.source_loading"

bool sources_loaded(struct database *database, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(database, LOADING, NULL, 0, &rows, err))
		return false;
	const char *names = database_text(rows, 0, 0);
	bool ok = !names || err_fail(err, ERR_RETRY,
				    "what sources have fetched is not loaded yet: %s", names);
	database_rows_free(rows);
	return ok;
}
