/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of keys. A row says where a key stands in the file, where its value goes in the struct,
 * what is expected, its default and its meaning; a type reads and prints all values of one kind.
 */
#ifndef PENSTOCK_CONFIG_KEYS_H
#define PENSTOCK_CONFIG_KEYS_H

#include "config/config.h"
#include "config/printer.h"
#include "config/tree.h"
#include "config/variables.h"

#define CONFIG_ARENA_MAX ((size_t)256 << 20)

/* Everything config_load carries along. */
struct loader {
	struct config *config;
	const char *origin; /* the file, for messages */
	const struct opt_list *overrides;
	struct variables variables;
	struct buf problems; /* one a line */
	size_t problem_count;
	const char *prefix; /* of the keys being read: "" or "datasets.orders." */
};

struct key;

/* A value on its way into the struct. */
struct value {
	struct loader *loader;
	const struct key *key;
	const struct tree_node *node; /* of the default when the key is not given */
	bool given;
	void *scope;  /* struct config or struct config_dataset */
	void *target; /* scope + key->offset */
};

struct key_table;

/* A map of named entries: where they go in struct config. All offsets are in bytes. */
struct entry_map {
	const char *what;     /* "a dataset" */
	const char *reserved; /* a name no entry may have; NULL: none */
	size_t most;	      /* entries; 0: no limit of its own */
	size_t size;	      /* of an entry */
	size_t name;	      /* of a const char * in it */
	size_t line;	      /* of an int in it */
	size_t array;	      /* of the pointer to the first, in struct config */
	size_t count;	      /* of a size_t there */
	/* Asked of an entry whose keys have no mistake; NULL: nothing to ask. */
	void (*check)(struct loader *loader, const void *entry);
};

struct value_type {
	/* False: what stands there is not what key->expected says. Other mistakes are reported by
	 * value_problem, and true is returned. */
	bool (*read)(const struct value *value);
	/* NULL: there is nothing to print. */
	void (*print)(const struct key *key, const void *target, struct printer *printer);
	bool prints_key;	     /* print writes the key too */
	bool secret;		     /* no message repeats what stands there */
	const struct entry_map *map; /* for entries_read and entries_print */
	/* A map of entries by name: the rows of each, and how their keys begin in the reference. */
	const struct key_table *entries;
	const char *entry_prefix; /* "datasets.NAME." */
};

struct word {
	const char *name;
	int value;
};

/* When a key means something at all; NULL: always. */
struct condition {
	bool (*holds)(const void *scope);
	const char *why; /* "format: csv" */
};

struct key {
	const char *path; /* from the scope: "csv.delimiter" */
	const struct value_type *type;
	size_t offset;
	const char *fallback; /* as YAML: a scalar's text, or a list; NULL: the key is required */
	const char *expected; /* "a whole number from 1 to 10,000" */
	const char *doc;
	int64_t min;
	int64_t max;
	const struct word *words;
	const struct condition *condition;
};

struct key_table {
	const struct key *rows;
	size_t count;
};

extern const struct key_table config_keys;  /* scope: struct config */
extern const struct key_table dataset_keys; /* scope: struct config_dataset */
extern const struct key_table job_keys;	    /* scope: struct config_job */
extern const struct key_table source_keys;  /* scope: struct remote */

/* Reads all rows of a scope from its map, in the table's order, after looking for unknown keys. */
void keys_read(struct loader *loader, const struct key_table *table, const struct tree_node *map,
	void *scope);

/*
 * Reads one entry of the map that the value is, by its type's rows; messages name the entry. What
 * is no map stands for one with the key `brief`; NULL: it must be one.
 */
void keys_read_entry(
	const struct value *value, const struct tree_node *node, const char *brief, void *entry);

/* Prints all rows of a scope, sections included, into the map that is open. */
void keys_print(const struct key_table *table, const void *scope, struct printer *printer);

