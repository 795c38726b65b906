/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts of datasets from files: printed, or written where there is nothing yet. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "infer/infer.h"

#define TEXT_MAX_BYTES ((size_t)8 << 20)
#define DEFAULT_CONFIG "penstock.yml"

struct infer_options {
	bool write;
};

struct inferring {
	const struct infer_options *options;
	const char *config;
	struct buf entries;
	struct buf schemas;
	struct draft *drafts[OPT_LIST_MAX];
	size_t count;
};

static bool draft_of(const char *path, struct draft **ret_draft, struct err *err)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_fail_errno(err, ERR_FATAL, "opening %s", path);
	bool ok = fstat(fd, &status) == 0 && S_ISREG(status.st_mode)
			  ? infer_file(fd, path, ret_draft, err) || err_prefix(err, "%s", path)
			  : err_fail(err, ERR_FATAL, "%s is no regular file", path);
	close(fd);
	return ok;
}

static bool is_known(const struct inferring *inferring, const char *name)
{
	for (size_t i = 0; i < inferring->count; i++)
		if (strcmp(draft_name(inferring->drafts[i]), name) == 0)
			return true;
	return false;
}

static bool write_schema(const struct draft *draft, struct err *err)
{
	char path[256];
	struct buf text;
	bool created = false;
	snprintf(path, sizeof(path), "schemas/%s.avsc", draft_name(draft));
	buf_init(&text, TEXT_MAX_BYTES);
	draft_print_schema(draft, &text);
	bool ok = file_make_folder("schemas", err) &&
		  file_create_once(path, text.data, text.len, &created, err);
	buf_release(&text);
	if (ok && !created)
		return err_fail(err, ERR_FATAL,
			"%s is there already and is left as it is: remove it, or infer without "
			"--write",
			path);
	if (ok)
		fprintf(stderr, "wrote %s\n", path);
	return ok;
}

static void describe(const char *path, const struct draft *draft)
{
	struct buf text;
	buf_init(&text, 1024);
	draft_describe(draft, &text);
	fprintf(stderr, "%s: dataset %s: %s\n", path, draft_name(draft), buf_text(&text));
	buf_release(&text);
}

static bool add_file(struct inferring *inferring, const char *path, struct err *err)
{
	struct draft *draft = NULL;
	if (!draft_of(path, &draft, err))
		return false;
	if (is_known(inferring, draft_name(draft))) {
		fprintf(stderr, "%s: of dataset %s, which has its draft\n", path,
			draft_name(draft));
		draft_free(draft);
		return true;
	}
	inferring->drafts[inferring->count++] = draft;
	describe(path, draft);
	draft_print_entry(draft, &inferring->entries);
	buf_printf(&inferring->schemas, "\n# schemas/%s.avsc\n", draft_name(draft));
	draft_print_schema(draft, &inferring->schemas);
	return !inferring->entries.overflow && !inferring->schemas.overflow
		       ? true
		       : err_fail(err, ERR_FATAL, "the drafts are longer than %zu MiB",
				 TEXT_MAX_BYTES >> 20);
}

/* A new configuration; into one that is there a person puts the entries. */
static bool write_config(struct inferring *inferring, struct err *err)
{
	struct buf text;
	bool created = false;
	buf_init(&text, TEXT_MAX_BYTES + 64);
	buf_append_text(&text, "datasets:\n");
	buf_append(&text, inferring->entries.data, inferring->entries.len);
	bool ok = file_create_once(inferring->config, text.data, text.len, &created, err);
	buf_release(&text);
	if (ok && created)
		fprintf(stderr, "wrote %s\n", inferring->config);
	else if (ok) {
		fprintf(stderr, "%s is there already: put this below its `datasets:`\n",
			inferring->config);
		fwrite(inferring->entries.data, 1, inferring->entries.len, stdout);
	}
	return ok;
}

static bool write_all(struct inferring *inferring, struct err *err)
{
	for (size_t i = 0; i < inferring->count; i++)
		if (!write_schema(inferring->drafts[i], err))
			return false;
	return write_config(inferring, err);
}

static void print_all(const struct inferring *inferring)
{
	printf("# %s\ndatasets:\n", inferring->config);
	fwrite(inferring->entries.data, 1, inferring->entries.len, stdout);
	fwrite(inferring->schemas.data, 1, inferring->schemas.len, stdout);
}

static bool run(struct inferring *inferring, int argc, char **argv, struct err *err)
{
	for (int i = 0; i < argc; i++)
		if (!add_file(inferring, argv[i], err))
			return false;
	if (inferring->options->write)
		return write_all(inferring, err);
	print_all(inferring);
	return true;
}

static int infer_run(struct cli *cli, const void *options, int argc, char **argv)
{
	struct err err = {0};
	struct inferring inferring = {.options = options,
		.config = cli->options.config ? cli->options.config : DEFAULT_CONFIG};
	buf_init(&inferring.entries, TEXT_MAX_BYTES);
	buf_init(&inferring.schemas, TEXT_MAX_BYTES);
	bool ok = run(&inferring, argc, argv, &err);
	if (fflush(stdout) != 0 && ok)
		ok = err_fail_errno(&err, ERR_FATAL, "writing the draft");
	for (size_t i = 0; i < inferring.count; i++)
		draft_free(inferring.drafts[i]);
	buf_release(&inferring.entries);
	buf_release(&inferring.schemas);
	return ok ? cli_exit_code(EXIT_GOOD) : cli_fail(&err);
}

static const struct opt rows[] = {
	{"write", 'w', OPT_FLAG, offsetof(struct infer_options, write), NULL,
		"write schemas/NAME.avsc, and the configuration where there is none yet"},
};

const struct command command_infer = {
	.name = "infer",
	.arguments = "FILE...",
	.summary = "a draft Avro schema and dataset entry for files, from their beginning",
	.details = "Looks at the first MiB of each file: format, dialect, encoding, header, types, "
		   "dates, nulls, key.\n"
		   "What the sample leaves open stands in comments. Nothing is overwritten; no "
		   "server is touched.\n\n"
		   "  penstock infer inbox/orders-2024-01.csv\n"
		   "  penstock infer export.json events.ndjson --write",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.options_size = sizeof(struct infer_options),
	.min_arguments = 1,
	.max_arguments = OPT_LIST_MAX,
	.run = infer_run,
};
