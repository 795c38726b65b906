/* SPDX-License-Identifier: Apache-2.0 */
/* penstock docs: the catalogue as one HTML page. */
#include <stddef.h>
#include <stdio.h>

#include "base/file.h"
#include "catalogue/catalogue.h"
#include "cli/cli.h"

static const size_t max_page = (size_t)256 << 20;

struct docs_options {
	const char *output;
	bool offline;
};

static const struct opt rows[] = {
	{"output", 'o', OPT_TEXT, offsetof(struct docs_options, output), "FILE",
		"write the page there instead of to stdout"},
	{"offline", 0, OPT_FLAG, offsetof(struct docs_options, offline), NULL,
		"do not ask the database"},
};

static bool write_page(const char *path, const struct buf *page, struct err *err)
{
	if (path)
		return file_replace(path, page->data, page->len, err);
	return (fwrite(page->data, 1, page->len, stdout) == page->len && fflush(stdout) == 0) ||
	       err_fail_errno(err, ERR_FATAL, "writing the page");
}

static int run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct docs_options *wanted = options;
	struct err err;
	struct buf page;
	(void)argc;
	(void)argv;
	const struct config *config = cli_config(cli, &err);
	const struct datasets *datasets = config ? cli_datasets(cli, &err) : NULL;
	if (!datasets)
		return cli_fail(&err);
	const struct catalogue_options catalogue = {
		.config = config, .datasets = datasets, .offline = wanted->offline};
	buf_init(&page, max_page);
	bool ok =
		catalogue_make(&catalogue, &page, &err) && write_page(wanted->output, &page, &err);
	buf_release(&page);
	return ok ? EXIT_GOOD : cli_fail(&err);
}

const struct command command_docs = {
	.name = "docs",
	.arguments = "",
	.summary = "a catalogue of datasets, models, checks and reports, as one HTML page",
	.details = "What the configuration and the SQL say, drawn as a graph from file pattern to\n"
		   "report, with the types, rows, results and runs the database knows. Without a\n"
		   "database the page is made all the same.\n"
		   "\n"
		   "  penstock docs -o catalogue.html",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.options_size = sizeof(struct docs_options),
	.run = run,
};