/* Notes a mistake at the value's place; the first ten are kept. */
void value_problem(const struct value *value, const char *fmt, ...) PRINTF_LIKE(2, 3);
void loader_problem(struct loader *loader, int line, const char *key, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
void loader_warn(struct loader *loader, const char *text);
/* Warns that `what` at the value's key, written out in the file, is a secret. */
void loader_warn_secret(const struct value *value, int line, const char *what);

extern const struct value_type value_text;	/* const char *; empty only where the default is */
extern const struct value_type value_path;	/* const char *, joined with the folder unless "" */
extern const struct value_type value_bool;	/* bool */
extern const struct value_type value_count;	/* uint32_t, min..max */
extern const struct value_type value_size;	/* uint32_t bytes, min..max */
extern const struct value_type value_long_size; /* int64_t bytes, min..max */
extern const struct value_type value_duration;	/* int64_t milliseconds, min..max */
extern const struct value_type value_word;	/* an enum, by words */
extern const struct value_type value_texts;	/* struct string_list; one text is a list of one */
extern const struct value_type value_section;	/* bool: whether the section is there */
extern const struct value_type value_kafka;	/* struct config_pairs */
extern const struct value_type value_postgres;	/* const char *, a conninfo */
extern const struct value_type value_webhook;	/* const char *, a URL */
extern const struct value_type value_secret;	/* const char *, never shown */
extern const struct value_type value_mail_server;    /* const char *, an SMTP URL */
extern const struct value_type value_mail_address;   /* const char * */
extern const struct value_type value_mail_addresses; /* struct string_list */
extern const struct value_type value_address;	     /* const char *, host:port */
extern const struct value_type value_json_path;	     /* const char * */
extern const struct value_type value_prefix;	     /* const char *, of topic names */
extern const struct value_type value_folder;	     /* const char *, as value_path; no URL */
extern const struct value_type value_place;	     /* const char *, a folder or s3://... */
extern const struct value_type value_table_name;     /* struct config_table */
extern const struct value_type value_cron;	     /* const char * */
extern const struct value_type value_time_zone;	     /* const char *, a zone there is */
/* Of value types with a map: reads and prints all its entries. */
bool entries_read(const struct value *value);
void entries_print(const struct key *key, const void *target, struct printer *printer);

extern const struct value_type value_datasets;	  /* struct config */
extern const struct value_type value_seeds;	  /* struct config */
extern const struct value_type value_jobs;	  /* struct config */
extern const struct value_type value_environment; /* struct config_pairs */
extern const struct value_type value_sources;	  /* struct config */

extern const struct value_type value_letter;	/* char, '\\0' for none */
extern const struct value_type value_decimal;	/* char */
extern const struct value_type value_thousands; /* const char *, one character or "" */
extern const struct value_type value_encoding;	/* const char *, known to iconv */

extern const struct value_type value_format; /* enum file_format, by words or by `files` */

/* Their target is the whole struct config_dataset. */
extern const struct value_type value_table;
extern const struct value_type value_files;
extern const struct value_type value_key;
extern const struct value_type value_on_conflict;
extern const struct value_type value_lookups;
extern const struct value_type value_delimiter;
extern const struct value_type value_max_rejects;
extern const struct value_type value_comment;
extern const struct value_type value_fields;

/* Their target is a member of struct remote; some write others beside it. */
extern const struct value_type value_source_url;
extern const struct value_type value_body;
extern const struct value_type value_source_name;
extern const struct value_type value_source_cron;
extern const struct value_type value_headers;
extern const struct value_type value_rate;
extern const struct value_type value_paging_parameter;
extern const struct value_type value_paging_start;
extern const struct value_type value_paging_records;

/* What no single key can tell: of one dataset, and of all together. */
void check_config(struct loader *loader);
/* Of the sources, once the datasets are known. */
void check_sources(struct loader *loader);
void check_dialect(struct loader *loader, int line, const struct csv_dialect *csv);
void check_lookups(struct loader *loader);
void check_seeds(struct loader *loader);

/* "SCHEMA.TABLE" or "TABLE", each part at most 63 bytes; NULL text is none. */
MUST_CHECK bool table_name_read(
	struct arena *arena, const char *text, struct config_table *ret_table);
/* Whether it stands in a schema that belongs to penstock or Postgres. */
bool table_is_ours(const struct config_table *table);

/* Points the configuration at the servers of a `penstock dev` that runs in its folder. */
MUST_CHECK bool dev_servers_apply(struct loader *loader, struct err *err);

#endif
