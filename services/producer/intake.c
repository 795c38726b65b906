/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes go to the archive first; a manifest is made only after the whole file was read and found
 * unchanged, so a half-written file leaves at most an object nobody refers to.
 */
#include "producer/intake.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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

/* Of the dataset the router found, or refused for the router's reason. */
static struct content *add(struct intake *intake, const char *name, struct router *router)
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
	content->dataset = router->dataset;
	if (!router->dataset)
		content->refused = arena_strdup(&intake->arena, buf_text(&router->reason));
	return content;
}

const char *content_dataset(const struct content *content)
{
	return content->dataset ? content->dataset->config->name : UNROUTED_DATASET;
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
	const char *archive_name;
	char name[CHUNK_MAX_NAME * 2];
	/* The start of the member in hand, where its content had to be looked at. */
	int head; /* a file in memory; -1: not needed yet */
	size_t head_len;
	size_t head_at; /* how much of it was handed on */
	struct member_reader *rest;
};

static bool is_hidden(const char *member)
{
	return file_name(member)[0] == '.';
}

static const char *member_name(struct members *members, const char *member)
{
	snprintf(members->name, sizeof(members->name), "%s!%s", members->archive_name, member);
	return members->name;
}

static bool open_head(struct members *members, struct err *err)
{
	if (members->head < 0)
		members->head = memfd_create("penstock-member", MFD_CLOEXEC);
	if (members->head < 0 || ftruncate(members->head, 0) != 0 ||
		lseek(members->head, 0, SEEK_SET) != 0)
		return err_fail_errno(err, ERR_RETRY, "a file in memory");
	members->head_len = 0;
	members->head_at = 0;
	return true;
}

static bool read_head(struct members *members, struct err *err)
{
	unsigned char block[16384];
	size_t n = 1;
	if (!open_head(members, err))
		return false;
	while (n && members->head_len < ROUTE_HEAD_BYTES) {
		if (!members->rest->read(members->rest->handle, block, sizeof(block), &n, err) ||
			!file_write_all(members->head, block, n, err))
			return false;
		members->head_len += n;
	}
	return true;
}

/* archive_put's `read`: the head again, then what follows it. */
static bool read_member(void *handle, void *to, size_t n, size_t *ret_n, struct err *err)
{
	struct members *members = handle;
	size_t left = members->head_len - members->head_at;
	if (left == 0)
		return members->rest->read(members->rest->handle, to, n, ret_n, err);
	ssize_t got = pread(members->head, to, left < n ? left : n, (off_t)members->head_at);
	if (got <= 0)
		return err_fail_errno(err, ERR_RETRY, "a file in memory");
	members->head_at += (size_t)got;
	*ret_n = (size_t)got;
	return true;
}

static bool route_by_head(
	struct members *members, const char *name, enum routing *ret_routing, struct err *err)
{
	return read_head(members, err) && router_by_content(&members->publisher->router, name,
						  members->head, ret_routing, err);
}

static bool check_member(
	void *context, const char *member, struct member_reader *reader, struct err *err)
{
	struct members *members = context;
	struct router *router = &members->publisher->router;
	if (is_hidden(member))
		return true;
	const char *name = member_name(members, member);
	enum routing routing = publisher_route(members->publisher, member, members->archive_name);
	members->rest = reader;
	if (routing == ROUTE_UNDECIDED && !router->named &&
		!route_by_head(members, name, &routing, err))
		return false;
	return routing != ROUTE_NOBODY || no_dataset(err, name);
}

static bool store_member(
	void *context, const char *member, struct member_reader *reader, struct err *err)
{
	struct members *members = context;
	struct publisher *publisher = members->publisher;
	if (is_hidden(member))
		return true;
	const char *name = member_name(members, member);
	enum routing routing = publisher_route(publisher, member, members->archive_name);
	members->rest = reader;
	members->head_len = 0;
	members->head_at = 0;
	if (routing == ROUTE_UNDECIDED && !route_by_head(members, name, &routing, err))
		return false;
	if (routing == ROUTE_NOBODY)
		return no_dataset(err, name);
	if (members->intake->count == max_members)
		return err_fail(err, ERR_DATA, "%s holds more than %zu files",
			members->archive_name, max_members);
	struct content *content = add(members->intake, name, &publisher->router);
	return archive_put(publisher->archive, content_dataset(content), read_member, members,
		&content->object, err);
}

static bool read_members(
	struct publisher *publisher, struct claim *claim, struct intake *intake, struct err *err)
{
	struct members members = {.publisher = publisher,
		.intake = intake,
		.archive_name = file_name(claim->path),
		.head = -1};
	bool ok = rewind_to_start(claim, err) &&
		  input_each_member(claim->fd, members.archive_name, check_member, &members, err) &&
		  rewind_to_start(claim, err) &&
		  input_each_member(claim->fd, members.archive_name, store_member, &members, err);
	if (members.head >= 0)
		close(members.head);
	return ok && (intake->count || err_fail(err, ERR_DATA, "%s is an archive without files",
					       members.archive_name));
}

/* ---- one file ---- */

static bool read_plain(
	struct publisher *publisher, struct claim *claim, struct intake *intake, struct err *err)
{
	enum routing routing = publisher_route(publisher, claim->path, NULL);
	if (routing == ROUTE_UNDECIDED &&
		!router_by_content(&publisher->router, claim->path, claim->fd, &routing, err))
		return false;
	if (routing == ROUTE_NOBODY)
		return no_dataset(err, claim->path);
	struct content *content = add(intake, file_name(claim->path), &publisher->router);
	return rewind_to_start(claim, err) &&
	       archive_put(publisher->archive, content_dataset(content), claim_read, claim,
		       &content->object, err);
}

bool intake_read(
	struct publisher *publisher, struct claim *claim, struct intake *intake, struct err *err)
{
	bool archive = false;
	if (!input_is_archive(claim->fd, &archive, err))
		return false;
	bool ok = archive ? read_members(publisher, claim, intake, err)
			  : read_plain(publisher, claim, intake, err);
	struct err changed;
	/* Nonsense in a file that is being written says nothing about the file. */
	if (!claim_check(claim, ok ? err : &changed)) {
		if (!ok)
			*err = changed;
		return false;
	}
	return ok;
}
