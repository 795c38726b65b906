/* SPDX-License-Identifier: Apache-2.0 */
/* Names of fields and datasets out of headers and files' names. Private to the room. */
#ifndef PENSTOCK_INFER_NAME_H
#define PENSTOCK_INFER_NAME_H

#include <stdbool.h>

#include "base/arena.h"

/* Whether it is an Avro name that can be a column's. */
bool name_is_plain(const char *name);
/* The header itself if it is plain; else its letters and digits, joined by '_'. */
const char *name_of_field(struct arena *arena, const char *header);
/* "Orders-2024-01.csv.gz" -> "orders" and the pattern "Orders*.csv.gz". */
void name_of_dataset(
	struct arena *arena, const char *file, const char **ret_name, const char **ret_pattern);

#endif
