/* SPDX-License-Identifier: Apache-2.0 */
/* The `sources` map: its entries, and what no single key of them can tell. */
#include <stddef.h>
#include <string.h>

#include "base/json_path.h"
#include "base/json_scan.h"
#include "config/keys.h"

static void check_member(
	struct loader *loader, const struct remote *remote, const char *key, const char *path)
{
	if (*path && !json_path_is_good(path))
		loader_problem(loader, remote->line, key,
			"expected member names joined by dots, not '%s'", path);
}

/* Where a page's number or cursor goes into the body, there must be something to put it into. */
static void check_body(struct loader *loader, const struct remote *remote)
{
	struct json_scanner scanner;
	struct json_value value;
	const char *why = NULL;
	size_t at = 0;
	if (remote->method != REMOTE_POST ||
		(!*remote->paging.parameter && !*remote->paging.size_parameter))
		return;
	check_member(loader, remote, "paging.parameter", remote->paging.parameter);
	check_member(loader, remote, "paging.size_parameter", remote->paging.size_parameter);
	json_scanner_init(&scanner);
	if (!json_validate(&scanner, remote->body, strlen(remote->body), &value, &why, &at) ||
		value.kind != JSON_OBJECT)
		loader_problem(loader, remote->line, "body",
			"expected a map, or the text of a JSON object, into which paging puts its "
			"parameters");
	json_scanner_release(&scanner);
}

static void check_source(struct loader *loader, const void *entry)
{
	const struct remote *remote = entry;
	const struct remote_paging *paging = &remote->paging;
	if (remote->every_ms && *remote->cron_text)
		loader_problem(
			loader, remote->line, "every", "goes without cron, and cron without it");
	if (paging->by == PAGING_OFFSET && !paging->size)
		loader_problem(loader, remote->line, "paging.size",
			"missing; expected by how much the offset grows with each page");
	if (*paging->size_parameter && !paging->size)
		loader_problem(loader, remote->line, "paging.size",
			"missing; expected the value of the parameter '%s'",
			paging->size_parameter);
	check_body(loader, remote);
}

static const struct entry_map map = {.what = "a source",
	.size = sizeof(struct remote),
	.name = offsetof(struct remote, name),
	.line = offsetof(struct remote, line),
	.array = offsetof(struct config, sources),
	.count = offsetof(struct config, source_count),
	.check = check_source};

const struct value_type value_sources = {.read = entries_read,
	.print = entries_print,
	.prints_key = true,
	.map = &map,
	.entries = &source_keys,
	.entry_prefix = "sources.NAME."};

static void check_dataset_of(struct loader *loader, struct remote *remote)
{
	struct remote_paging *paging = &remote->paging;
	if (!*remote->dataset)
		return;
	const struct config_dataset *dataset = config_find_dataset(loader->config, remote->dataset);
	if (!dataset) {
		loader_problem(loader, remote->line, "dataset", "there is no dataset '%s'",
			remote->dataset);
		return;
	}
	if (paging->by != PAGING_NONE && dataset->keep == KEEP_LATEST_FILE)
		loader_problem(loader, remote->line, "paging.by",
			"each page becomes a file, and dataset %s keeps the latest file only",
			dataset->name);
	if (paging->by != PAGING_NONE && !paging->records_given &&
		dataset->reading.format == FORMAT_JSON)
		paging->records = dataset->reading.json.records;
}

void check_sources(struct loader *loader)
{
	for (size_t i = 0; i < loader->config->source_count; i++) {
		struct remote *remote = &loader->config->sources[i];
		loader->prefix = arena_printf(&loader->config->arena, "sources.%s.", remote->name);
		check_dataset_of(loader, remote);
	}
	loader->prefix = "";
}
