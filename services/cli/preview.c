/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dry run: a file's path to the database, up to the rows as the worker would copy them, without a
 * server. Rows go to stdout, rejects to stderr.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/lines.h"
#include "cutter/cutter.h"
#include "producer/route.h"
#include "record/transcoder.h"

#define ROW_MAX_BYTES ((size_t)16 << 20)
#define TEXT_SHOWN    200
#define LIST_BYTES    1000

struct preview_options {
	const char *dataset;
	const char *format;
	int64_t limit; /* rows; 0: all */
};

struct preview {
	const struct preview_options *options;
	const struct dataset *dataset;
	const char *path;
	int fd;
	bool csv;
	int64_t printed;
	struct lines *lines;
	struct transcoder *transcoder;
	struct copy_rows rows;
	struct buf row;
};

static bool choose_format(struct preview *preview, struct err *err)
{
	const char *format = preview->options->format ? preview->options->format : "csv";
	preview->csv = strcmp(format, "csv") == 0;
	return preview->csv || strcmp(format, "ndjson") == 0 ||
	       err_usage(err, "--format is csv or ndjson, not '%s'", format);
}

static bool open_file(struct preview *preview, struct err *err)
{
	struct stat status;
	bool archive = false;
	preview->fd = open(preview->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (preview->fd < 0 || fstat(preview->fd, &status) != 0)
		return err_fail_errno(err, ERR_FATAL, "opening %s", preview->path);
	if (!S_ISREG(status.st_mode))
		return err_fail(err, ERR_FATAL, "%s is no regular file", preview->path);
	if (!input_is_archive(preview->fd, &archive, err))
		return false;
	return !archive ||
	       err_fail(err, ERR_FATAL, "%s is an archive; unpack it and preview a member",
		       preview->path);
}

/* The dataset --dataset names, or the one a producer would choose. */
static bool choose_dataset(struct preview *preview, const struct config *config,
	const struct datasets *datasets, struct err *err)
{
	const char *wanted = preview->options->dataset;
	const char *name = file_name(preview->path);
	if (wanted) {
		preview->dataset = datasets_find(datasets, wanted);
		return preview->dataset ||
		       err_usage(err, "there is no dataset '%s' in the configuration", wanted);
	}
	struct router router;
	router_init(&router, config, datasets);
	enum routing routing = router_by_name(&router, name, NULL);
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
	fprintf(stderr, "%s:", preview->path);
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
	return preview->options->limit > 0 && preview->printed >= preview->options->limit;
}

static bool print_rows(struct preview *preview, const struct chunk *chunk, struct err *err)
{
	if (!transcoder_chunk(preview->transcoder, chunk, &preview->rows, err))
		return false;
	for (size_t i = 0; i < preview->rows.count && !is_full(preview); i++) {
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
	chunk_set_name(&origin, file_name(preview->path));
	return origin;
}

static bool open_cutter(const struct preview *preview, struct input **ret_input,
	struct cutter **ret_cutter, struct err *err)
{
	struct chunk_info origin = origin_of(preview);
	int fd = dup(preview->fd);
	if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0)
		return err_fail_errno(err, ERR_FATAL, "reading %s", preview->path);
	struct input *input = NULL;
	if (!input_open(fd, preview->path, &(struct input_limits){0}, &input, err))
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
	if (preview->csv)
		print_header(preview);
	cutter_on_reject(cutter, print_reject, preview);
	bool ok = print_chunks(preview, cutter, err);
	*ret_totals = cutter_totals(cutter);
	cutter_close(cutter);
	input_close(input);
	return ok && (is_full(preview) || judge(preview, err));
}

static void print_summary(const struct preview *preview, const struct cutter_totals *totals)
{
	char records[32];
	char rows[32];
	char rejects[32];
	text_format_count(records, totals->records);
	text_format_count(rows, is_full(preview) ? preview->printed : totals->rows);
	text_format_count(rejects, totals->rejects);
	fprintf(stderr, "%s: dataset %s: %s rows%s, %s records read, %s reject%s\n", preview->path,
		preview->dataset->config->name, rows, is_full(preview) ? " (--limit)" : "", records,
		rejects, totals->rejects == 1 ? "" : "s");
}

static bool open_rows(struct preview *preview, struct err *err)
{
	const struct schema *schema = preview->dataset->schema;
	return transcoder_new(schema, schema, &preview->transcoder, err);
}

static bool run(struct preview *preview, const struct cli *cli, struct cutter_totals *ret_totals,
	struct err *err)
{
	bool ok = open_file(preview, err) &&
		  choose_dataset(preview, &cli->config, &cli->datasets, err) &&
		  open_rows(preview, err) &&
		  lines_open(preview->lines, preview->fd, preview->path,
			  &preview->dataset->config->reading, err) &&
		  print_file(preview, ret_totals, err);
	if (fflush(stdout) != 0 && ok)
		return err_fail_errno(err, ERR_FATAL, "writing the rows");
	if (!ok && err->class == ERR_DATA)
		err_prefix(err, "%s would be quarantined", preview->path);
	return ok;
}

static int preview_run(struct cli *cli, const void *options, int argc, char **argv)
{
	(void)argc;
	struct err err = {0};
	struct cutter_totals totals = {0};
	struct preview preview = {.options = options, .path = argv[0], .fd = -1};
	const struct datasets *datasets = cli_datasets(cli, &err);
	if (!datasets || !choose_format(&preview, &err))
		return cli_fail(&err);
	preview.lines = calloc(1, sizeof(*preview.lines));
	if (!preview.lines)
		BUG("out of memory: line numbers");
	copy_rows_init(&preview.rows);
	buf_init(&preview.row, ROW_MAX_BYTES);
	bool ok = run(&preview, cli, &totals, &err);
	if (ok)
		print_summary(&preview, &totals);
	lines_close(preview.lines);
	free(preview.lines);
	transcoder_free(preview.transcoder);
	copy_rows_release(&preview.rows);
	buf_release(&preview.row);
	if (preview.fd >= 0)
		close(preview.fd);
	if (!ok)
		return cli_fail(&err);
	return cli_exit_code(totals.rejects ? EXIT_WITH_REJECTS : EXIT_GOOD);
}

static const struct opt rows[] = {
	{"dataset", 'd', OPT_TEXT, offsetof(struct preview_options, dataset), "NAME",
		"the dataset; without: the one a producer would choose"},
	{"format", 'f', OPT_TEXT, offsetof(struct preview_options, format), "FORMAT",
		"csv (default) or ndjson"},
	{"limit", 'n', OPT_INT, offsetof(struct preview_options, limit), "ROWS",
		"stop after that many rows (0, the default: all)"},
};

const struct command command_preview = {
	.name = "preview",
	.arguments = "FILE",
	.summary = "the rows of a file as they would load; touches no server",
	.details = "Rows go to stdout, rejects to stderr as FILE:LINE: record, column: reason: "
		   "text.\n"
		   "Ends with 3 when there were rejects, with 1 when the file would be "
		   "quarantined.\n\n"
		   "  penstock preview inbox/orders.csv --limit 10\n"
		   "  penstock preview export.json --dataset orders --format ndjson",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.options_size = sizeof(struct preview_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = preview_run,
};
