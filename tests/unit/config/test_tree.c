/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "config/tree.h"
#include "support/cmocka_all.h"

static struct arena arena;

static bool parse(const char *text, size_t len, struct tree_node **root, struct err *err)
{
	arena_release(&arena);
	arena_init(&arena, (size_t)64 << 20);
	return tree_parse(text, len, "x.yml", &arena, root, err);
}

static void refused(const char *text, const char *part)
{
	struct err err;
	struct tree_node *root = NULL;
	assert_err(parse(text, strlen(text), &root, &err), ERR_FATAL, part);
	assert_int_equal(err.from, ERR_FROM_CONFIG);
}

static void nodes_know_their_lines(void **state)
{
	(void)state;
	struct err err;
	struct tree_node *root = NULL;
	const char text[] = "\xEF\xBB\xBF"
			    "a: 1\nb:\n  - 'x'\n  - {c: ~}\n";
	assert_ok(parse(text, sizeof(text) - 1, &root, &err));
	assert_int_equal(root->kind, TREE_MAP);
	assert_int_equal(root->count, 2);
	struct tree_node *b = tree_find(root, "b", 1);
	assert_int_equal(b->kind, TREE_LIST);
	assert_int_equal(b->first->line, 3);
	assert_string_equal(b->first->text, "x");
	assert_false(b->first->plain);
	assert_int_equal(b->first->next->line, 4);
	assert_true(tree_is_null(b->first->next->first));
	assert_null(tree_find(root, "ab", 2));
}

static void nothing_is_an_empty_map(void **state)
{
	(void)state;
	struct err err;
	struct tree_node *root = NULL;
	assert_ok(parse("", 0, &root, &err));
	assert_int_equal(root->kind, TREE_MAP);
	assert_ok(parse("# only words\n", 13, &root, &err));
	assert_int_equal(root->count, 0);
}

static void what_configurations_do_not_need_is_refused(void **state)
{
	(void)state;
	refused("a: &x 1\nb: *x\n", "x.yml:1: anchors");
	refused("b: *x\n", "x.yml:1: anchors");
	refused("a: !!str 1\n", "x.yml:1: tags");
	refused("a: 1\nb: 2\na: 3\n", "x.yml:3: a stands here twice");
	refused("? [a]\n: b\n", "a key must be plain text");
	refused("a: 1\n---\nb: 1\n", "x.yml:2: one document");
	refused("a: 1\n b: 2\n", "x.yml:2: not valid YAML");
	refused("a: \"\\0\"\n", "NUL");
	refused("a: \xFF\n", "x.yml:1: not valid UTF-8");
	refused("a: {b: {c: {d: {e: {f: {g: {h: {i: {j: {k: {l: {m: {n: {o: {p: {q: "
		"1}}}}}}}}}}}}}}}}\n",
		"nested too deeply");
}

/* Each would keep libyaml busy for seconds, or fill memory. */
static void size_and_depth_are_limited_at_once(void **state)
{
	(void)state;
	static const char *const units[] = {"[", "{", "[\"]\"", "- ", "? ", "[a,", "{a: "};
	size_t len = TREE_MAX_BYTES;
	char *text = malloc(len + 1);
	assert_non_null(text);
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		struct err err;
		struct tree_node *root = NULL;
		size_t n = strlen(units[u]);
		for (size_t i = 0; i < len; i++)
			text[i] = units[u][i % n];
		int64_t start = clock_cpu_us();
		assert_err(parse(text, len, &root, &err), ERR_FATAL, "x.yml:1: ");
		assert_true(clock_cpu_us() - start < 3000000);
	}
	for (size_t i = 0; i <= len; i++)
		text[i] = i % 2 ? '\n' : 'a';
	struct err err;
	struct tree_node *root = NULL;
	assert_err(parse(text, len + 1, &root, &err), ERR_FATAL, "1 MiB");
	free(text);
	arena_release(&arena);
}

static void many_keys_are_limited(void **state)
{
	(void)state;
	struct err err;
	struct tree_node *root = NULL;
	struct buf text;
	buf_init(&text, 1 << 20);
	for (int i = 0; i <= TREE_MAX_MEMBERS; i++)
		buf_printf(&text, "k%d: 1\n", i);
	assert_err(parse(buf_text(&text), text.len, &root, &err), ERR_FATAL,
		"x.yml:1001: too many keys");
	buf_clear(&text);
	for (int i = 0; i <= TREE_MAX_NODES; i++)
		buf_append_text(&text, "- 1\n");
	assert_err(parse(buf_text(&text), text.len, &root, &err), ERR_FATAL, "too many values");
	buf_release(&text);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_know_their_lines),
		cmocka_unit_test(nothing_is_an_empty_map),
		cmocka_unit_test(what_configurations_do_not_need_is_refused),
		cmocka_unit_test(size_and_depth_are_limited_at_once),
		cmocka_unit_test(many_keys_are_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
