/* SPDX-License-Identifier: Apache-2.0 */
/* The `sources` map: its entries, and what no single key of them can tell. */
#include <string.h>

#include "config/keys.h"

static bool name_is_good(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return n >= 1 && n <= 100 && name[n] == '\0';
}

static void check_source(struct loader *loader, const struct remote *remote)
{
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
}

static void read_source(struct loader *loader, const struct tree_node *node, struct remote *remote)
{
	*remote = (struct remote){.name = node->key, .line = node->line};
	if (!name_is_good(node->key)) {
		loader_problem(loader, node->line, node->key,
			"a source's name is 1 to 100 of a-z, 0-9, '_' and '-'");
		return;
	}
	if (node->kind != TREE_MAP) {
		loader_problem(loader, node->line, node->key, "expected a map");
		return;
	}
	loader->prefix = arena_printf(&loader->config->arena, "sources.%s.", node->key);
	size_t problems = loader->problem_count;
	keys_read(loader, &source_keys, node, remote);
	if (loader->problem_count == problems)
		check_source(loader, remote);
	loader->prefix = "sources.";
}

static bool read_sources(const struct value *value)
{
	struct loader *loader = value->loader;
	struct config *config = loader->config;
	if (!value->given)
		return true;
	if (value->node->kind != TREE_MAP)
		return false;
	config->sources =
		arena_calloc(&config->arena, value->node->count + 1, sizeof(*config->sources));
	loader->prefix = "sources.";
	for (const struct tree_node *n = value->node->first; n; n = n->next)
		read_source(loader, n, &config->sources[config->source_count++]);
	loader->prefix = "";
	return true;
}

static void print_sources(const struct key *key, const void *target, struct printer *printer)
{
	const struct config *config = target;
	printer_map(printer, key->path);
	for (size_t i = 0; i < config->source_count; i++) {
		printer_map(printer, config->sources[i].name);
		keys_print(&source_keys, &config->sources[i], printer);
		printer_map_end(printer);
	}
	printer_map_end(printer);
}

const struct value_type value_sources = {.read = read_sources,
	.print = print_sources,
	.prints_key = true,
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
