/* SPDX-License-Identifier: Apache-2.0 */
/* One value on its way from a reader to the encoder. Borrowed memory, valid until the next record.
 */
#ifndef PENSTOCK_RECORD_CELL_H
#define PENSTOCK_RECORD_CELL_H

#include <stdbool.h>
#include <stdint.h>

enum cell_kind {
	CELL_MISSING, /* the input has no such column: the field's default, null, or an error */
	CELL_NULL,
	CELL_TEXT, /* CSV: the cell's text, quotes removed, already UTF-8 */
	CELL_JSON, /* a raw value inside validated JSON text (base/json_scan.h) */
};

struct cell {
	const char *data;
	uint32_t len;
	uint8_t kind; /* enum cell_kind */
	bool quoted;  /* CELL_TEXT: stood in quotes */
};

#endif
