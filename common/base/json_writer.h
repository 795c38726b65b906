/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON (RFC 8259) into a buf: commas and escapes are its business, balance is the caller's.
 * Invalid UTF-8 becomes U+FFFD. Overflow shows in the buf.
 */
#ifndef PENSTOCK_BASE_JSON_WRITER_H
#define PENSTOCK_BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* jansson has functions of the same names: ours get symbols of their own, or the linker mixes them.
 */
#define JSON_SYMBOL(name) __asm__("penstock_" #name)

struct json_writer {
	struct buf *buf;
	bool comma; /* the next value or key needs one before it */
};

void json_begin(struct json_writer *json, struct buf *buf);
void json_object(struct json_writer *json) JSON_SYMBOL(json_object);
void json_object_end(struct json_writer *json);
void json_array(struct json_writer *json) JSON_SYMBOL(json_array);
void json_array_end(struct json_writer *json);
void json_key(struct json_writer *json, const char *key);
void json_string(struct json_writer *json, const char *text)
	JSON_SYMBOL(json_string); /* NULL writes null */
void json_string_n(struct json_writer *json, const char *text, size_t len);
void json_int(struct json_writer *json, int64_t value);
void json_double(struct json_writer *json, double value); /* NaN and infinities write null */
void json_bool(struct json_writer *json, bool value);
void json_null(struct json_writer *json) JSON_SYMBOL(json_null);
/* Text that is JSON already. */
void json_raw(struct json_writer *json, const char *text, size_t len);

#endif
