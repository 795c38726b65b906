/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginning of a file -> a draft of its dataset: how it is read, an Avro schema, a key. A draft
 * reads the sample it was made from without a reject.
 */
#ifndef PENSTOCK_INFER_INFER_H
#define PENSTOCK_INFER_INFER_H

#include "base/buf.h"
#include "base/err.h"

/* Bytes of a file, decompressed, that are looked at. */
#define INFER_SAMPLE_BYTES (1 << 20)

struct draft;

/*
 * Looks at the file `fd` (borrowed, read from its start), which is called `name`. Class DATA: it is
 * empty, or nothing makes a table of it. The draft is freed by draft_free.
 */
MUST_CHECK bool infer_file(int fd, const char *name, struct draft **ret_draft, struct err *err);
void draft_free(struct draft *draft);

/* The dataset's name, made from the file's: "orders-2024-01.csv" -> "orders". */
const char *draft_name(const struct draft *draft);
/* "reads 120 records as csv": for people. */
void draft_describe(const struct draft *draft, struct buf *out);
/* The entry below `datasets:`, in YAML, indented by two; what is doubtful stands in comments. */
void draft_print_entry(const struct draft *draft, struct buf *out);
/* The Avro schema, a field a line. */
void draft_print_schema(const struct draft *draft, struct buf *out);

#endif
