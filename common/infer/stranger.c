/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/stranger.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define LOOKED_AT 4096

static const struct {
	const char *begin;
	size_t len;
	const char *what;
} strangers[] = {
	{"%PDF-", 5, "a PDF document: its tables have to be exported as CSV first"},
	{"{\\rtf", 5, "a text document (RTF)"},
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8, "an old Excel or Word file: save its sheet as CSV"},
	{"PAR1", 4, "a Parquet file, a format that is not read"},
	{"SQLite format 3", 16, "an SQLite database: export its tables as CSV"},
	{"\x89PNG", 4, "an image"},
	{"\xFF\xD8\xFF", 3, "an image"},
	{"GIF8", 4, "an image"},
};

/* In any case, behind white space. */
static const struct {
	const char *begin;
	const char *what;
} markups[] = {
	{"<!doctype html", "an HTML page: was an error, or a log-in, downloaded in place of data?"},
	{"<html", "an HTML page: was an error, or a log-in, downloaded in place of data?"},
	{"<?xml", "XML, a format that is not read"},
};

static const char *zip_of(const unsigned char *data, size_t len)
{
	size_t n = len < LOOKED_AT ? len : LOOKED_AT;
	bool office = memmem(data, n, "[Content_Types].xml", 19) || memmem(data, n, "xl/", 3);
	return office ? "an Excel workbook or another office file: save its sheet as CSV"
		      : "a zip archive: `publish` and `preview` take its members, a draft is made "
			"from one of them";
}

const char *stranger_of(const unsigned char *data, size_t len)
{
	size_t at = 0;
	if (len >= 4 && memcmp(data, "PK\x03\x04", 4) == 0)
		return zip_of(data, len);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		if (len >= strangers[i].len &&
			memcmp(data, strangers[i].begin, strangers[i].len) == 0)
			return strangers[i].what;
	if (len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
		at = 3;
	while (at < len && data[at] && strchr(" \t\r\n", data[at]))
		at++;
	for (size_t i = 0; i < sizeof(markups) / sizeof(markups[0]); i++) {
		size_t n = strlen(markups[i].begin);
		if (len - at >= n && strncasecmp((const char *)data + at, markups[i].begin, n) == 0)
			return markups[i].what;
	}
	return NULL;
}
