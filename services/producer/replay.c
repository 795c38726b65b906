/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "producer/intake.h"
#include "producer/ledger.h"
#include "producer/publisher.h"
#include "producer/quarantine.h"
#include "producer/send.h"
#include "producer/source.h"

static const int64_t file_id_sha_bits = 0xfffff;

struct archive *publisher_archive(struct publisher *publisher)
{
	return publisher->archive;
}

/* ---- which dataset by now ---- */

static bool is_member(const char *name)
{
	return strchr(name, '!') != NULL;
}

/* "a.zip" of "a.zip!orders.csv" */
static const char *archive_of(struct arena *arena, const char *name)
{
	return is_member(name) ? arena_strndup(arena, name, strcspn(name, "!")) : NULL;
}

/*
 * By name and content, as if it came now. A file that nobody takes by name was published into its
 * dataset on purpose, and stays there. *ret_dataset NULL: publisher->router says why.
 */
static bool route(struct publisher *publisher, struct manifest *manifest,
	const struct dataset **ret_dataset, struct err *err)
{
	struct router *router = &publisher->router;
	const struct dataset *own = datasets_find(router->datasets, manifest->dataset);
	const char *member = strrchr(manifest->name, '!');
	enum routing routing = publisher_route(publisher, member ? member + 1 : manifest->name,
		archive_of(&manifest->arena, manifest->name));
	if (routing == ROUTE_UNDECIDED) {
		int fd = -1;
		if (!archive_get(publisher->archive, manifest->dataset, manifest->sha256,
			    manifest->size, &fd, err))
			return false;
		bool ok = router_by_content(router, manifest->name, fd, &routing, err);
		close(fd);
		if (!ok)
			return false;
	}
	*ret_dataset = routing == ROUTE_FOUND ? router->dataset : router->named ? NULL : own;
	return true;
}

/* ---- the content, where its dataset looks for it ---- */

static bool read_fd(void *handle, void *to, size_t n, size_t *ret_n, struct err *err)
{
	ssize_t got = read(*(const int *)handle, to, n);
	if (got < 0)
		return err_fail_errno(err, ERR_RETRY, "reading the archive");
	*ret_n = (size_t)got;
	return true;
}

static bool bring_content(struct publisher *publisher, const struct manifest *manifest,
	struct content *content, struct err *err)
{
	const char *dataset = content->dataset->config->name;
	int fd = -1;
	content->object.size = manifest->size;
	snprintf(content->object.sha256, sizeof(content->object.sha256), "%s", manifest->sha256);
	if (strcmp(dataset, manifest->dataset) == 0)
		return true;
	if (!archive_get(publisher->archive, manifest->dataset, manifest->sha256, manifest->size,
		    &fd, err))
		return false;
	bool ok = archive_put(publisher->archive, dataset, read_fd, &fd, &content->object, err);
	close(fd);
	return ok;
}

/* ---- publishing ---- */

static void fill_refused(
	const struct manifest *manifest, const char *reason, struct publication_result *ret_result)
{
	publication_result_fill(manifest, true, ret_result);
	ret_result->quarantined = true;
	snprintf(ret_result->reason, sizeof(ret_result->reason), "%s", reason);
}

/* The publication it became is noted in the old one, and the copy beside the inbox goes. */
static bool retire(struct publisher *publisher, struct manifest *manifest,
	const struct publication_result *result, struct err *err)
{
	const struct config *config = publisher->options->config;
	manifest->state = PUBLICATION_RETRACTED;
	manifest->reason = arena_printf(&manifest->arena, "taken up as file %" PRId64 " of %s",
		result->file_id, result->dataset);
	if (!manifest_save(publisher->archive, manifest, err))
		return false;
	ledger_try_note_quarantine(config, manifest);
	if (!is_member(manifest->name))
		quarantine_forget(config->inbox, manifest->name, manifest->file_id,
			manifest->sha256, manifest->size);
	return true;
}

