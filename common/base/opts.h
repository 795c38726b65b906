/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command-line options as rows of a table: the parser, --help, completion and the man page all read
 * the same rows. GNU conventions: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, grouped flags,
 * "--".
 */
#ifndef PENSTOCK_BASE_OPTS_H
#define PENSTOCK_BASE_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum opt_kind {
	OPT_FLAG,     /* bool */
	OPT_TEXT,     /* const char *, borrowed from argv */
	OPT_INT,      /* int64_t, not negative */
	OPT_DURATION, /* int64_t milliseconds, "5s" */
	OPT_LIST,     /* struct opt_list, the option may repeat */
	OPT_COUNT,    /* int, grows by one each time */
};

#define OPT_LIST_MAX 64
struct opt_list {
	const char *items[OPT_LIST_MAX];
	size_t count;
};

struct opt {
	const char *name; /* without "--" */
	char letter;	  /* 0: none */
	enum opt_kind kind;
	size_t offset;	      /* of the member in the options struct */
	const char *argument; /* "FILE" in help; NULL for flags and counts */
	const char *help;
};

struct opt_table {
	const struct opt *rows;
	size_t count;
};

/*
 * Reads options from argv[*at] on into `target`. Stops at the first word that is no option when
 * `stop_at_word` is true; otherwise words are moved to the front of argv, from argv[*at] on.
 * On success *at is the index of the first word and *ret_words how many there are (all the rest
 * when stop_at_word). Errors are usage errors.
 */
MUST_CHECK bool opts_parse(const struct opt_table *table, void *target, bool stop_at_word, int argc,
	char **argv, int at, int *ret_words, int *ret_next, struct err *err);

/* Appends the rows as an indented list to stdout. */
void opts_print(const struct opt_table *table);

#endif
