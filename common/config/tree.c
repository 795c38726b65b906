/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's cost grows with the square of the depth of flow brackets, so brackets are counted
 * before it sees the text, and the events are counted again: what the first look takes for closed
 * (a bracket in quotes) the second does not.
 */
#include "config/tree.h"

#include <string.h>
#include <yaml.h>

#include "base/text.h"

struct builder {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	const char *origin;
	struct arena *arena;
	size_t nodes;
	struct err *err;
};

static bool refuse_at(struct builder *b, size_t line, const char *why)
{
	return err_config(b->err, "%s:%zu: %s", b->origin, line + 1, why);
}

static bool refuse(struct builder *b, const char *why)
{
	return refuse_at(b, b->event.start_mark.line, why);
}

static void drop_event(struct builder *b)
{
	if (b->has_event)
		yaml_event_delete(&b->event);
	b->has_event = false;
}

static bool next_event(struct builder *b)
{
	drop_event(b);
	if (yaml_parser_parse(&b->parser, &b->event)) {
		b->has_event = true;
		return true;
	}
	const yaml_parser_t *parser = &b->parser;
	return err_config(b->err, "%s:%zu: not valid YAML: %s%s%s", b->origin,
		parser->problem_mark.line + 1, parser->problem ? parser->problem : "out of memory",
		parser->context ? ", " : "", parser->context ? parser->context : "");
}

static const char *anchor_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return (const char *)event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return (const char *)event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return (const char *)event->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

static const char *tag_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return (const char *)event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return (const char *)event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return (const char *)event->data.mapping_start.tag;
	default:
		return NULL;
	}
}

static bool new_node(struct builder *b, struct tree_node **ret_node)
{
	if (b->event.type == YAML_ALIAS_EVENT || anchor_of(&b->event))
		return refuse(b, "anchors (&) and aliases (*) are not supported");
	if (tag_of(&b->event))
		return refuse(b, "tags (!) are not supported");
	if (++b->nodes > TREE_MAX_NODES)
		return refuse(b, "too many values");
	struct tree_node *node = arena_calloc(b->arena, 1, sizeof(*node));
	node->line = (int)b->event.start_mark.line + 1;
	*ret_node = node;
	return true;
}

static bool copy_scalar(struct builder *b, const char **ret_text)
{
	const char *text = (const char *)b->event.data.scalar.value;
	size_t len = b->event.data.scalar.length;
	if (memchr(text, '\0', len))
		return refuse(b, "a NUL byte cannot stand in a value");
	*ret_text = arena_strndup(b->arena, text, len);
	return true;
}

static bool build(struct builder *b, unsigned depth, struct tree_node **ret_node);

static bool read_key(struct builder *b, const struct tree_node *map, struct tree_node **ret_key)
{
	struct tree_node *key = NULL;
	if (b->event.type != YAML_SCALAR_EVENT)
		return refuse(b, "a key must be plain text");
	if (!new_node(b, &key) || !copy_scalar(b, &key->text))
		return false;
	if (tree_find(map, key->text, strlen(key->text)))
		return err_config(
			b->err, "%s:%d: %s stands here twice", b->origin, key->line, key->text);
	*ret_key = key;
	return true;
}

/* The children of the list or map whose start event is the current one. */
static bool build_children(struct builder *b, unsigned depth, struct tree_node *node)
{
	yaml_event_type_t end =
		node->kind == TREE_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
	struct tree_node **last = &node->first;
	if (depth == TREE_MAX_DEPTH)
		return refuse(b, "nested too deeply");
	for (;;) {
		struct tree_node *key = NULL;
		struct tree_node *child = NULL;
		if (!next_event(b))
			return false;
		if (b->event.type == end)
			return true;
		if (node->kind == TREE_MAP && node->count == TREE_MAX_MEMBERS)
			return refuse(b, "too many keys in one map");
		if (node->kind == TREE_MAP && (!read_key(b, node, &key) || !next_event(b)))
			return false;
		if (!build(b, depth + 1, &child))
			return false;
		if (key) {
			child->key = key->text;
			child->line = key->line;
		}
		*last = child;
		last = &child->next;
		node->count++;
	}
}

static bool build(struct builder *b, unsigned depth, struct tree_node **ret_node)
{
	struct tree_node *node = NULL;
	if (!new_node(b, &node))
		return false;
	bool ok = true;
	if (b->event.type == YAML_SCALAR_EVENT) {
		node->kind = TREE_SCALAR;
		node->plain = b->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		ok = copy_scalar(b, &node->text);
		node->raw = node->text;
	} else {
		node->kind = b->event.type == YAML_MAPPING_START_EVENT ? TREE_MAP : TREE_LIST;
		ok = build_children(b, depth, node);
	}
	if (ok)
		*ret_node = node;
	return ok;
}

static bool build_document(struct builder *b, struct tree_node **ret_root)
{
	do {
		if (!next_event(b))
			return false;
	} while (b->event.type == YAML_STREAM_START_EVENT);
	if (b->event.type == YAML_STREAM_END_EVENT) {
		*ret_root = arena_calloc(b->arena, 1, sizeof(**ret_root));
		**ret_root = (struct tree_node){.kind = TREE_MAP, .line = 1};
		return true;
	}
	struct tree_node *root = NULL;
	if (!next_event(b) || !build(b, 0, &root) || !next_event(b) || !next_event(b))
		return false;
	if (b->event.type != YAML_STREAM_END_EVENT)
		return refuse(b, "one document is expected, here begins another");
	*ret_root = root;
	return true;
}

/* Whether more brackets open than close, too many at once; *ret_line is where, from 0. */
static bool too_deep(const char *text, size_t len, size_t *ret_line)
{
	const size_t limit = 64;
	size_t depth = 0;
	size_t line = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '[' || text[i] == '{')
			depth++;
		else if (depth && (text[i] == ']' || text[i] == '}'))
			depth--;
		else if (text[i] == '\n')
			line++;
		if (depth > limit) {
			*ret_line = line;
			return true;
		}
	}
	return false;
}

static size_t count_lines(const char *text, size_t len)
{
	size_t lines = 0;
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

bool tree_parse(const char *text, size_t len, const char *origin, struct arena *arena,
	struct tree_node **ret_root, struct err *err)
{
	struct builder b = {.origin = origin, .arena = arena, .err = err};
	size_t at = 0;
	if (len > TREE_MAX_BYTES)
		return err_config(err, "%s: larger than 1 MiB", origin);
	if (!utf8_valid(text, len, &at))
		return refuse_at(&b, count_lines(text, at), "not valid UTF-8");
	if (too_deep(text, len, &at))
		return refuse_at(&b, at, "nested too deeply");
	if (!yaml_parser_initialize(&b.parser))
		BUG("out of memory: YAML parser");
	size_t bom = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text + bom, len - bom);
	bool ok = build_document(&b, ret_root);
	drop_event(&b);
	yaml_parser_delete(&b.parser);
	return ok;
}

struct tree_node *tree_find(const struct tree_node *map, const char *key, size_t n)
{
	for (struct tree_node *child = map->first; child; child = child->next)
		if (child->key && strncmp(child->key, key, n) == 0 && child->key[n] == '\0')
			return child;
	return NULL;
}

bool tree_is_null(const struct tree_node *node)
{
	/* An empty variable is empty text; only what was written empty is nothing. */
	return node->kind == TREE_SCALAR && node->plain &&
	       (node->raw[0] == '\0' || strcmp(node->raw, "~") == 0 ||
		       strcmp(node->raw, "null") == 0);
}
