/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content fits a dataset when its header does; where there is none (JSON, CSV without a header),
 * when most of its first records become rows. A header that names every field and nothing else
 * goes before one that merely will do: with defaults, `unknown_columns: ignore`, an unpivot.
 */
#include "producer/route.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cutter/cutter.h"

#define MAX_REASON 1400
#define MAX_WHY	   240

/* Rows enough to see what kind of records they are. */
static const uint32_t sample_bytes = 16 << 10;
static const struct input_limits limits = {0};

struct fit {
	bool fits;
	bool exact;
	char why[MAX_WHY + 1]; /* not */
};

void router_init(
	struct router *router, const struct config *config, const struct datasets *datasets)
{
	*router = (struct router){.datasets = datasets, .unrouted = config->routing.unknown};
	router->candidates = calloc(datasets->count + 1, sizeof(struct dataset *));
	if (!router->candidates)
		BUG("out of memory");
	buf_init(&router->reason, MAX_REASON);
}

void router_release(struct router *router)
{
	free(router->candidates);
	buf_release(&router->reason);
	*router = (struct router){0};
}

/* ---- names ---- */

static bool matches(const struct config_dataset *dataset, const char *name)
{
	for (size_t i = 0; i < dataset->files.count; i++)
		if (text_glob(dataset->files.items[i], name))
			return true;
	return false;
}

static void collect(struct router *router, const char *name)
{
	router->count = 0;
	for (size_t i = 0; i < router->datasets->count; i++)
		if (matches(router->datasets->items[i].config, file_name(name)))
			router->candidates[router->count++] = &router->datasets->items[i];
}

static void collect_all(struct router *router)
{
	router->count = router->datasets->count;
	for (size_t i = 0; i < router->count; i++)
		router->candidates[i] = &router->datasets->items[i];
}

static enum routing refuse_unknown(struct router *router)
{
	buf_clear(&router->reason);
	buf_append_text(&router->reason,
		"no dataset takes files of this name: 'files' in the configuration says which do");
	return ROUTE_REFUSED;
}

enum routing router_by_name(struct router *router, const char *name, const char *archive)
{
	router->dataset = NULL;
	buf_clear(&router->reason);
	collect(router, name);
	if (router->count == 0 && archive)
		collect(router, archive);
	router->named = router->count > 0;
	if (router->count == 1) {
		router->dataset = router->candidates[0];
		return ROUTE_FOUND;
	}
	if (router->named)
		return ROUTE_UNDECIDED;
	if (router->unrouted == UNROUTED_QUARANTINE)
		return refuse_unknown(router);
	if (router->unrouted == UNROUTED_IGNORE)
		return ROUTE_NOBODY;
	collect_all(router);
	return ROUTE_UNDECIDED;
}

/* ---- content ---- */

static void say_why(struct fit *fit, const char *text)
{
	struct buf why;
	buf_init(&why, (size_t)4 * MAX_WHY);
	text_excerpt(&why, text, strlen(text), MAX_WHY);
	snprintf(fit->why, sizeof(fit->why), "%s", buf_text(&why));
	buf_release(&why);
}

static void note_reject(void *context, const struct reject *reject)
{
	struct fit *fit = context;
	char text[MAX_WHY * 2];
	if (*fit->why)
		return;
	snprintf(text, sizeof(text), "record %" PRId64 "%s%.80s: %.200s", reject->record,
		*reject->column ? ", column " : "", reject->column, reject->reason);
	say_why(fit, text);
}

/* A file that breaks off behind its first records is still of their kind. */
static bool judge_records(struct cutter *cutter, struct fit *fit, struct err *err)
{
	struct buf message;
	struct chunk_info info;
	struct err why = {0};
	bool done = false;
	buf_init(&message, CHUNK_MAX_BYTES);
	cutter_on_reject(cutter, note_reject, fit);
	bool ok = cutter_next(cutter, &message, &info, &done, &why);
	buf_release(&message);
	if (!ok && why.class == ERR_RETRY) {
		*err = why;
		return false;
	}
	struct cutter_totals totals = cutter_totals(cutter);
	fit->fits = totals.records && totals.rejects * 2 <= totals.records;
	if (totals.records == 0)
		say_why(fit, ok ? "no records" : why.message);
	return true;
}

