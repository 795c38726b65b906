/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a POST: a map of the file becomes JSON, twice: as it is sent, and as it is shown,
 * with values that come from variables masked.
 */
#include <stddef.h>
#include <string.h>

#include "base/json_scan.h"
#include "base/json_writer.h"
#include "config/keys.h"
#include "config/secrets.h"

static const size_t max_body = (size_t)64 << 10;

static bool varies(const struct tree_node *node)
{
	return strstr(node->raw, "${");
}

/* Whether an unquoted text is JSON by itself: a number, true, false, null. */
static bool is_literal(const struct tree_node *node)
{
	struct json_scanner scanner;
	struct json_value value;
	const char *why = NULL;
	size_t at = 0;
	json_scanner_init(&scanner);
	bool literal = node->plain && *node->text != '"' &&
		       json_validate(&scanner, node->text, strlen(node->text), &value, &why, &at);
	json_scanner_release(&scanner);
	return literal;
}

static void write_scalar(struct json_writer *json, const struct tree_node *node, bool shown)
{
	if (shown && varies(node))
		json_string(json, SECRET_MASK);
	else if (is_literal(node))
		json_raw(json, node->text, strlen(node->text));
	else if (node->plain && !*node->text)
		json_null(json);
	else
		json_string(json, node->text);
}

static void write_node(struct json_writer *json, const struct tree_node *node, bool shown)
{
	if (node->kind == TREE_SCALAR) {
		write_scalar(json, node, shown);
		return;
	}
	bool map = node->kind == TREE_MAP;
	if (map)
		json_object(json);
	else
		json_array(json);
	for (const struct tree_node *child = node->first; child; child = child->next) {
		if (map)
			json_key(json, child->key);
		write_node(json, child, shown);
	}
	if (map)
		json_object_end(json);
	else
		json_array_end(json);
}

static const char *body_text(const struct value *value, bool shown)
{
	struct buf text;
	struct json_writer json;
	const struct tree_node *node = value->node;
	if (node->kind == TREE_SCALAR)
		return shown && varies(node) ? SECRET_MASK : node->text;
	buf_init(&text, VARIABLES_MAX_BYTES);
	json_begin(&json, &text);
	write_node(&json, node, shown);
	const char *copy = arena_strdup(&value->loader->config->arena, buf_text(&text));
	buf_release(&text);
	return copy;
}

static void keep_secrets(struct secret_keeper *keeper, const struct tree_node *node)
{
	if (node->kind == TREE_SCALAR && varies(node))
		secret_keep(keeper, node->text, strlen(node->text));
	for (const struct tree_node *child = node->first; child; child = child->next)
		keep_secrets(keeper, child);
}

static bool read_body(const struct value *value)
{
	struct remote *remote = value->scope;
	struct secret_keeper keeper = {&value->loader->config->arena, &remote->secrets};
	if (value->node->kind == TREE_LIST)
		return false;
	remote->body = body_text(value, false);
	remote->shown_body = body_text(value, true);
	keep_secrets(&keeper, value->node);
	if (strlen(remote->body) > max_body)
		value_problem(value, "longer than %zu KiB", max_body >> 10);
	return true;
}

static void print_body(const struct key *key, const void *target, struct printer *printer)
{
	const struct remote *remote =
		(const void *)((const char *)target - offsetof(struct remote, body));
	(void)key;
	printer_text(printer, remote->shown_body);
}

const struct value_type value_body = {.read = read_body, .print = print_body, .secret = true};
