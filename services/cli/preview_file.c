/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/preview_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stop.h"
#include "base/text.h"
#include "producer/route.h"

#define ROW_MAX_BYTES ((size_t)16 << 20)
#define TEXT_SHOWN    200
#define LIST_BYTES    1000

void preview_init(struct preview *preview)
{
	preview->lines = calloc(1, sizeof(*preview->lines));
	if (!preview->lines)
		BUG("out of memory: line numbers");
	copy_rows_init(&preview->rows);
	buf_init(&preview->row, ROW_MAX_BYTES);
}

void preview_release(struct preview *preview)
{
	free(preview->lines);
	copy_rows_release(&preview->rows);
	buf_release(&preview->row);
}

/* The dataset --dataset names, or the one a producer would choose. */
static bool choose_dataset(
	struct preview *preview, const struct preview_name *called, struct err *err)
{
	const char *wanted = preview->wanted;
	const char *name = file_name(called->own);
	if (wanted) {
		preview->dataset = datasets_find(preview->datasets, wanted);
		return preview->dataset ||
		       err_usage(err, "there is no dataset '%s' in the configuration", wanted);
	}
	struct router router;
	router_init(&router, preview->config, preview->datasets);
	enum routing routing = router_by_name(&router, name, called->archive);
	bool ok = routing != ROUTE_UNDECIDED ||
		  router_by_content(&router, name, preview->fd, &routing, err);
	preview->dataset = router.dataset;
	if (ok && routing == ROUTE_NOBODY)
		ok = err_usage(err, "no dataset's files match %s; choose one with --dataset", name);
	else if (ok && routing == ROUTE_REFUSED)
		ok = err_fail(err, ERR_DATA, "%s", buf_text(&router.reason));
	router_release(&router);
	return ok;
}

/* "orders.csv:12: record 11, column total: 'x': expected a number: 1,x,y" */
static void print_reject(void *context, const struct reject *reject)
{
	struct preview *preview = context;
	struct err err = {0};
	int64_t line = 0;
	struct buf text;
	buf_init(&text, LIST_BYTES);
	text_excerpt(&text, reject->text, reject->text_len, TEXT_SHOWN);
	fprintf(stderr, "%s:", preview->name);
	bool has_lines = preview->dataset->config->reading.format != FORMAT_AVRO;
	if (has_lines && lines_find(preview->lines, reject->start, &line, &err))
		fprintf(stderr, "%" PRId64 ":", line);
	fprintf(stderr, " record %" PRId64, reject->record);
	if (*reject->column)
		fprintf(stderr, ", column %s", reject->column);
	fprintf(stderr, ": %s: %s\n", reject->reason, buf_text(&text));
	buf_release(&text);
}

static bool is_full(const struct preview *preview)
{
	return preview->limit > 0 && preview->printed >= preview->limit;
}

/* Whether the rest is read for its rejects alone. */
static bool is_shown(const struct preview *preview)
{
	return preview->rows_shown > 0 && preview->printed >= preview->rows_shown;
}

static bool print_rows(struct preview *preview, const struct chunk *chunk, struct err *err)
{
	if (is_shown(preview))
		return true;
	if (!transcoder_chunk(preview->transcoder, chunk, &preview->rows, err))
		return false;
	for (size_t i = 0; i < preview->rows.count && !is_full(preview) && !is_shown(preview);
		i++) {
		struct buf *row = &preview->row;
		buf_clear(row);
		if (preview->csv)
			transcoder_row_csv(preview->transcoder, chunk, &preview->rows, i, row);
		else
			transcoder_row_json(preview->transcoder, chunk, &preview->rows, i, row);
		buf_append_text(row, "\n");
		fwrite(row->data, 1, row->len, stdout);
		preview->printed++;
	}
	return true;
}

static void print_header(const struct preview *preview)
{
	const struct schema *schema = preview->dataset->schema;
	for (size_t i = 0; i < schema->field_count; i++)
		printf("%s%s", i ? "," : "", schema->fields[i].name);
	printf("\n");
}

static bool print_chunks(struct preview *preview, struct cutter *cutter, struct err *err)
{
	struct buf message;
	struct chunk_info info;
	struct chunk chunk;
	bool done = false;
	bool ok = true;
	buf_init(&message, (size_t)2 * CHUNK_MAX_BYTES);
	while (ok && !done && !is_full(preview) && !stop_requested()) {
		buf_clear(&message);
		ok = cutter_next(cutter, &message, &info, &done, err);
		if (ok && !done)
			ok = chunk_open(message.data, message.len, &chunk, err) &&
			     print_rows(preview, &chunk, err);
	}
	buf_release(&message);
	return ok;
}