static bool has_header(const struct reading *reading)
{
	return reading->format == FORMAT_AVRO ||
	       (reading->format == FORMAT_CSV && reading->csv.header > 0);
}

/* Another view of the same file, from its start. */
static bool open_view(int fd, const char *name, struct input **ret_input, struct err *err)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int view = open(path, O_RDONLY | O_CLOEXEC);
	if (view < 0)
		return err_fail_errno(err, ERR_RETRY, "reading %s", name);
	return input_open(view, name, &limits, ret_input, err);
}

/* What the dataset itself has against the content is an answer, not an error. */
static bool judge_input(
	const struct dataset *dataset, struct input *input, struct fit *fit, struct err *err)
{
	struct reading reading = dataset->config->reading;
	struct chunk_info origin = {.file_id = 1};
	struct cutter *cutter = NULL;
	struct err why = {0};
	/* A chunk has an identity, also one that goes nowhere. */
	snprintf(origin.dataset, sizeof(origin.dataset), "%s", dataset->config->name);
	memset(origin.sha256, '0', sizeof(origin.sha256) - 1);
	reading.chunk_bytes = sample_bytes;
	if (!has_header(&reading) && reading.csv.ragged == RAGGED_PAD)
		reading.csv.ragged = RAGGED_REJECT; /* the number of columns is all there is */
	if (!cutter_open(&reading, dataset->schema, input, &origin, &cutter, &why)) {
		if (why.class == ERR_RETRY) {
			*err = why;
			return false;
		}
		say_why(fit, why.message);
		return true;
	}
	fit->fits = true;
	fit->exact = has_header(&reading) && cutter_is_exact(cutter);
	bool ok = has_header(&reading) || judge_records(cutter, fit, err);
	cutter_close(cutter);
	return ok;
}

static bool judge(const struct dataset *dataset, const char *name, int fd, struct fit *ret_fit,
	struct err *err)
{
	struct input *input = NULL;
	struct err why = {0};
	*ret_fit = (struct fit){0};
	if (open_view(fd, name, &input, &why)) {
		bool ok = judge_input(dataset, input, ret_fit, err);
		input_close(input);
		return ok;
	}
	if (why.class == ERR_RETRY) {
		*err = why;
		return false;
	}
	say_why(ret_fit, why.message);
	return true;
}

static enum routing refuse(struct router *router, const struct fit *fits)
{
	struct buf *reason = &router->reason;
	buf_clear(reason);
	buf_append_text(reason, router->named ? "several datasets take files of this name"
					      : "no dataset takes files of this name");
	buf_append_text(reason, ", and its content does not tell which it is:");
	for (size_t i = 0; i < router->count && !reason->overflow; i++)
		buf_printf(reason, "%s %s: %s", i ? ";" : "", router->candidates[i]->config->name,
			fits[i].fits ? (fits[i].exact ? "fits exactly" : "fits") : fits[i].why);
	return ROUTE_REFUSED;
}

static enum routing choose(struct router *router, const struct fit *fits)
{
	size_t exact = 0;
	size_t fitting = 0;
	size_t chosen = 0;
	for (size_t i = 0; i < router->count; i++) {
		exact += fits[i].exact;
		fitting += fits[i].fits;
		if (fits[i].exact || (fits[i].fits && exact == 0))
			chosen = i;
	}
	if (exact == 1 || (exact == 0 && fitting == 1)) {
		router->dataset = router->candidates[chosen];
		return ROUTE_FOUND;
	}
	return fitting || router->named ? refuse(router, fits) : ROUTE_NOBODY;
}

bool router_by_content(
	struct router *router, const char *name, int fd, enum routing *ret_routing, struct err *err)
{
	struct fit *fits = calloc(router->count + 1, sizeof(*fits));
	if (!fits)
		BUG("out of memory");
	bool ok = true;
	for (size_t i = 0; ok && i < router->count; i++)
		ok = judge(router->candidates[i], name, fd, &fits[i], err);
	if (ok)
		*ret_routing = choose(router, fits);
	free(fits);
	return ok;
}
