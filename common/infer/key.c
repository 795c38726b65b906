/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest set of columns no two records of the sample agree in. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "infer/draft.h"

#define RECORDS_MAX  20000
#define SINGLES_MAX  100 /* columns looked at alone */
#define TOGETHER_MAX 8	 /* columns looked at in pairs and threes */

struct keys {
	const struct draft_field *fields[SINGLES_MAX]; /* likely ones first */
	size_t count;
	uint64_t *hashes; /* a record after the other */
	uint64_t *sorted;
	size_t records;
};

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name);
	size_t k = strlen(end);
	return n >= k && strcasecmp(name + n - k, end) == 0;
}

static bool is_likely(const char *name)
{
	static const char *const ends[] = {"id", "key", "code", "number", "uuid"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(name, ends[i]))
			return true;
	return false;
}

/* Moments differ by accident. */
static bool is_moment(const struct draft_field *field)
{
	return strstr(field->type, "timestamp") || ends_with(field->name, "_at");
}

static void choose_columns(const struct draft *draft, struct keys *keys)
{
	for (int likely = 1; likely >= 0; likely--)
		for (size_t i = 0; i < draft->field_count && keys->count < SINGLES_MAX; i++)
			if (draft->fields[i].key && !is_moment(&draft->fields[i]) &&
				is_likely(draft->fields[i].name) == (bool)likely)
				keys->fields[keys->count++] = &draft->fields[i];
}

/* FNV-1a. */
static uint64_t hash_of(const struct cell *cell)
{
	uint64_t hash = UINT64_C(14695981039346656037) + cell->kind;
	for (uint32_t i = 0; i < cell->len; i++)
		hash = (hash ^ (unsigned char)cell->data[i]) * UINT64_C(1099511628211);
	return hash;
}

static bool keep_hashes(void *context, const struct record *record)
{
	struct keys *keys = context;
	if (record->bad)
		return true;
	uint64_t *row = keys->hashes + keys->records++ * keys->count;
	for (size_t i = 0; i < keys->count; i++)
		row[i] = hash_of(&record->cells[keys->fields[i]->column]);
	return keys->records < RECORDS_MAX;
}

static int compare(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a;
	uint64_t other = *(const uint64_t *)b;
	return (one > other) - (one < other);
}

static bool is_unique(struct keys *keys, const size_t *set, size_t n)
{
	for (size_t r = 0; r < keys->records; r++) {
		uint64_t hash = 0;
		for (size_t i = 0; i < n; i++)
			hash = hash * UINT64_C(0x9E3779B97F4A7C15) +
			       keys->hashes[r * keys->count + set[i]];
		keys->sorted[r] = hash;
	}
	qsort(keys->sorted, keys->records, sizeof(*keys->sorted), compare);
	for (size_t r = 1; r < keys->records; r++)
		if (keys->sorted[r] == keys->sorted[r - 1])
			return false;
	return true;
}

/* Sets of n columns, from `from` on, behind those chosen already. */
static bool find_set(struct keys *keys, size_t *set, size_t chosen, size_t n, size_t from)
{
	size_t most = n == 1 ? SINGLES_MAX : TOGETHER_MAX;
	if (chosen == n)
		return is_unique(keys, set, n);
	for (size_t i = from; i < keys->count && i < most; i++) {
		set[chosen] = i;
		if (find_set(keys, set, chosen + 1, n, i + 1))
			return true;
	}
	return false;
}

static void settle(struct draft *draft, struct keys *keys)
{
	size_t set[3];
	if (keys->records < 2)
		return;
	for (size_t n = 1; n <= 3; n++) {
		if (!find_set(keys, set, 0, n, 0))
			continue;
		draft->key = arena_calloc(&draft->arena, n + 1, sizeof(*draft->key));
		for (size_t i = 0; i < n; i++)
			draft->key[draft->key_count++] = keys->fields[set[i]]->name;
		/* A record's rows differ in the column they come from. */
		if (draft->reading.unpivot.enabled)
			draft->key[draft->key_count++] = draft->reading.unpivot.names;
		return;
	}
}

static struct string_list wanted_names(struct draft *draft)
{
	size_t count = draft->field_count;
	struct string_list wanted = {arena_calloc(&draft->arena, count + 1, sizeof(char *)), count};
	draft->reading.fields =
		arena_calloc(&draft->arena, count + 1, sizeof(*draft->reading.fields));
	for (size_t i = 0; i < count; i++) {
		const struct draft_field *field = &draft->fields[i];
		wanted.items[i] = field->path	  ? field->path
				  : field->header ? field->header
						  : field->name;
		if (field->path)
			draft->reading.fields[draft->reading.field_count++] =
				(struct field_reading){.name = field->name, .path = field->path};
	}
	return wanted;
}

bool infer_key(struct draft *draft, const struct sample *sample, struct err *err)
{
	struct keys keys = {0};
	choose_columns(draft, &keys);
	if (keys.count == 0)
		return true;
	keys.hashes = calloc((size_t)RECORDS_MAX * keys.count, sizeof(*keys.hashes));
	keys.sorted = calloc(RECORDS_MAX, sizeof(*keys.sorted));
	if (!keys.hashes || !keys.sorted)
		BUG("out of memory: keys");
	struct string_list wanted = wanted_names(draft);
	struct sample_walk walk = {&draft->reading, &wanted, keep_hashes, &keys, NULL};
	bool ok = sample_records(sample, &walk, err);
	if (ok)
		settle(draft, &keys);
	draft->records = (int64_t)keys.records;
	free(keys.hashes);
	free(keys.sorted);
	return ok;
}
