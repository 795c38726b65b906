/* SPDX-License-Identifier: Apache-2.0 */
/*
 * penstock.yml as a struct. One row per key (keys.c) drives the parser, `config print`,
 * docs/configuration.md and the example. Passed to whoever needs it, never global, read-only after
 * config_load.
 */
#ifndef PENSTOCK_CONFIG_CONFIG_H
#define PENSTOCK_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/opts.h"
#include "config/remote.h"
#include "format/reading.h"
#include "s3/settings.h"

#define MAIL_MAX_RECIPIENTS 100

struct config_pair {
	const char *key;
	const char *value;
	int line; /* in the file; 0: from the command line or a default */
};

struct config_pairs {
	struct config_pair *items;
	size_t count;
};

enum conflict_rule { CONFLICT_LAST, CONFLICT_FIRST, CONFLICT_GREATEST };
enum keep_rule { KEEP_ALL, KEEP_LATEST_FILE };
enum unrouted_rule { UNROUTED_IGNORE, UNROUTED_QUARANTINE, UNROUTED_BY_HEADER };
enum overlap_rule { OVERLAP_QUEUE, OVERLAP_FORBID, OVERLAP_REPLACE };
enum constraint_rule { CONSTRAINT_PAUSE, CONSTRAINT_REJECT };

struct config_table {
	const char *schema; /* "public" when none was given */
	const char *name;
};

/* A text field whose column holds a key: of its row in a table of texts. */
struct config_lookup {
	const char *field;
	int line;
	const char *column; /* of the dataset's table */
	struct config_table table;
	const char *id; /* the other table's columns */
	const char *text;
};

struct config_dataset {
	const char *name;	  /* [a-z0-9_-]{1,100} */
	int line;		  /* where it begins in the file */
	const char *schema;	  /* path, joined with the configuration's folder */
	struct string_list files; /* name patterns (fnmatch) */
	const char *table_schema; /* "raw" of "raw.orders"; "public" when none was given */
	const char *table_name;
	bool append_only; /* key: [_file, _row] */
	enum conflict_rule on_conflict;
	const char *greatest; /* column, for CONFLICT_GREATEST */
	enum keep_rule keep;
	enum constraint_rule on_constraint;
	const char *owner;	/* "" = nobody said */
	int64_t stale_after_ms; /* alert when no file became complete for so long; 0 = none */
	struct config_lookup *lookups;
	size_t lookup_count;
	struct reading reading; /* reading.key holds the key (empty when append_only) */
};

#define CONFIG_MAX_JOBS 50

struct config_job {
	const char *name; /* [a-z0-9_-]{1,100} */
	int line;
	struct string_list command; /* the program first */
	const char *cron;	    /* "" = none */
	enum job_after { JOB_AFTER_NONE, JOB_AFTER_RUN } after;
	const char *folder;
	struct config_pairs environment;
	int64_t timeout_ms;
};

/* A table with base rows from a CSV file. */
struct config_seed {
	struct config_table table;
	int line;
	const char *file;	/* path, joined with the configuration's folder */
	const char *schema;	/* Avro schema of columns the table lacks; "": they become text */
	struct string_list key; /* columns; empty: the file's first one */
};

struct config {
	struct arena arena;	   /* owns everything below */
	const char *path;	   /* of the file, as given */
	const char *folder;	   /* that relative paths start from */
	struct config_pairs kafka; /* librdkafka properties: defaults < file < -X */
	const char *postgres;	   /* libpq conninfo; "" = libpq's own defaults */
	bool postgres_configured;  /* `postgres` is not empty, or a PG* variable is set */
	bool embedded_broker;	   /* the servers are those of a running `penstock dev` */
	const char *inbox;
	const char *archive; /* folder, or s3://bucket/prefix */
	struct s3_settings s3;
	struct {
		const char *prefix;
		uint32_t partitions;
		uint32_t replication;
	} topics;
	struct {
		enum unrouted_rule unknown;
	} routing;
	struct config_dataset *datasets;
	size_t dataset_count;
	struct remote *sources;
	size_t source_count;
	struct config_seed *seeds;
	size_t seed_count;
	const char *models; /* folder; "" = none */
	struct {
		const char *sql; /* folder; "" = none */
		const char *output;
		enum report_format { REPORT_CSV, REPORT_JSON, REPORT_MARKDOWN, REPORT_HTML } format;
	} reports;
	struct {
		bool store_failures;
		int64_t keep_ms;
	} checks;
	struct {
		const char *cron; /* "" = none */
		const char *time_zone;
		bool after_load;
		bool wait_for_sources;
		int64_t debounce_ms;
		int64_t timeout_ms; /* of a run; 0 = none */
		uint32_t retries;
		enum overlap_rule overlap;
	} recalculate;
	struct {
		const char *listen; /* host:port */
	} monitor;
	struct {
		const char *webhook; /* "" = none: POST {"text": ...} */
		struct {
			const char *server; /* smtp:// or smtps:// URL; "" = no mail */
			bool plain;	    /* no TLS */
			const char *ca;	    /* "" = the system's certificates */
			const char *user;   /* "" = no login */
			const char *password;
			const char *from;
			struct string_list to;
		} mail;
		int64_t stale_file_ms; /* 0 = no alert */
		int64_t lag_ms;	       /* 0 = no alert */
	} alerts;
	struct config_job *jobs;
	size_t job_count;
	struct string_list warnings; /* for the log: a password in the file, ... */
};

struct config_source {
	const char *folder;   /* -C: where relative paths start; NULL: the working folder */
	const char *path;     /* -c: NULL = "penstock.yml" in that folder */
	const char *env_file; /* --env-file: NULL = ".env" beside the file, if there is one */
	const struct opt_list *kafka; /* -X key=value; may be NULL */
};

/*
 * Reads and checks the configuration. Errors (class FATAL, exit code 2) name file, line, key and
 * what was expected; several mistakes are reported in one message, one a line, ten at most.
 */
MUST_CHECK bool config_load(
	const struct config_source *source, struct config *ret_config, struct err *err);
void config_release(struct config *config);

/* The dataset called `name`; NULL when there is none. */
const struct config_dataset *config_find_dataset(const struct config *config, const char *name);

/* The source called `name`; NULL when there is none. */
const struct remote *config_find_source(const struct config *config, const char *name);
/* The first look-up in this table; NULL when there is none. All look-ups in one table agree. */
const struct config_lookup *config_find_lookup(
	const struct config *config, const struct config_table *table);

/* Appends the configuration as understood, as YAML that config_load accepts; secrets are masked. */
void config_print(const struct config *config, struct buf *out);
/* The same as one JSON object. */
void config_print_json(const struct config *config, struct buf *out);
/* Appends docs/configuration.md's table of keys, made from the rows. */
void config_print_reference(struct buf *out);

#endif