/* An earlier try may have published it already, or somebody with `publish --again`. */
static bool publish(struct publisher *publisher, const struct content *content,
	struct publication_result *ret_result, struct err *err)
{
	struct manifest next;
	bool created = false;
	manifest_init(&next);
	bool ok = publication_begin(publisher, content, false, &next, &created, err);
	if (ok && next.state == PUBLICATION_QUARANTINED)
		ok = publication_begin(publisher, content, true, &next, &created, err);
	bool already = ok && next.state != PUBLICATION_PENDING;
	if (ok && !already) {
		fault_point("replay.begun");
		ok = publication_send(publisher, &next, err);
	}
	if (ok) {
		publication_result_fill(&next, already, ret_result);
		ret_result->dataset = content->dataset->config->name;
		fault_point("replay.published");
	}
	manifest_release(&next);
	return ok;
}

static bool judge_and_publish(struct publisher *publisher, struct manifest *manifest,
	const struct content *content, bool dry_run, struct publication_result *ret_result,
	struct err *err)
{
	struct err why = {0};
	if (!publication_judge(publisher, content, &why)) {
		if (why.class != ERR_DATA) {
			*err = why;
			return false;
		}
		fill_refused(manifest, why.message, ret_result);
		return true;
	}
	if (dry_run) {
		publication_result_fill(manifest, false, ret_result);
		ret_result->dataset = content->dataset->config->name;
		ret_result->quarantined = false;
		return true;
	}
	return publish(publisher, content, ret_result, err) &&
	       (ret_result->quarantined || retire(publisher, manifest, ret_result, err));
}

bool replay_quarantined(struct publisher *publisher, struct manifest *manifest, bool dry_run,
	struct publication_result *ret_result, struct err *err)
{
	struct content content = {.name = manifest->name};
	if (!route(publisher, manifest, &content.dataset, err))
		return false;
	if (!content.dataset) {
		fill_refused(manifest,
			publisher->router.reason.len ? buf_text(&publisher->router.reason)
						     : manifest->reason,
			ret_result);
		return true;
	}
	return bring_content(publisher, manifest, &content, err) &&
	       judge_and_publish(publisher, manifest, &content, dry_run, ret_result, err);
}

/* ---- corrections ---- */

static bool count_chunks(struct publisher *publisher, struct manifest *correction, struct err *err)
{
	struct source source;
	struct buf message;
	struct chunk_info info;
	bool done = false;
	if (!source_judge(publisher->archive, correction, err) ||
		!source_open(publisher->archive, correction, &source, err))
		return false;
	buf_init(&message, CHUNK_MAX_BYTES);
	bool ok = true;
	for (; ok && !done; buf_clear(&message)) {
		ok = cutter_next(source.cutter, &message, &info, &done, err);
		correction->chunks += ok && !done;
	}
	struct cutter_totals totals = cutter_totals(source.cutter);
	correction->records = totals.records;
	correction->rows = totals.rows;
	correction->rejects = totals.rejects;
	buf_release(&message);
	source_close(&source);
	return ok;
}

bool replay_correction(struct publisher *publisher, const struct manifest *manifest,
	struct manifest *correction, struct err *err)
{
	const struct dataset *dataset =
		datasets_find(publisher->options->datasets, manifest->dataset);
	int64_t last = -1;
	if (!dataset)
		return err_fail(
			err, ERR_FATAL, "dataset '%s' is no longer configured", manifest->dataset);
	if ((manifest->file_id & file_id_sha_bits) == file_id_sha_bits)
		return err_fail(err, ERR_FATAL,
			"%s (file %" PRId64 ") has no room for a correction behind it: retract it "
			"and publish it with --again",
			manifest->name, manifest->file_id);
	if (!manifest_last_repeat(
		    publisher->archive, manifest->dataset, manifest->sha256, &last, err))
		return false;
	struct content content = {.name = manifest->name, .dataset = dataset};
	content.object.size = manifest->size;
	snprintf(content.object.sha256, sizeof(content.object.sha256), "%s", manifest->sha256);
	publication_describe(&content, last + 1, correction);
	correction->sha256 = manifest->sha256;
	correction->file_id = manifest->file_id + 1;
	if (!count_chunks(publisher, correction, err))
		return false;
	correction->state = PUBLICATION_SENT;
	correction->rounds = 1;
	correction->sent_ms = clock_wall_us() / 1000;
	correction->topic = dataset->topic;
	return true;
}