/* A publication's identity, which the rows of a dry run do not have. */
static struct chunk_info origin_of(const struct preview *preview)
{
	struct chunk_info origin = {.file_id = 1};
	snprintf(origin.dataset, sizeof(origin.dataset), "%s", preview->dataset->config->name);
	memset(origin.sha256, '0', sizeof(origin.sha256) - 1);
	chunk_set_name(&origin, file_name(preview->name));
	return origin;
}

static bool open_cutter(const struct preview *preview, struct input **ret_input,
	struct cutter **ret_cutter, struct err *err)
{
	struct chunk_info origin = origin_of(preview);
	int fd = dup(preview->fd);
	struct input *input = NULL;
	if (fd < 0)
		return err_fail_errno(err, ERR_FATAL, "reading %s", preview->name);
	if (lseek(fd, 0, SEEK_SET) != 0) {
		err_fail_errno(err, ERR_FATAL, "reading %s", preview->name);
		close(fd);
		return false;
	}
	if (!input_open(fd, preview->name, &(struct input_limits){0}, &input, err))
		return false;
	if (!cutter_open(&preview->dataset->config->reading, preview->dataset->schema, input,
		    &origin, ret_cutter, err)) {
		input_close(input);
		return false;
	}
	*ret_input = input;
	return true;
}

/* What a producer would judge before the first chunk: too many rejects in the whole file. */
static bool judge(const struct preview *preview, struct err *err)
{
	struct input *input = NULL;
	struct cutter *cutter = NULL;
	struct cutter_totals totals;
	const struct reading *reading = &preview->dataset->config->reading;
	if (reading->max_rejects < 0 && reading->max_reject_share < 0)
		return true;
	if (!open_cutter(preview, &input, &cutter, err))
		return false;
	bool ok = cutter_judge(cutter, reading, &totals, err);
	cutter_close(cutter);
	input_close(input);
	return ok;
}

static bool print_file(struct preview *preview, struct cutter_totals *ret_totals, struct err *err)
{
	struct input *input = NULL;
	struct cutter *cutter = NULL;
	if (!open_cutter(preview, &input, &cutter, err))
		return false;
	if (preview->csv && preview->headed != preview->dataset)
		print_header(preview);
	preview->headed = preview->dataset;
	cutter_on_reject(cutter, print_reject, preview);
	bool ok = print_chunks(preview, cutter, err);
	*ret_totals = cutter_totals(cutter);
	cutter_close(cutter);
	input_close(input);
	return ok && (is_full(preview) || judge(preview, err));
}

static void print_summary(const struct preview *preview, const struct cutter_totals *totals)
{
	char records[64];
	char rows[64];
	char rejects[64];
	char shown[64] = "";
	text_format_counted(records, totals->records, "record");
	text_format_counted(rows, is_full(preview) ? preview->printed : totals->rows, "row");
	text_format_counted(rejects, totals->rejects, "reject");
	if (is_full(preview))
		snprintf(shown, sizeof(shown), " (--limit)");
	else if (preview->printed < totals->rows)
		snprintf(shown, sizeof(shown), " (the first %" PRId64 " shown)", preview->printed);
	fprintf(stderr, "%s: dataset %s: %s%s, %s read, %s\n", preview->name,
		preview->dataset->config->name, rows, shown, records, rejects);
}

static bool open_rows(struct preview *preview, struct err *err)
{
	const struct schema *schema = preview->dataset->schema;
	return transcoder_new(schema, schema, &preview->transcoder, err);
}

static bool print_content(struct preview *preview, struct err *err)
{
	struct cutter_totals totals = {0};
	bool ok = open_rows(preview, err) &&
		  lines_open(preview->lines, preview->fd, preview->name,
			  &preview->dataset->config->reading, err) &&
		  print_file(preview, &totals, err);
	preview->rejects += totals.rejects;
	if (ok)
		print_summary(preview, &totals);
	lines_close(preview->lines);
	transcoder_free(preview->transcoder);
	preview->transcoder = NULL;
	return ok;
}

bool preview_content(
	struct preview *preview, int fd, const struct preview_name *name, struct err *err)
{
	preview->fd = fd;
	preview->name = name->shown;
	preview->printed = 0;
	return choose_dataset(preview, name, err) && print_content(preview, err);
}
