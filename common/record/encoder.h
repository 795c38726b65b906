/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells -> Avro binary, by a plan compiled once from the schema. No allocation per row. One thread
 * per encoder.
 *
 * Text forms (strict, whole cell; blanks around are an error): boolean true/false/t/f/1/0/yes/no in
 * any case; int, long decimal; float, double also exponent, NaN, Infinity, -Infinity; date
 * YYYY-MM-DD; time HH:MM[:SS[.ffffff]]; timestamp date[T ]time with Z or +-HH[:]MM for timestamp-*,
 * without for local-timestamp-* (a timestamp-* without zone is UTC); decimal fixed point or
 * exponent, a digit lost beyond the scale is an error, trailing zeros are not; uuid 8-4-4-4-12;
 * bytes \xHEX or the text's own bytes; enum a symbol; nested types JSON. What the configuration
 * says about a field (reading->fields) goes before, for JSON strings too; the signs of a CSV
 * dialect are those of its numbers.
 */
#ifndef PENSTOCK_RECORD_ENCODER_H
#define PENSTOCK_RECORD_ENCODER_H

#include "base/buf.h"
#include "base/err.h"
#include "format/reading.h"
#include "record/cell.h"
#include "schema/schema.h"

struct encoder;

/*
 * `reading` says which fields have text forms of their own; NULL: none. Its patterns are compiled
 * here. Borrows the schema. A field that is not in the schema or cannot be read so is a
 * configuration error.
 */
MUST_CHECK bool encoder_new(const struct schema *schema, const struct reading *reading,
	struct encoder **ret_encoder, struct err *err);
/* Whether the field can be read so: patterns and words are right, and fit its type. */
MUST_CHECK bool encoder_check_field(
	const struct field *field, const struct field_reading *reading, struct err *err);
void encoder_free(struct encoder *encoder);

/*
 * Appends one row; cells stand in schema field order. On a value that does not fit its field:
 * false, class DATA, *ret_field its index, and `out` as it was. The message quotes the value, cut
 * short, and says what was expected. Postgres' own limits (NUL in text, date and numeric ranges,
 * infinities in numeric) are checked here, so that what was encoded loads.
 */
MUST_CHECK bool encoder_row(struct encoder *encoder, const struct cell *cells, struct buf *out,
	int *ret_field, struct err *err);

#endif
