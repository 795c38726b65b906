/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/keys.h"

/* Expands every value in place; `path` is the key's, for messages. False when one below is bad. */
static bool expand_tree(struct loader *loader, struct tree_node *node, struct buf *path)
{
	bool ok = true;
	if (node->kind == TREE_SCALAR) {
		struct err err;
		ok = variables_expand(&loader->variables, node->text, &node->text, &err);
		if (!ok)
			loader_problem(loader, node->line, buf_text(path), "%s", err.message);
		node->bad = !ok;
		return ok;
	}
	for (struct tree_node *child = node->first; child; child = child->next) {
		size_t len = path->len;
		if (child->key)
			buf_printf(path, "%s%.100s", len ? "." : "", child->key);
		ok = expand_tree(loader, child, path) && ok;
		path->len = len;
	}
	/* A list with a bad item is not worth reading; a map's other members are. */
	node->bad = node->kind == TREE_LIST && !ok;
	return ok;
}

static bool finish(struct loader *loader, struct err *err)
{
	const size_t shown = 10;
	if (!loader->problem_count)
		return true;
	if (loader->problem_count > shown)
		buf_printf(&loader->problems, "\nand %zu more", loader->problem_count - shown);
	return err_config(err, "%s", buf_text(&loader->problems));
}

static bool read_tree(struct loader *loader, struct tree_node *root, struct err *err)
{
	struct buf path;
	if (root->kind != TREE_MAP)
		return err_config(err, "%s:%d: expected a map of keys", loader->origin, root->line);
	buf_init(&path, 4096);
	expand_tree(loader, root, &path);
	buf_release(&path);
	keys_read(loader, &config_keys, root, loader->config);
	if (!loader->problem_count)
		check_config(loader);
	return finish(loader, err);
}

static bool read_env_file(
	struct loader *loader, const struct config_source *source, struct err *err)
{
	struct arena *arena = &loader->config->arena;
	if (source->env_file)
		return variables_read(&loader->variables,
			file_join(arena, loader->config->folder, source->env_file), err);
	const char *name = file_name(loader->origin);
	const char *path =
		arena_printf(arena, "%.*s.env", (int)(name - loader->origin), loader->origin);
	return access(path, F_OK) != 0 || variables_read(&loader->variables, path, err);
}

static bool read_file(struct loader *loader, struct buf *text, struct err *err)
{
	bool ok = file_read(loader->origin, text, err);
	if (!ok && err && strcmp(err->native, "ENOENT") == 0)
		return err_config(err,
			"%s: no such file; -C DIR names the folder it is in, -c FILE another file",
			loader->origin);
	if (!ok && err)
		err->from = ERR_FROM_CONFIG;
	return ok;
}

bool config_load(const struct config_source *source, struct config *ret_config, struct err *err)
{
	struct config config = {0};
	struct buf text;
	struct tree_node *root = NULL;
	buf_init(&text, TREE_MAX_BYTES);
	arena_init(&config.arena, CONFIG_ARENA_MAX);
	config.folder = arena_strdup(&config.arena, source->folder ? source->folder : ".");
	config.path = file_join(
		&config.arena, config.folder, source->path ? source->path : "penstock.yml");
	struct loader loader = {.config = &config,
		.origin = config.path,
		.overrides = source->kafka,
		.prefix = "",
		.variables = {.arena = &config.arena, .folder = config.folder}};
	buf_init(&loader.problems, 16384);
	bool ok = read_file(&loader, &text, err) && read_env_file(&loader, source, err) &&
		  tree_parse(buf_text(&text), text.len, config.path, &config.arena, &root, err) &&
		  read_tree(&loader, root, err) && dev_servers_apply(&loader, err);
	buf_release(&loader.problems);
	buf_release(&text);
	if (!ok) {
		arena_release(&config.arena);
		return false;
	}
	*ret_config = config;
	return true;
}

void config_release(struct config *config)
{
	arena_release(&config->arena);
}

const struct config_dataset *config_find_dataset(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->dataset_count; i++)
		if (strcmp(config->datasets[i].name, name) == 0)
			return &config->datasets[i];
	return NULL;
}

const struct remote *config_find_source(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->source_count; i++)
		if (strcmp(config->sources[i].name, name) == 0)
			return &config->sources[i];
	return NULL;
}
