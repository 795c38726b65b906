/* SPDX-License-Identifier: Apache-2.0 */
/* Kafka's properties, Postgres' conninfo, where alerts go: what leads elsewhere and may hold
 * secrets.
 */
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"
#include "config/secrets.h"

static const char advice[] =
	"; anyone who reads the file reads it: use ${VARIABLE} or ${file:/run/secrets/...}";

void loader_warn_secret(const struct value *value, int line, const char *what)
{
	struct loader *loader = value->loader;
	loader_warn(loader, arena_printf(&loader->config->arena, "%s:%d: %s%s%s%s holds a secret%s",
				    loader->origin, line, loader->prefix, value->key->path,
				    *what ? "." : "", what, advice));
}

static void set_pair(struct config_pairs *pairs, const char *key, const char *text, int line)
{
	size_t i = 0;
	while (i < pairs->count && strcmp(pairs->items[i].key, key) != 0)
		i++;
	pairs->items[i] = (struct config_pair){key, text, line};
	pairs->count += i == pairs->count;
}

/* "name=value"; the name may be written as in the file, "kafka.name". */
static void override(const struct value *value, const char *text, struct config_pairs *pairs)
{
	const char *name = strncmp(text, "kafka.", 6) == 0 ? text + 6 : text;
	const char *equals = strchr(name, '=');
	if (!equals || equals == name) {
		loader_problem(value->loader, 0, "-X", "expected NAME=VALUE, not '%s'", text);
		return;
	}
	set_pair(pairs, arena_strndup(&value->loader->config->arena, name, (size_t)(equals - name)),
		equals + 1, 0);
}

static bool read_kafka(const struct value *value)
{
	const struct opt_list *overrides = value->loader->overrides;
	struct config_pairs pairs = {0};
	if (value->given && value->node->kind != TREE_MAP)
		return false;
	size_t most = value->node->count + OPT_LIST_MAX + 2;
	pairs.items = arena_calloc(&value->loader->config->arena, most, sizeof(*pairs.items));
	set_pair(&pairs, "bootstrap.servers", "localhost:9092", 0);
	set_pair(&pairs, "group.id", "penstock", 0);
	for (const struct tree_node *n = value->node->first; n; n = n->next) {
		if (n->bad)
			continue;
		if (n->kind != TREE_SCALAR || tree_is_null(n)) {
			value_problem(value, "%s: expected a librdkafka property's value", n->key);
			continue;
		}
		set_pair(&pairs, n->key, n->text, n->line);
		if (secret_property(n->key) && *n->raw && !strstr(n->raw, "${"))
			loader_warn_secret(value, n->line, n->key);
	}
	for (size_t i = 0; overrides && i < overrides->count; i++)
		override(value, overrides->items[i], &pairs);
	*(struct config_pairs *)value->target = pairs;
	return true;
}

static void print_kafka(const struct key *key, const void *target, struct printer *printer)
{
	const struct config_pairs *pairs = target;
	printer_map(printer, key->path);
	for (size_t i = 0; i < pairs->count; i++) {
		const struct config_pair *pair = &pairs->items[i];
		printer_key(printer, pair->key);
		printer_text(printer, secret_property(pair->key) ? SECRET_MASK : pair->value);
	}
	printer_map_end(printer);
}

static bool environment_names_postgres(void)
{
	static const char *const names[] = {
		"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return true;
	}
	return false;
}

static bool read_postgres(const struct value *value)
{
	struct config *config = value->loader->config;
	const char *password = NULL;
	size_t n = 0;
	if (value->node->kind != TREE_SCALAR)
		return false;
	config->postgres = value->node->text;
	config->postgres_configured = *config->postgres || environment_names_postgres();
	const char *raw = value->given ? value->node->raw : "";
	if (secret_in_conninfo(raw, raw, &password, &n) && strncmp(password, "${", 2) != 0)
		loader_warn_secret(value, value->node->line, "");
	return true;
}

static void print_postgres(const struct key *key, const void *target, struct printer *printer)
{
	const char *conninfo = *(const char *const *)target;
	struct buf masked;
	(void)key;
	buf_init(&masked, printer->out->max);
	secret_mask_conninfo(&masked, conninfo);
	printer_text(printer, buf_text(&masked));
	buf_release(&masked);
}

static bool read_webhook(const struct value *value)
{
	const char *text = value->node->kind == TREE_SCALAR ? value->node->text : NULL;
	if (!text ||
		(*text && strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0))
		return false;
	*(const char **)value->target = text;
	if (value->given && *text && !strstr(value->node->raw, "${"))
		loader_warn_secret(value, value->node->line, "");
	return true;
}

static void print_webhook(const struct key *key, const void *target, struct printer *printer)
{
	const char *text = *(const char *const *)target;
	(void)key;
	printer_text(printer, *text ? "https://" SECRET_MASK : "");
}

static bool read_secret(const struct value *value)
{
	if (value->node->kind != TREE_SCALAR)
		return false;
	*(const char **)value->target = value->node->text;
	if (value->given && *value->node->text && !strstr(value->node->raw, "${"))
		loader_warn_secret(value, value->node->line, "");
	return true;
}

static void print_secret(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_text(printer, **(const char *const *)target ? SECRET_MASK : "");
}

const struct value_type value_secret = {.read = read_secret, .print = print_secret, .secret = true};
const struct value_type value_kafka = {
	.read = read_kafka, .print = print_kafka, .prints_key = true};
const struct value_type value_postgres = {
	.read = read_postgres, .print = print_postgres, .secret = true};
const struct value_type value_webhook = {
	.read = read_webhook, .print = print_webhook, .secret = true};
