/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of an entry of `sources`. */
#include <stddef.h>
#include <string.h>

#include "config/keys.h"

#define IN(member)	   offsetof(struct remote, member)
#define MILLISECONDS_A_DAY 86400000

static const struct word methods[] = {{"GET", REMOTE_GET}, {"POST", REMOTE_POST}, {0}};
static const struct word paging_rules[] = {{"none", PAGING_NONE}, {"page", PAGING_PAGE},
	{"offset", PAGING_OFFSET}, {"cursor", PAGING_CURSOR}, {"link", PAGING_LINK}, {0}};

static enum paging_rule paging_of(const void *scope)
{
	return ((const struct remote *)scope)->paging.by;
}

static bool is_web(const void *scope)
{
	const char *url = ((const struct remote *)scope)->url;
	return !url || strncmp(url, "s3://", 5) != 0;
}

static bool is_post(const void *scope)
{
	return ((const struct remote *)scope)->method == REMOTE_POST;
}

static bool is_whole(const void *scope)
{
	return paging_of(scope) == PAGING_NONE && is_web(scope) && !is_post(scope);
}

static bool is_paged(const void *scope)
{
	return paging_of(scope) != PAGING_NONE;
}

static bool has_parameter(const void *scope)
{
	return is_paged(scope) && paging_of(scope) != PAGING_LINK;
}

static bool is_counted(const void *scope)
{
	return paging_of(scope) == PAGING_PAGE || paging_of(scope) == PAGING_OFFSET;
}

static bool has_cursor(const void *scope)
{
	return paging_of(scope) == PAGING_CURSOR;
}

static const struct condition web_only = {is_web, "a URL, http:// or https://"};
static const struct condition post_only = {is_post, "method: POST"};
static const struct condition whole_only = {is_whole, "a GET that comes whole (no paging)"};
static const struct condition paged_only = {is_paged, "paging.by"};
static const struct condition parameter_only = {has_parameter, "paging.by page, offset or cursor"};
static const struct condition counted_only = {is_counted, "paging.by page or offset"};
static const struct condition cursor_only = {has_cursor, "paging.by: cursor"};

