/* SPDX-License-Identifier: Apache-2.0 */
/* YAML -> tree, and every node of it looked for by its key. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct tree_node *node)
{
	size_t count = 0;
	for (const struct tree_node *child = node->first; child; child = child->next, count++) {
		if (node->kind == TREE_MAP &&
			tree_find(node, child->key, strlen(child->key)) != child)
			abort();
		tree_is_null(child);
		walk(child);
	}
	if (count != node->count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct tree_node *root = NULL;
	arena_init(&arena, (size_t)256 << 20);
	if (tree_parse((const char *)data, size, "fuzz", &arena, &root, NULL))
		walk(root);
	arena_release(&arena);
	return 0;
}
