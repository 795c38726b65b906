/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests as documents of the store: created once, found, merged, listed. */
#include "archive/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/document.h"
#include "archive/store.h"
#include "base/text.h"

static const size_t sha256_digits = 64;
enum { name_size = DOCUMENT_NAME_SIZE, batch = 32 };

void manifest_init(struct manifest *manifest)
{
	*manifest = (struct manifest){0};
	arena_init(&manifest->arena, 4 * (size_t)MANIFEST_MAX_BYTES);
}

void manifest_release(struct manifest *manifest)
{
	arena_release(&manifest->arena);
	manifest_init(manifest);
}

static void document_name(char ret_name[name_size], const char *sha256, int64_t repeat)
{
	snprintf(ret_name, name_size, "%.64s.%lld.json", sha256, (long long)repeat);
}

/* Fills an initialized manifest. */
static bool parse(const struct archive *archive, const char *dataset, const char *name,
	const struct buf *text, struct manifest *manifest, struct err *err)
{
	char path[PATH_MAX];
	return archive_path(archive, path, err, "%s/manifests/%s", dataset, name) &&
	       manifest_parse((const char *)text->data, text->len, path, manifest, err);
}

/* Replaces *manifest by the document; a missing one leaves it as it is. */
static bool load(struct archive *archive, const char *dataset, const char *name,
	struct manifest *manifest, bool *ret_found, struct err *err)
{
	struct buf text;
	buf_init(&text, MANIFEST_MAX_BYTES);
	struct manifest read;
	manifest_init(&read);
	bool found = false;
	bool ok = archive->store->load(archive, dataset, name, &text, &found, err) &&
		  (!found || parse(archive, dataset, name, &text, &read, err));
	buf_release(&text);
	if (ok && found) {
		manifest_release(manifest);
		*manifest = read;
	} else {
		manifest_release(&read);
	}
	if (ok)
		*ret_found = found;
	return ok;
}

bool manifest_load(struct archive *archive, const char *dataset, const char *sha256, int64_t repeat,
	struct manifest *manifest, bool *ret_found, struct err *err)
{
	char name[name_size];
	document_name(name, sha256, repeat);
	return load(archive, dataset, name, manifest, ret_found, err);
}

static bool write_text(const struct manifest *manifest, struct buf *out, struct err *err)
{
	manifest_write(manifest, out);
	if (out->overflow)
		return err_fail(err, ERR_FATAL, "the manifest of %s would pass %d bytes",
			manifest->name, MANIFEST_MAX_BYTES);
	return true;
}

/* ---- creating ---- */

struct creation {
	struct manifest *manifest;
	int64_t file_id; /* 0: made of time and content */
};

static bool make(void *context, int64_t created_ms, struct buf *out, struct err *err)
{
	const struct creation *creation = context;
	struct manifest *manifest = creation->manifest;
	char digits[6] = {0};
	memcpy(digits, manifest->sha256, 5);
	manifest->created_ms = creation->file_id ? creation->file_id >> 20 : created_ms;
	manifest->file_id =
		(int64_t)((uint64_t)created_ms << 20 | strtoull(digits, NULL, 16)) & INT64_MAX;
	if (creation->file_id)
		manifest->file_id = creation->file_id;
	return write_text(manifest, out, err);
}

bool manifest_create(
	struct archive *archive, struct manifest *manifest, bool *ret_created, struct err *err)
{
	char name[name_size];
	char path[PATH_MAX];
	bool found = false;
	bool created = false;
	struct creation creation = {manifest, manifest->file_id};
	const char *dataset = manifest->dataset;
	document_name(name, manifest->sha256, manifest->repeat);
	if (!load(archive, dataset, name, manifest, &found, err) ||
		(!found && !archive->store->create(
				   archive, dataset, name, make, &creation, &created, err)))
		return false;
	/* Somebody else was faster. */
	if (!found && !created && !load(archive, dataset, name, manifest, &found, err))
		return false;
	if (!found && !created)
		return archive_path(archive, path, err, "%s/manifests/%s", dataset, name) &&
		       err_fail(err, ERR_RETRY, "manifest %s was removed meanwhile", path);
	*ret_created = created;
	return true;
}

/* ---- merging ---- */

static int64_t *offset_of(struct manifest *manifest, int32_t partition)
{
	for (size_t i = 0; i < manifest->partition_count; i++)
		if (manifest->partitions[i].partition == partition)
			return &manifest->partitions[i].offset;
	return NULL;
}

static void take_offsets(struct manifest *stored, const struct manifest *mine)
{
	size_t most = stored->partition_count + mine->partition_count;
	struct manifest_partition *all =
		arena_calloc(&stored->arena, most + 1, sizeof(*stored->partitions));
	if (stored->partition_count)
		memcpy(all, stored->partitions, stored->partition_count * sizeof(*all));
	stored->partitions = all;
	for (size_t i = 0; i < mine->partition_count; i++) {
		int64_t *known = offset_of(stored, mine->partitions[i].partition);
		if (!known)
			all[stored->partition_count++] = mine->partitions[i];
		else if (*known < mine->partitions[i].offset)
			*known = mine->partitions[i].offset;
	}
}

