/* SPDX-License-Identifier: Apache-2.0 */
/* What the values at one place of JSON records are, members and elements below. Private to the
 * room.
 */
#ifndef PENSTOCK_INFER_SHAPE_H
#define PENSTOCK_INFER_SHAPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_scan.h"
#include "infer/guess.h"

struct shape {
	const char *name;
	int64_t seen; /* values, nulls among them */
	int64_t nulls;
	int64_t objects;
	int64_t arrays;
	int64_t texts;
	int64_t numbers;
	int64_t booleans;
	struct guess text;
	struct guess number;
	struct shape *members; /* a list */
	struct shape *next;
	struct shape *items;
	size_t member_count;
};

struct shapes {
	struct arena arena;
	const struct guesser *guesser;
	struct buf text;
	size_t count; /* of all shapes, bounded */
	bool full;
};

void shapes_init(struct shapes *shapes, const struct guesser *guesser);
void shapes_release(struct shapes *shapes);
struct shape *shape_new(struct shapes *shapes, const char *name);
void shape_note(struct shapes *shapes, struct shape *shape, const struct json_value *value);

/* An object whose members are columns of their own, not entries of a map. */
bool shape_is_record(const struct shape *shape);
/* Its Avro type, without null, as JSON text; records in it are called after `name`. False: values
 * of several kinds, no type takes them. */
bool shape_type(
	const struct shape *shape, struct arena *arena, const char *name, struct guessed *ret_type);

#endif
