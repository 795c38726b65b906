/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict JSON reader (RFC 8259) over text in memory: first validate, then walk. Numbers stay
 * text, so no digit is lost. Refused: bad UTF-8, lone surrogates, duplicate members, depth beyond
 * JSON_MAX_DEPTH, anything but white space around the value.
 */
#ifndef PENSTOCK_BASE_JSON_SCAN_H
#define PENSTOCK_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define JSON_MAX_DEPTH 64

enum json_kind {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/* A value inside validated text; for strings, text and len cover the quotes. Borrowed. */
struct json_value {
	enum json_kind kind;
	const char *text;
	size_t len;
};

/* Memory for finding duplicate members; reusable, one per thread. */
struct json_scanner {
	uint64_t *hashes;
	size_t count;
	size_t capacity;
};

void json_scanner_init(struct json_scanner *scanner);
void json_scanner_release(struct json_scanner *scanner);

/*
 * Whether text is exactly one well-formed value; if not, *ret_why (static) and *ret_at (byte
 * offset) say what is wrong and where.
 */
bool json_validate(struct json_scanner *scanner, const char *text, size_t len,
	struct json_value *ret_value, const char **ret_why, size_t *ret_at);

/* Walking validated text only. `at` starts as value->text + 1 and is advanced; false at the end. */
bool json_next_member(const struct json_value *object, const char **at, struct json_value *ret_key,
	struct json_value *ret_value);
bool json_next_element(
	const struct json_value *array, const char **at, struct json_value *ret_value);

/* The member named `name`; false when there is none. */
bool json_find(const struct json_value *object, const char *name, struct json_value *ret_value);
/* Appends a string value's text, unescaped, as UTF-8 (U+0000 becomes a NUL byte). */
void json_unescape(const struct json_value *string, struct buf *out);
/* Whether an (escaped) string value equals the n bytes at `text`. */
bool json_equals(const struct json_value *string, const char *text, size_t n);

#endif
