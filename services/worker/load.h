/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the loader: what its files share. A batch is a run of slots, sorted by (file id, chunk
 * number); each transaction starts all slots anew but the dead ones. Functions that fail leave the
 * transaction to be rolled back by load_batch.
 */
#ifndef PENSTOCK_WORKER_LOAD_H
#define PENSTOCK_WORKER_LOAD_H

#include "base/arena.h"
#include "base/buf.h"
#include "worker/loader.h"

#define LOAD_ARRAYS	 11
#define KNOWN_FILES	 4096 /* a power of two */
#define MAX_REFUSED_ROWS 65536

/* The target's SQL, made once from the dataset (load_sql.c). */
struct load_sql {
	const char *begin;
	const char *target; /* "schema"."table" */
	const char *copy_target;
	const char *make_stage;
	const char *copy_stage;
	const char *merge;
	const char *swallowed; /* counts rows that a trigger kept from being merged */
};

/* A dataset's chunks come with few different schemas; each is compiled once. */
struct writer {
	char *text;
	size_t len;
	struct schema *schema; /* NULL for the dataset's own */
	struct transcoder *transcoder;
};

struct writers {
	struct writer **items;
	size_t count;
};

/* A row the table does not take. */
struct refusal {
	size_t index; /* of the row in its chunk */
	char native[6];
	char blamed[64]; /* column or constraint */
	const char *reason;
};

struct refusals {
	struct refusal *items; /* ordered by index */
	size_t count;
	size_t capacity;
	struct arena reasons;
};

struct known_file {
	int64_t file_id; /* 0: free */
	bool with_chunks;
};

/* A table of texts, shared by the fields that name it. */
struct dimension {
	const struct config_lookup *config;
	const char *target; /* "schema"."table" */
	struct lookup lookup;
};

/*
 * What is known of the tables of texts. Only what stands in one state of them may be kept: `state`
 * says which, and is compared under their locks in the transaction that uses their keys.
 */
struct dimensions {
	struct dimension *items;
	size_t count;
	struct lookup **by_field; /* of the schema; NULL for those not looked up */
	struct buf texts;	  /* those asked for */
	const char *names;	  /* their targets as an array literal */
	char state[33];		  /* "": not read yet */
	bool taken_over;	  /* foreign keys are checked by keys_hold, not by Postgres */
	bool within;		  /* the asking is done inside a transaction */
	bool look;    /* ... that changes nothing: neither new rows nor the lock outlive it */
	bool doubted; /* in this load a foreign key was violated, and they were forgotten */
};

struct load_slot {
	struct load_item *item;
	enum slot_state {
		SLOT_WAITING, /* for this transaction's answers */
		SLOT_NEW,     /* its ledger row is in this transaction */
		SLOT_KNOWN,   /* the ledger had it */
		SLOT_DEAD,
	} state;
	bool file_known; /* its file's row was found */
	bool stale;	 /* its file is superseded or retracted: no rows */
	struct transcoder *transcoder;
	int64_t fresh;	 /* rows whose key met no other version */
	int64_t refused; /* rows the table did not take */
};

struct loader {
	struct database *database;
	const struct dataset *dataset;
	const char *worker;
	struct arena arena; /* owns sql */
	struct load_sql sql;
	char target_digest[33]; /* of the catalogue's rows that were found good; "" at first */
	char key_index[64];	/* name of the primary key */
	bool guarded;		/* the table has triggers that may keep rows from it */
	struct writers writers;
	struct dimensions dimensions;
	struct known_file files[KNOWN_FILES];
	size_t file_count;
	bool dataset_noted;
	unsigned merge_left; /* groups that still go straight to the merge path */
	unsigned merge_span; /* what merge_left starts from at the next conflict */
	struct load_slot *slots;
	size_t slot_capacity;
	struct buf arrays[LOAD_ARRAYS];
	struct buf text; /* cleared by whoever uses it */
	struct buf scratch;
	const struct load_slot *decoded; /* whose rows `rows` holds */
	struct copy_rows rows;
	struct refusals refusals; /* of the only new chunk of a batch */
	size_t blamed;		  /* the row at which the newest COPY failed; SIZE_MAX: unknown */
	void (*progress)(void *context); /* see loader_on_progress; NULL: nobody asks */
	void *progress_context;
};

struct load_batch {
	struct loader *loader;
	struct load_slot *slots;
	size_t count;
	bool merge;  /* this transaction goes, or went, the merge path */
	bool again;  /* the failure was of our own making: start the transaction anew */
	bool within; /* the transaction is the caller's */
};

/* Which rows of a batch's new chunks: all, or for a batch with one new chunk a range of them. */
struct row_set {
	size_t from;
	size_t to;		       /* SIZE_MAX: all */
	const struct refusals *except; /* NULL: none */
};

/* load_sql.c */
void load_sql_make(const struct dataset *dataset, struct arena *arena, struct load_sql *ret_sql);
/* The columns that are loaded, _file and _row at their end. */
void load_sql_columns(struct buf *out, const struct schema *schema);
/* The key's columns; _file and _row when there is no other. */
void load_sql_key(struct buf *out, const struct dataset *dataset);
/* ORDER BY: the version of each key that wins comes first. */
void load_sql_best_first(struct buf *out, const struct dataset *dataset);
void load_sql_copy(struct buf *out, const struct schema *schema, const char *target);

/* loader.c: the items as slots, sorted, all waiting. Valid until the next call. */
void loader_fill_slots(struct loader *loader, struct load_item *items, size_t count);
/*
 * One chunk in the caller's transaction, which is to be rolled back when it fails; the dataset's
 * lock is held. Marks its file when that became complete.
 */