static const struct key source_rows[] = {
	{.path = "url",
		.type = &value_source_url,
		.offset = IN(url),
		.expected = "a URL, http://, https:// or s3://BUCKET/PREFIX",
		.doc = "What is fetched: an answer, or every new or changed object below a "
		       "prefix."},
	{.path = "method",
		.type = &value_word,
		.offset = IN(method),
		.fallback = "GET",
		.words = methods,
		.condition = &web_only,
		.expected = "GET or POST",
		.doc = "A POST is tried again as a GET is: it must be one that only asks."},
	{.path = "body",
		.type = &value_body,
		.offset = IN(body),
		.fallback = "",
		.condition = &post_only,
		.expected = "a map, which is sent as JSON, or a text, which is sent as it is",
		.doc = "What a POST asks. Its type is `application/json` unless `headers` say "
		       "otherwise. In a map what is quoted is text, what is not may be a number, "
		       "`true`, `false` or `null`; values with a variable in them are never "
		       "shown."},
	{.path = "dataset",
		.type = &value_text,
		.offset = IN(dataset),
		.fallback = "",
		.expected = "a dataset's name",
		.doc = "The dataset of what is fetched, whatever the files are called. Empty: "
		       "found as for any other file of the inbox."},
	{.path = "name",
		.type = &value_source_name,
		.offset = IN(file_name),
		.fallback = "",
		.condition = &web_only,
		.expected = "a file name with {time} in it",
		.doc = "What fetched files are called; `{time}` becomes the fetch's time and, "
		       "with paging, the page's number. Not given: the source's name, "
		       "`-{time}`, and the ending of the URL's path."},
	{.path = "every",
		.type = &value_duration,
		.offset = IN(every_ms),
		.fallback = "0",
		.min = 0,
		.max = 366 * (int64_t)MILLISECONDS_A_DAY,
		.expected = "a duration such as 30s, 15m or 1d",
		.doc = "How often it is fetched by `penstock producer`. Neither this nor `cron`: "
		       "by `penstock fetch` only."},
	{.path = "cron",
		.type = &value_source_cron,
		.offset = IN(cron_text),
		.fallback = "",
		.expected = "five cron fields, or @hourly and the like",
		.doc = "When it is fetched, by the clock of `schedule.recalculate.time_zone`."},
	{.path = "headers",
		.type = &value_headers,
		.fallback = "",
		.condition = &web_only,
		.expected = "a map of header lines",
		.doc = "Sent with every request to the URL's own host, never to another one. "
		       "Values with a variable in them, and those of headers that carry keys, "
		       "are never shown."},
	{.path = "ca",
		.type = &value_path,
		.offset = IN(ca),
		.fallback = "",
		.condition = &web_only,
		.expected = "a file",
		.doc = "Certificates to trust instead of the system's."},
	{.path = "timeout",
		.type = &value_duration,
		.offset = IN(timeout_ms),
		.fallback = "10m",
		.min = 1000,
		.max = MILLISECONDS_A_DAY,
		.condition = &web_only,
		.expected = "a duration from 1s to 1d",
		.doc = "How long one request may take. One that gets no byte for 30 s ends "
		       "sooner."},
	{.path = "max_bytes",
		.type = &value_long_size,
		.offset = IN(max_bytes),
		.fallback = "1GiB",
		.min = 1,
		.max = (int64_t)1 << 40,
		.expected = "a size up to 1024GiB",
		.doc = "A longer answer is refused; counted after unpacking."},
	{.path = "retries",
		.type = &value_count,
		.offset = IN(retries),
		.fallback = "5",
		.min = 0,
		.max = 100,
		.condition = &web_only,
		.expected = "a whole number from 0 to 100",
		.doc = "How often a request is tried again, with growing pauses, before the fetch "
		       "has failed."},
	{.path = "rate",
		.type = &value_rate,
		.offset = IN(rate),
		.fallback = "",
		.condition = &web_only,
		.expected = "a count a second, minute, hour or day: 5/s, 100/m, 1000/h, 5000/d",
		.doc = "Requests are no closer together than that. Empty: no limit."},
	{.path = "paging.by",
		.type = &value_word,
		.offset = IN(paging.by),
		.fallback = "none",
		.words = paging_rules,
		.condition = &web_only,
		.expected = "page, offset, cursor, link or none",
		.doc = "How an API gives its records in pages, each of which becomes a file: by "
		       "page number, by number of records passed over, by a cursor in the answer, "
		       "by the header `Link: <...>; rel=\"next\"`."},
	{.path = "paging.parameter",
		.type = &value_paging_parameter,
		.offset = IN(paging.parameter),
		.fallback = "",
		.condition = &parameter_only,
		.expected = "a URL parameter's name; with POST, member names joined by dots",
		.doc = "What tells the server where to go on: a parameter of the URL, or a member "
		       "of the body. Not given: `page`, `offset`; with `cursor`, the cursor is the "
		       "next page's URL."},
	{.path = "paging.start",
		.type = &value_paging_start,
		.offset = IN(paging.start),
		.fallback = "",
		.min = 0,
		.max = 1000000000,
		.condition = &counted_only,
		.expected = "a whole number from 0 to 1,000,000,000",
		.doc = "The parameter's first value. Not given: page 1, offset 0."},
	{.path = "paging.size_parameter",
		.type = &value_text,
		.offset = IN(paging.size_parameter),
		.fallback = "",
		.condition = &paged_only,
		.expected = "a URL parameter's name; with POST, member names joined by dots",
		.doc = "What tells the server how many records a page holds. Empty: it is not "
		       "told."},
	{.path = "paging.size",
		.type = &value_count,
		.offset = IN(paging.size),
		.fallback = "0",
		.min = 0,
		.max = 1000000,
		.condition = &paged_only,
		.expected = "a whole number from 0 to 1,000,000",
		.doc = "How many that is; by how much an offset grows."},
	{.path = "paging.cursor",
		.type = &value_json_path,
		.offset = IN(paging.cursor),
		.condition = &cursor_only,
		.expected = "names joined by dots, such as meta.next",
		.doc = "Where the answer holds the cursor. Missing, null or empty there: it was "
		       "the last page."},
	{.path = "paging.records",
		.type = &value_paging_records,
		.offset = IN(paging.records),
		.fallback = "",
		.condition = &paged_only,
		.expected = "names joined by dots, such as data.items",
		.doc = "Where the answer holds its array of records; a page without any ends the "
		       "fetch and is not kept. Not given: the dataset's `json.records`; where that "
		       "is empty, too, the document itself (`page`, `offset`), or it is not looked "
		       "at."},
	{.path = "paging.more",
		.type = &value_json_path,
		.offset = IN(paging.more),
		.fallback = "",
		.condition = &paged_only,
		.expected = "names joined by dots, such as meta.has_more",
		.doc = "Where the answer says `true` or `false`: whether more pages follow. Empty: "
		       "it does not."},
	{.path = "paging.pages",
		.type = &value_json_path,
		.offset = IN(paging.pages),
		.fallback = "",
		.condition = &paged_only,
		.expected = "names joined by dots, such as meta.pages",
		.doc = "Where the answer says how many pages there are. Empty: it does not."},
	{.path = "paging.max_pages",
		.type = &value_count,
		.offset = IN(paging.max_pages),
		.fallback = "1000",
		.min = 1,
		.max = 1000000,
		.condition = &paged_only,
		.expected = "a whole number from 1 to 1,000,000",
		.doc = "A fetch of more pages fails, and nothing of it is taken."},
	{.path = "conditional",
		.type = &value_bool,
		.offset = IN(conditional),
		.fallback = "true",
		.condition = &whole_only,
		.expected = "true or false",
		.doc = "Ask only for what changed since the last fetch (`ETag`, "
		       "`Last-Modified`)."},
};

const struct key_table source_keys = {source_rows, sizeof(source_rows) / sizeof(source_rows[0])};
