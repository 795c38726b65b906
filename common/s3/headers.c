/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/headers.h"

#include <string.h>

#include "base/text.h"

int64_t s3_time(const char *text)
{
	static const char *const patterns[] = {"%a, %d %b %Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S"};
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct tm utc = {0};
		if (strptime(text, patterns[i], &utc))
			return (int64_t)timegm(&utc);
	}
	return 0;
}

static void take_etag(struct s3_answer *answer, const char *value)
{
	text_copy(answer->object.etag, sizeof(answer->object.etag), value);
}

static void take_length(struct s3_answer *answer, const char *value)
{
	int64_t length;
	if (answer->object.size < 0 && text_int64(value, &length) && length >= 0)
		answer->object.size = length;
}

/* "bytes 100-199/1000": from where, and how long the whole object is. */
static void take_range(struct s3_answer *answer, const char *value)
{
	char first[24] = "";
	const char *total = strchr(value, '/');
	int64_t number;
	if (strncmp(value, "bytes ", 6) != 0 || !total)
		return;
	size_t n = strspn(value + 6, "0123456789");
	if (n < sizeof(first))
		memcpy(first, value + 6, n);
	if (text_int64(first, &number))
		answer->range_start = number;
	if (text_int64(total + 1, &number))
		answer->object.size = number;
}

static void take_modified(struct s3_answer *answer, const char *value)
{
	answer->object.modified_s = s3_time(value);
}

static void take_region(struct s3_answer *answer, const char *value)
{
	text_copy(answer->bucket_region, sizeof(answer->bucket_region), value);
}

void s3_header_take(struct s3_answer *answer, const char *name, const char *value)
{
	static const struct {
		const char *name;
		void (*take)(struct s3_answer *answer, const char *value);
	} rows[] = {
		{"etag", take_etag},
		{"content-length", take_length},
		{"content-range", take_range},
		{"last-modified", take_modified},
		{"x-amz-bucket-region", take_region},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(name, rows[i].name) == 0)
			rows[i].take(answer, value);
}