MUST_CHECK bool loader_load_within(struct loader *loader, struct load_item *item,
	int64_t *ret_refused, int64_t *ret_completed, struct err *err);
/* Gives back the memory that one large group needed. */
void loader_shrink(struct loader *loader);

/* load_target.c: after the table lock. FATAL, with the remedy, when the table does not fit. */
MUST_CHECK bool target_check(struct loader *loader, struct err *err);

/* load_lookups.c */
void dimensions_init(struct loader *loader);
void dimensions_release(struct dimensions *dimensions);
/* Everything known of them is asked for again. */
void dimensions_forget(struct dimensions *dimensions);
/*
 * Finds the keys of all texts in the batch, making rows for new texts, in short transactions of
 * their own. Texts that cannot have a key are noted as such: their rows are refused later.
 */
MUST_CHECK bool lookups_note(struct load_batch *batch, struct err *err);
/* The same for slots that have rows, inside the transaction that uses them. */
MUST_CHECK bool lookups_note_new(struct load_batch *batch, struct err *err);
/* Inside the transaction: `again` when the tables are not those the keys were read from. */
MUST_CHECK bool lookups_check(struct load_batch *batch, struct err *err);
/*
 * DATA when a row of the set, which are rows of loader->rows, has a text without a key; err blames
 * the field.
 */
MUST_CHECK bool lookups_judge(struct load_batch *batch, const struct row_set *set, struct err *err);

/* load_keys.c */
/*
 * Before the rows: takes the foreign keys to tables of texts over from Postgres, which would check
 * each row's, where it may.
 */
MUST_CHECK bool keys_take_over(struct load_batch *batch, struct err *err);
/*
 * Behind the rows: each key once, whether it is there and still its text's; what was taken over is
 * given back. `again` when one is gone.
 */
MUST_CHECK bool keys_hold(struct load_batch *batch, struct err *err);

/* load_writers.c */
/* The transcoder of the chunk's rows; PAUSE when its schema is not for this worker. */
MUST_CHECK bool writer_find(struct loader *loader, const struct chunk *chunk,
	struct transcoder **ret_transcoder, struct err *err);
MUST_CHECK bool writers_resolve(struct load_batch *batch, struct err *err);
void writers_release(struct writers *writers);

/* load_files.c */
/* Makes rows of penstock.file for files not seen before, in a short transaction of its own. */
MUST_CHECK bool files_note(struct load_batch *batch, struct err *err);
/* Fills file_known and stale; `again` when a file's row vanished since. */
MUST_CHECK bool files_read(struct load_batch *batch, struct err *err);
/* Marks files that have all their chunks. */
MUST_CHECK bool files_complete(struct load_batch *batch, int64_t *ret_completed, struct err *err);

/* load_ledger.c */
/* Inserts ledger rows; slots become new, known or dead. */
MUST_CHECK bool ledger_insert(struct load_batch *batch, struct err *err);
/* Corrects the ledger rows of chunks that were refused rows or met other versions of keys. */
MUST_CHECK bool ledger_count(struct load_batch *batch, struct err *err);
/* Begins the arrays that queries over a batch take as parameters. */
void arrays_begin(struct loader *loader);
/* Ends the first n and gives them as parameters. FATAL when one is beyond its maximum. */
MUST_CHECK bool arrays_end(
	struct loader *loader, size_t n, const char **ret_values, struct err *err);
/* The first slot of this chunk; NULL when there is none. */
struct load_slot *batch_find(struct load_batch *batch, int64_t file_id, int64_t chunk);
/* The next slot of the same chunk (a message may come twice); NULL behind the last. */
struct load_slot *batch_next_same(const struct load_batch *batch, struct load_slot *slot);

/* load_rows.c: the new chunks' rows into the table; a chunk alone sheds the rows it cannot load. */
MUST_CHECK bool rows_load(struct load_batch *batch, struct err *err);
/* One try at a set of rows, by COPY or merge. Class DATA is what one row, or a few, can cause. */
MUST_CHECK bool rows_apply(struct load_batch *batch, const struct row_set *set, struct err *err);
/* Back to the savepoint before the rows. */
MUST_CHECK bool rows_undo(struct load_batch *batch, struct err *err);

/* From now on groups go straight to the merge path, for a while. */
void loader_note_conflict(struct loader *loader);

/* load_copy.c: COPY of the set's rows through `sql`; counts them in the slots' `fresh`. */
MUST_CHECK bool copy_rows_into(
	struct load_batch *batch, const struct row_set *set, const char *sql, struct err *err);
/* Fills loader->rows with the slot's rows. `again`, and the slot dead, when they do not decode. */
MUST_CHECK bool slot_decode(struct load_batch *batch, struct load_slot *slot, struct err *err);
/* Whether slot's rows go to the table. */
bool slot_has_rows(const struct load_slot *slot);

/* load_merge.c: by way of a temporary table. Fills the slots' `fresh`. */
MUST_CHECK bool merge_rows(struct load_batch *batch, const struct row_set *set, struct err *err);

/* load_bisect.c */
/* One more refused row, behind those there are; the caller fills the rest. */
struct refusal *refusals_add(struct refusals *refusals, size_t index);
/*
 * Finds the rows of `slot` that the table refuses, by what COPY tells; `thorough`: by halves alone,
 * which takes longer and misses none. PAUSE when it refuses all.
 */
MUST_CHECK bool bisect_rows(
	struct load_batch *batch, struct load_slot *slot, bool thorough, struct err *err);

/* load_rejects.c */
MUST_CHECK bool rejects_store(struct load_batch *batch, struct err *err);

#endif
