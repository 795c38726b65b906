/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where names and values become SQL text. */
#ifndef PENSTOCK_POSTGRES_QUOTE_H
#define PENSTOCK_POSTGRES_QUOTE_H

#include "base/buf.h"

/* "a""b" */
void quote_identifier(struct buf *out, const char *name);
/* "schema"."name" */
void quote_qualified(struct buf *out, const char *schema, const char *name);
/* 'it''s' (with E'' when there is a backslash) */
void quote_literal(struct buf *out, const char *text);

/* A Postgres array literal as a parameter's text: begin, add (NULL: null), end. */
void array_begin(struct buf *out);
void array_add(struct buf *out, const char *text);
void array_add_n(struct buf *out, const char *text, size_t len);
void array_add_int(struct buf *out, int64_t value);
void array_end(struct buf *out);

#endif
