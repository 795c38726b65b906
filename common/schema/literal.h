/* SPDX-License-Identifier: Apache-2.0 */
/* SQL literals for DDL, where nothing can be a parameter. Not for other folders. */
#ifndef PENSTOCK_SCHEMA_LITERAL_H
#define PENSTOCK_SCHEMA_LITERAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "schema/schema.h"

/* A string constant that reads the same whatever standard_conforming_strings is. */
void literal_append_text(struct buf *out, const char *text, size_t len);

/*
 * The value of field->default_json (not null) for the field's column. False, nothing appended, for
 * nested defaults other than an empty array or map.
 */
bool literal_append_default(struct buf *out, const struct field *field);

#endif
