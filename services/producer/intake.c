/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes go to the archive first; a manifest is made only after the whole file was read and found
 * unchanged, so a half-written file leaves at most an object nobody refers to.
 */
#include "producer/intake.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "format/input.h"
#include "record/chunk.h"

static const size_t max_members = 100000;
static const size_t max_names = 64 << 20;

void intake_init(struct intake *intake)
{
	*intake = (struct intake){0};
	arena_init(&intake->arena, max_names);
}

void intake_release(struct intake *intake)
{
	arena_release(&intake->arena);
}

/* A name that is the same in manifest, message and ledger: UTF-8 without control characters. */
static const char *clean_name(struct arena *arena, const char *name)
{
	char *clean = arena_alloc(arena, CHUNK_MAX_NAME + 1);
	size_t length = 0;
	size_t left = strlen(name);
	while (left) {
		size_t n = utf8_length((const unsigned char *)name, left);
		bool good = n && (unsigned char)*name >= ' ' && *name != 0x7f;
		size_t step = n ? n : 1;
		if (length + (good ? n : 1) > CHUNK_MAX_NAME)
			break;
		if (good)
			memcpy(clean + length, name, n);
		else
			clean[length] = '?';
		length += good ? n : 1;
		name += step;
		left -= step;
	}
	clean[length] = '\0';
	return clean;
}

static struct content *add(struct intake *intake, const char *name, const struct dataset *dataset)
{
	if (intake->count == intake->capacity) {
		size_t capacity = intake->capacity ? intake->capacity * 4 : 4;
		struct content *items =
			arena_calloc(&intake->arena, capacity, sizeof(*intake->items));
		if (intake->count)
			memcpy(items, intake->items, intake->count * sizeof(*items));
		intake->items = items;
		intake->capacity = capacity;
	}
	struct content *content = &intake->items[intake->count++];
	content->name = clean_name(&intake->arena, name);
	content->dataset = dataset;
	return content;
}

static bool rewind_to_start(const struct claim *claim, struct err *err)
{
	return lseek(claim->fd, 0, SEEK_SET) == 0 ||
	       err_fail_errno(err, ERR_RETRY, "reading %s", claim->path);
}

static bool no_dataset(struct err *err, const char *name)
{
	return err_fail(err, ERR_DATA,
		"%s: no dataset takes files of this name ('files' in the configuration; 'publish "
		"--dataset' names one)",
		name);
}

/* ---- archives ---- */

struct members {
	struct publisher *publisher;
	struct intake *intake;
	const struct dataset *fallback; /* the archive's own dataset; may be NULL */
	const char *archive_name;
	char name[CHUNK_MAX_NAME * 2];
};

static bool is_hidden(const char *member)
{
	return file_name(member)[0] == '.';
}

static bool member_dataset(const struct members *members, const char *member,
	const struct dataset **ret_dataset, struct err *err)
{
	const struct dataset *dataset = NULL;
	if (!publisher_dataset(members->publisher, member, &dataset, err))
		return false;
	*ret_dataset = dataset ? dataset : members->fallback;
	return true;
}

static const char *member_name(struct members *members, const char *member)
{
	snprintf(members->name, sizeof(members->name), "%s!%s", members->archive_name, member);
	return members->name;
}

static bool check_member(
	void *context, const char *member, struct member_reader *reader, struct err *err)
{
	(void)reader;
	struct members *members = context;
	const struct dataset *dataset = NULL;
	if (is_hidden(member))
		return true;
	if (!member_dataset(members, member, &dataset, err))
		return false;
	return dataset || no_dataset(err, member_name(members, member));
}

static bool store_member(
	void *context, const char *member, struct member_reader *reader, struct err *err)
{
	struct members *members = context;
	const struct dataset *dataset = NULL;
	if (is_hidden(member))
		return true;
	if (!member_dataset(members, member, &dataset, err))
		return false;
	if (!dataset)
		return no_dataset(err, member_name(members, member));
	if (members->intake->count == max_members)
		return err_fail(err, ERR_DATA, "%s holds more than %zu files",
			members->archive_name, max_members);
	struct content *content = add(members->intake, member_name(members, member), dataset);
	return archive_put(members->publisher->archive, dataset->config->name, reader->read,
		reader->handle, &content->object, err);
}

static bool read_members(struct publisher *publisher, struct claim *claim,
	const struct dataset *fallback, struct intake *intake, struct err *err)
{
	struct members members = {.publisher = publisher,
		.intake = intake,
		.fallback = fallback,
		.archive_name = file_name(claim->path)};
	if (!rewind_to_start(claim, err) ||
		!input_each_member(claim->fd, members.archive_name, check_member, &members, err) ||
		!rewind_to_start(claim, err) ||
		!input_each_member(claim->fd, members.archive_name, store_member, &members, err))
		return false;
	return intake->count ||
	       err_fail(err, ERR_DATA, "%s is an archive without files", members.archive_name);
}

/* ---- one file ---- */

static bool read_plain(struct publisher *publisher, struct claim *claim,
	const struct dataset *dataset, struct intake *intake, struct err *err)
{
	if (!dataset)
		return no_dataset(err, claim->path);
	struct content *content = add(intake, file_name(claim->path), dataset);
	return rewind_to_start(claim, err) && archive_put(publisher->archive, dataset->config->name,
						      claim_read, claim, &content->object, err);
}

bool intake_read(
	struct publisher *publisher, struct claim *claim, struct intake *intake, struct err *err)
{
	const struct dataset *dataset = NULL;
	bool archive = false;
	if (!publisher_dataset(publisher, claim->path, &dataset, err) ||
		!input_is_archive(claim->fd, &archive, err))
		return false;
	bool ok = archive ? read_members(publisher, claim, dataset, intake, err)
			  : read_plain(publisher, claim, dataset, intake, err);
	struct err changed;
	/* Nonsense in a file that is being written says nothing about the file. */
	if (!claim_check(claim, ok ? err : &changed)) {
		if (!ok)
			*err = changed;
		return false;
	}
	return ok;
}
