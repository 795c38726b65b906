/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of values only a source has. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/text.h"
#include "config/keys.h"
#include "config/secrets.h"

static const char *scalar(const struct value *value)
{
	return value->node->kind == TREE_SCALAR ? value->node->text : NULL;
}

static void print_text(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_text(printer, *(const char *const *)target);
}

/* ---- url ---- */

static bool is_url(const char *text)
{
	const char *host = strncasecmp(text, "http://", 7) == 0	   ? text + 7
			   : strncasecmp(text, "https://", 8) == 0 ? text + 8
								   : NULL;
	if (!host || !*host || strchr("/?#", *host) || strchr(host, '#'))
		return false;
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return true;
}

static bool read_source_url(const struct value *value)
{
	struct remote *remote = value->scope;
	struct arena *arena = &value->loader->config->arena;
	const char *text = scalar(value);
	/* What is a bucket's name and a key is looked at when it is fetched; no secret is in it. */
	if (text && strncmp(text, "s3://", 5) == 0 && text[5]) {
		remote->url = remote->shown_url = text;
		return true;
	}
	if (!text || !is_url(text))
		return false;
	struct buf shown;
	struct secret_keeper keeper = {arena, &remote->secrets};
	buf_init(&shown, VARIABLES_MAX_BYTES);
	secret_mask_url(&shown, text, value->node->raw, secret_keep, &keeper);
	remote->url = text;
	remote->shown_url = arena_strdup(arena, buf_text(&shown));
	buf_release(&shown);
	if (remote->secrets.count && !strstr(value->node->raw, "${"))
		loader_warn_secret(value, value->node->line, "");
	return true;
}

static void print_source_url(const struct key *key, const void *target, struct printer *printer)
{
	const struct remote *remote =
		(const void *)((const char *)target - offsetof(struct remote, url));
	(void)key;
	printer_text(printer, remote->shown_url);
}

/* ---- name ---- */

static const char time_mark[] = "{time}";

/* "orders-{time}.csv.gz" for orders and https://…/export.csv.gz?x=y */
static const char *default_name(const struct value *value, const struct remote *remote)
{
	struct arena *arena = &value->loader->config->arena;
	const char *url = remote->url ? remote->url : "";
	size_t n = strcspn(url, "?#");
	const char *slash = memrchr(url, '/', n);
	const char *last = slash ? slash + 1 : url + n;
	const char *dot = memchr(last, '.', n - (size_t)(last - url));
	bool host = slash && slash > url && slash[-1] == '/';
	size_t ending = dot && !host ? n - (size_t)(dot - url) : 0;
	return arena_printf(
		arena, "%s-%s%.*s", remote->name, time_mark, (int)ending, ending ? dot : "");
}

static bool read_source_name(const struct value *value)
{
	struct remote *remote = value->scope;
	const char *text = scalar(value);
	if (!value->given)
		text = default_name(value, remote);
	const char *mark = text ? strstr(text, time_mark) : NULL;
	if (!mark || strstr(mark + 1, time_mark) || strchr(text, '/') || strlen(text) > 150 ||
		!utf8_valid(text, strlen(text), NULL))
		return false;
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	if (file_is_passed_over(text))
		value_problem(value, "files of such a name are passed over in the inbox");
	remote->file_name = text;
	return true;
}

/* ---- headers ---- */

static bool header_name_is_good(const char *name)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr(others, *p))
			return false;
	return *name;
}

static bool is_ours(const char *name)
{
	static const char *const names[] = {"accept-encoding", "connection", "content-length",
		"expect", "host", "if-modified-since", "if-none-match", "if-range", "range",
		"transfer-encoding"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

static void read_header(
	const struct value *value, const struct tree_node *node, struct remote_header *header)
{
	struct remote *remote = value->scope;
	const char *text = node->kind == TREE_SCALAR ? node->text : NULL;
	if (!header_name_is_good(node->key) || !text || text[strcspn(text, "\r\n")]) {
		value_problem(value, "%.100s: expected a header's name and its value, one line",
			node->key);
		return;
	}
	if (is_ours(node->key))
		value_problem(value, "%s: that header is penstock's own business", node->key);
	bool varies = strstr(node->raw, "${");
	bool named = secret_name(node->key, strlen(node->key));
	*header = (struct remote_header){node->key, text, varies || named};
	if (named && !varies)
		loader_warn_secret(value, node->line, node->key);
	if (!header->secret)
		return;
	/* "Bearer abc": servers that repeat the key do so without the word before it. */
	struct secret_keeper keeper = {&value->loader->config->arena, &remote->secrets};
	const char *blank = strrchr(text, ' ');
	secret_keep(&keeper, text, strlen(text));
	if (blank)
		secret_keep(&keeper, blank + 1, strlen(blank + 1));
}

static bool read_headers(const struct value *value)
{
	struct remote *remote = value->scope;
	if (value->given && value->node->kind != TREE_MAP)
		return false;
	remote->headers = arena_calloc(
		&value->loader->config->arena, value->node->count + 1, sizeof(*remote->headers));
	for (const struct tree_node *n = value->node->first; n; n = n->next)
		if (!n->bad)
			read_header(value, n, &remote->headers[remote->header_count++]);
	return true;
}

static void print_headers(const struct key *key, const void *target, struct printer *printer)
{
	const struct remote *remote = target;
	printer_map(printer, key->path);
	for (size_t i = 0; i < remote->header_count; i++) {
		printer_key(printer, remote->headers[i].name);
		printer_text(printer,
			remote->headers[i].secret ? SECRET_MASK : remote->headers[i].value);
	}
	printer_map_end(printer);
}

/* ---- paging ---- */

static bool read_paging_records(const struct value *value)
{
	struct remote *remote = value->scope;
	remote->paging.records_given = value->given;
	return value_json_path.read(value);
}

static bool read_paging_parameter(const struct value *value)
{
	static const char *const defaults[] = {
		[PAGING_PAGE] = "page", [PAGING_OFFSET] = "offset", [PAGING_CURSOR] = ""};
	struct remote *remote = value->scope;
	enum paging_rule by = remote->paging.by;
	const char *text = scalar(value);
	bool known = by == PAGING_PAGE || by == PAGING_OFFSET || by == PAGING_CURSOR;
	remote->paging.parameter = value->given ? text : known ? defaults[by] : "";
	return text;
}

static bool read_paging_start(const struct value *value)
{
	struct remote *remote = value->scope;
	const char *text = scalar(value);
	int64_t number = remote->paging.by == PAGING_PAGE ? 1 : 0;
	if (!text || (value->given && (!text_int64(text, &number) || number < value->key->min ||
					      number > value->key->max)))
		return false;
	remote->paging.start = (uint32_t)number;
	return true;
}

static void print_start(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_int(printer, *(const uint32_t *)target);
}

const struct value_type value_source_url = {
	.read = read_source_url, .print = print_source_url, .secret = true};
const struct value_type value_source_name = {.read = read_source_name, .print = print_text};
const struct value_type value_headers = {
	.read = read_headers, .print = print_headers, .prints_key = true};
const struct value_type value_paging_records = {.read = read_paging_records, .print = print_text};
const struct value_type value_paging_parameter = {
	.read = read_paging_parameter, .print = print_text};
const struct value_type value_paging_start = {.read = read_paging_start, .print = print_start};
