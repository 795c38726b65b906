/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front door: one table of commands (main.c), one file per command. A command reads its options
 * through its opt table, does its work through a service or common/, and returns an exit code:
 * 0 good, 1 failed, 2 usage or configuration, 3 done but with rejects or failed checks.
 */
#ifndef PENSTOCK_CLI_CLI_H
#define PENSTOCK_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/opts.h"
#include "config/config.h"
#include "dataset/dataset.h"
#include "kafka/client.h"

enum exit_code { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_WITH_REJECTS = 3 };

struct cli_options {
	const char
		*folder; /* -C, made absolute: it is the working folder by now; NULL: none given */
	const char *config;    /* -c */
	const char *env_file;  /* --env-file */
	struct opt_list kafka; /* -X */
	const char *log;       /* --log logfmt|json */
	int verbose;	       /* how many -v */
	bool quiet;	       /* -q */
	bool help;
	bool version;
};

struct command;

struct command_table {
	const struct command *const *rows;
	size_t count;
};

struct cli {
	struct cli_options options;
	const char *program; /* this executable's absolute path: what dev starts again */
	const struct command_table *commands;
	struct config config;
	bool config_loaded;
	struct datasets datasets;
	bool datasets_loaded;
	struct kafka_property *kafka;	  /* config.kafka as the Kafka room takes it */
	void (*release)(struct cli *cli); /* frees what was loaded; NULL: nothing was */
};

struct command {
	const char *name;      /* "publish"; two words for sub-commands: "config print" */
	const char *arguments; /* "FILE..." */
	const char *summary;   /* one line, lower case, no full stop */
	const char *details;   /* more lines of --help, examples last; NULL: none */
	struct opt_table options;
	size_t options_size; /* of the struct the table fills; 0 without options */
	int min_arguments;
	int max_arguments; /* -1: any number */
	/* argv are the words after the options; `options` points to the filled struct. */
	int (*run)(struct cli *cli, const void *options, int argc, char **argv);
};

/* The options before the command; they fill a struct cli_options. */
extern const struct opt_table cli_global_options;

/*
 * The whole program: reads the global options, finds the command, answers --help, runs it. Returns
 * the exit code. Two-word commands are found by both words; their first alone lists them.
 */
int cli_main(const struct command_table *commands, int argc, char **argv);

/* Loaded on first use, its warnings logged then; NULL with *err filled on failure. */
const struct config *cli_config(struct cli *cli, struct err *err);
const struct datasets *cli_datasets(struct cli *cli, struct err *err);
/* The configuration's Kafka properties as settings, borrowed from cli. After cli_config. */
struct kafka_settings cli_kafka(const struct cli *cli, const char *client_id);

/* Prints "penstock: MESSAGE" to stderr and returns the error's exit code. */
int cli_fail(const struct err *err);
/* 128 + signal when a stop was requested, else `code`. */
int cli_exit_code(int code);

#endif
