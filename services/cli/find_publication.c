/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/find_publication.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "producer/route.h"

static const size_t max_found = 100000;

struct search {
	const struct publication_wanted *wanted;
	bool (*like)(void *context, const struct manifest *manifest);
	void *context;
	const char *dataset;
	struct arena *arena;
	struct found_publications found;
};

bool publication_is_wanted(const struct publication_wanted *wanted, const struct manifest *manifest)
{
	if (wanted->file_id && wanted->file_id != manifest->file_id)
		return false;
	if (wanted->sha256 &&
		strncmp(wanted->sha256, manifest->sha256, strlen(wanted->sha256)) != 0)
		return false;
	/* "a.zip!orders.csv" is called so, or by the archive's path and the member. */
	return !wanted->name || strcmp(wanted->name, manifest->name) == 0 ||
	       strcmp(file_name(wanted->name), manifest->name) == 0;
}

static void add(struct search *search, const struct manifest *manifest)
{
	struct found_publications *found = &search->found;
	if (found->count == found->capacity) {
		size_t capacity = found->capacity ? found->capacity * 4 : 16;
		struct found_publication *items =
			arena_calloc(search->arena, capacity, sizeof(*items));
		if (found->count)
			memcpy(items, found->items, found->count * sizeof(*items));
		found->items = items;
		found->capacity = capacity;
	}
	struct found_publication *item = &found->items[found->count++];
	*item = (struct found_publication){.dataset = search->dataset,
		.file_id = manifest->file_id,
		.repeat = manifest->repeat,
		.state = manifest->state,
		.name = arena_strdup(search->arena, manifest->name)};
	snprintf(item->sha256, sizeof(item->sha256), "%s", manifest->sha256);
}

static bool visit(void *context, const struct manifest *manifest, struct err *err)
{
	struct search *search = context;
	if (!publication_is_wanted(search->wanted, manifest) ||
		(search->like && !search->like(search->context, manifest)))
		return true;
	if (search->found.count == max_found)
		return err_fail(
			err, ERR_FATAL, "more than %zu publications; name fewer", max_found);
	add(search, manifest);
	return true;
}

static int by_file_id(const void *a, const void *b)
{
	const struct found_publication *x = a;
	const struct found_publication *y = b;
	return (x->file_id > y->file_id) - (x->file_id < y->file_id);
}

bool find_publications(struct archive *archive, const struct datasets *datasets,
	const struct publication_wanted *wanted,
	bool (*like)(void *context, const struct manifest *manifest), void *context,
	struct arena *arena, struct found_publications *ret_found, struct err *err)
{
	struct search search = {.wanted = wanted, .like = like, .context = context, .arena = arena};
	if (wanted->dataset && !datasets_find(datasets, wanted->dataset))
		return err_usage(err, "there is no dataset '%s'", wanted->dataset);
	for (size_t i = 0; i <= datasets->count; i++) {
		size_t before = search.found.count;
		search.dataset =
			i < datasets->count ? datasets->items[i].config->name : UNROUTED_DATASET;
		if (wanted->dataset && strcmp(wanted->dataset, search.dataset) != 0)
			continue;
		if (!manifest_each(archive, search.dataset, NULL, visit, &search, err))
			return false;
		if (search.found.count > before)
			qsort(search.found.items + before, search.found.count - before,
				sizeof(*search.found.items), by_file_id);
	}
	*ret_found = search.found;
	return true;
}
