/* SPDX-License-Identifier: Apache-2.0 */
/* Maps, lists and scalars as YAML that the parser takes back, or as JSON. */
#ifndef PENSTOCK_CONFIG_PRINTER_H
#define PENSTOCK_CONFIG_PRINTER_H

#include "base/buf.h"
#include "base/json_writer.h"
#include "format/reading.h"

struct printer {
	struct buf *out;
	bool as_json;
	struct json_writer json;
	int depth; /* of open maps */
};

void printer_begin(struct printer *printer, struct buf *out, bool as_json);
void printer_end(struct printer *printer);

void printer_map(struct printer *printer, const char *key);
void printer_map_end(struct printer *printer);
/* A key whose value follows. */
void printer_key(struct printer *printer, const char *key);
void printer_text(struct printer *printer, const char *text);
void printer_texts(struct printer *printer, const struct string_list *list);
void printer_int(struct printer *printer, int64_t value);
void printer_bool(struct printer *printer, bool value);
/* {key: text} */
void printer_pair(struct printer *printer, const char *key, const char *text);

#endif