/* Text of `stored` is borrowed from `mine` afterwards. */
static void merge(struct manifest *stored, const struct manifest *mine)
{
	if (mine->state > stored->state) {
		stored->state = mine->state;
		stored->reason = mine->reason;
	}
	if (mine->rounds < stored->rounds || mine->rounds == 0)
		return;
	if (mine->rounds > stored->rounds)
		stored->partition_count = 0;
	take_offsets(stored, mine);
	stored->rounds = mine->rounds;
	stored->sent_ms = mine->sent_ms > stored->sent_ms ? mine->sent_ms : stored->sent_ms;
	stored->topic = mine->topic;
	stored->chunks = mine->chunks;
	stored->records = mine->records;
	stored->rows = mine->rows;
	stored->rejects = mine->rejects;
}

struct saving {
	struct archive *archive;
	const char *name;
	const struct manifest *mine;
};

static bool change(void *context, const struct buf *old, struct buf *out, struct err *err)
{
	const struct saving *saving = context;
	struct manifest stored;
	manifest_init(&stored);
	bool ok = parse(saving->archive, saving->mine->dataset, saving->name, old, &stored, err);
	if (ok) {
		merge(&stored, saving->mine);
		ok = write_text(&stored, out, err);
	}
	manifest_release(&stored);
	return ok;
}

bool manifest_save(struct archive *archive, const struct manifest *manifest, struct err *err)
{
	char name[name_size];
	struct saving saving = {archive, name, manifest};
	document_name(name, manifest->sha256, manifest->repeat);
	return archive->store->change(archive, manifest->dataset, name, change, &saving, err);
}

/* ---- listing ---- */

bool manifest_last_repeat(struct archive *archive, const char *dataset, const char *sha256,
	int64_t *ret_repeat, struct err *err)
{
	/* Repeats are made one after the other: counting up is cheaper than a listing. */
	bool found = true;
	for (int64_t repeat = 0; found; repeat++) {
		char name[name_size];
		document_name(name, sha256, repeat);
		if (!archive->store->has(archive, dataset, name, &found, err))
			return false;
		if (!found)
			*ret_repeat = repeat - 1;
	}
	return true;
}

/* "<sha256>.<repeat>.json" */
static bool name_repeat(const char *name, int64_t *ret_repeat)
{
	if (strspn(name, "0123456789abcdef") != sha256_digits || name[sha256_digits] != '.')
		return false;
	char digits[24];
	const char *from = name + sha256_digits + 1;
	size_t n = strspn(from, "0123456789");
	if (n == 0 || n >= sizeof(digits) || strcmp(from + n, ".json") != 0)
		return false;
	memcpy(digits, from, n);
	digits[n] = '\0';
	return text_int64(digits, ret_repeat);
}

/* Documents are read a batch at a time: a store may be far away. */
struct walk {
	struct archive *archive;
	const char *dataset;
	bool (*wanted)(void *context, const char *sha256, int64_t repeat);
	bool (*visit)(void *context, const struct manifest *manifest, struct err *err);
	void *context;
	struct document *documents;
	size_t count;
	bool broken; /* a document could not be read: `first` */
	struct err first;
};

static void note_broken(struct walk *walk, const struct err *why)
{
	if (!walk->broken)
		walk->first = *why;
	walk->broken = true;
}

static bool visit_document(struct walk *walk, const struct document *document, struct err *err)
{
	struct manifest manifest;
	struct err why = document->why;
	bool ok = true;
	if (document->ok && !document->found)
		return true;
	manifest_init(&manifest);
	if (document->ok && parse(walk->archive, walk->dataset, document->name, &document->text,
				    &manifest, &why))
		ok = walk->visit(walk->context, &manifest, err);
	else
		note_broken(walk, &why);
	manifest_release(&manifest);
	return ok;
}

static bool visit_batch(struct walk *walk, struct err *err)
{
	size_t count = walk->count;
	bool ok = true;
	walk->count = 0;
	walk->archive->store->load_many(walk->archive, walk->dataset, walk->documents, count);
	for (size_t i = 0; i < count; i++) {
		ok = ok && visit_document(walk, &walk->documents[i], err);
		buf_release(&walk->documents[i].text);
	}
	return ok;
}

static bool visit_name(void *context, const char *name, struct err *err)
{
	struct walk *walk = context;
	int64_t repeat;
	char sha256[65] = "";
	if (!name_repeat(name, &repeat))
		return true;
	memcpy(sha256, name, sha256_digits);
	if (walk->wanted && !walk->wanted(walk->context, sha256, repeat))
		return true;
	struct document *document = &walk->documents[walk->count++];
	*document = (struct document){0};
	document_name(document->name, sha256, repeat);
	buf_init(&document->text, MANIFEST_MAX_BYTES);
	return walk->count < batch || visit_batch(walk, err);
}

bool manifest_each(struct archive *archive, const char *dataset,
	bool (*wanted)(void *context, const char *sha256, int64_t repeat),
	bool (*visit)(void *context, const struct manifest *manifest, struct err *err),
	void *context, struct err *err)
{
	struct document documents[batch];
	struct walk walk = {archive, dataset, wanted, visit, context, documents, 0, false, {0}};
	bool ok = archive->store->list(archive, dataset, visit_name, &walk, err) &&
		  visit_batch(&walk, err);
	if (ok && walk.broken) {
		if (err)
			*err = walk.first;
		ok = false;
	}
	return ok;
}
