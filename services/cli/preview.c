/* SPDX-License-Identifier: Apache-2.0 */
/* A dry run of a file, or of each member of an archive. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/spool.h"
#include "base/file.h"
#include "base/stop.h"
#include "cli/preview_file.h"

struct preview_options {
	const char *dataset;
	const char *format;
	int64_t limit;
	int64_t rows;
};

/* The members of an archive, one after the other. */
struct members {
	struct preview *preview;
	const char *path;
	size_t count;
	bool failed; /* one of them would not load */
};

static bool choose_format(const char *format, bool *ret_csv, struct err *err)
{
	*ret_csv = !format || strcmp(format, "csv") == 0;
	return *ret_csv || strcmp(format, "ndjson") == 0 ||
	       err_usage(err, "--format is csv or ndjson, not '%s'", format);
}

static bool open_file(const char *path, int *ret_fd, struct err *err)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_fail_errno(err, ERR_FATAL, "opening %s", path);
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		*ret_fd = fd;
		return true;
	}
	close(fd);
	return err_fail(err, ERR_FATAL, "%s is no regular file", path);
}

static bool would_fail(const char *name, struct err *err)
{
	return err->class == ERR_DATA && err_prefix(err, "%s would be quarantined", name);
}

/* On disk: a member is looked at more than once, and may be long. */
static bool unpack(struct member_reader *reader, struct spool *spool, struct err *err)
{
	char block[65536];
	size_t n = 1;
	if (!spool_begin(spool, err))
		return false;
	while (n) {
		if (!reader->read(reader->handle, block, sizeof(block), &n, err) ||
			!spool_add(spool, block, n, err))
			return false;
	}
	spool_finish(spool);
	return true;
}

static bool preview_spooled(struct members *members, const struct spool *spool,
	const struct preview_name *name, struct err *err)
{
	int fd = -1;
	if (!spool_reopen(spool, &fd, err))
		return false;
	bool ok = preview_content(members->preview, fd, name, err);
	close(fd);
	if (ok || (err->class != ERR_DATA && err->from != ERR_FROM_USAGE))
		return ok;
	/* What is wrong with one says nothing about the others. */
	if (err->class == ERR_DATA)
		(void)would_fail(name->shown, err);
	else
		(void)err_prefix(err, "%s", name->shown);
	(void)cli_fail(err);
	members->failed = true;
	return true;
}

static bool visit_member(
	void *context, const char *member, struct member_reader *reader, struct err *err)
{
	struct members *members = context;
	struct spool spool;
	char name[PATH_MAX];
	/* As for the producer: hidden members are no data. */
	if (file_name(member)[0] == '.' || stop_requested())
		return true;
	members->count++;
	snprintf(name, sizeof(name), "%s!%s", file_name(members->path), member);
	spool_init(&spool);
	bool ok = unpack(reader, &spool, err) &&
		  preview_spooled(members, &spool,
			  &(struct preview_name){name, member, file_name(members->path)}, err);
	spool_release(&spool);
	return ok;
}

static bool preview_archive(struct members *members, int fd, struct err *err)
{
	bool ok = input_each_member(fd, members->path, visit_member, members, err);
	if (ok && members->count == 0)
		ok = err_fail(err, ERR_DATA, "it is an archive without files");
	return ok || would_fail(members->path, err);
}

static bool run(struct members *members, struct err *err)
{
	int fd = -1;
	bool archive = false;
	if (!open_file(members->path, &fd, err))
		return false;
	bool ok = input_is_archive(fd, &archive, err);
	if (ok && archive)
		ok = preview_archive(members, fd, err);
	else if (ok)
		ok = preview_content(members->preview, fd,
			     &(struct preview_name){members->path, members->path, NULL}, err) ||
		     would_fail(members->path, err);
	close(fd);
	if (fflush(stdout) != 0 && ok)
		return err_fail_errno(err, ERR_FATAL, "writing the rows");
	return ok;
}

static int preview_run(struct cli *cli, const void *values, int argc, char **argv)
{
	(void)argc;
	const struct preview_options *options = values;
	struct err err = {0};
	struct preview preview = {
		.wanted = options->dataset, .limit = options->limit, .rows_shown = options->rows};
	struct members members = {.preview = &preview, .path = argv[0]};
	preview.datasets = cli_datasets(cli, &err);
	if (!preview.datasets || !choose_format(options->format, &preview.csv, &err))
		return cli_fail(&err);
	preview.config = &cli->config;
	preview_init(&preview);
	bool ok = run(&members, &err);
	preview_release(&preview);
	if (!ok)
		return cli_fail(&err);
	return cli_exit_code(members.failed    ? EXIT_FAILED
			     : preview.rejects ? EXIT_WITH_REJECTS
					       : EXIT_GOOD);
}

static const struct opt rows[] = {
	{"dataset", 'd', OPT_TEXT, offsetof(struct preview_options, dataset), "NAME",
		"the dataset; without: the one a producer would choose"},
	{"format", 'f', OPT_TEXT, offsetof(struct preview_options, format), "FORMAT",
		"csv (default) or ndjson"},
	{"rows", 0, OPT_INT, offsetof(struct preview_options, rows), "N",
		"print the first N rows of a file, and all its rejects (default: all rows)"},
	{"limit", 'n', OPT_INT, offsetof(struct preview_options, limit), "N",
		"stop after N rows of a file (default: never)"},
};

const struct command command_preview = {
	.name = "preview",
	.arguments = "FILE",
	.summary = "the rows of a file as they would load; touches no server",
	.details = "Rows go to stdout, rejects to stderr as FILE:LINE: record, column: reason: "
		   "text.\n"
		   "The members of a zip or tar archive come one after the other, as FILE!MEMBER.\n"
		   "Ends with 3 when there were rejects, with 1 when a file would be "
		   "quarantined.\n\n"
		   "  penstock preview inbox/orders.csv --limit 10\n"
		   "  penstock preview inbox/orders.zip --rows 5\n"
		   "  penstock preview export.json --dataset orders --format ndjson",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.options_size = sizeof(struct preview_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = preview_run,
};
