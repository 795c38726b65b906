/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A `penstock dev` that runs in the configuration's folder lends its servers to every command
 * there: it names them, and itself, in .penstock/dev.env. The file of one that is gone is passed
 * over.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "config/keys.h"

static const char *find(const struct variables *variables, const char *name)
{
	for (const struct variable *v = variables->first; v; v = v->next)
		if (strcmp(v->name, name) == 0)
			return v->value;
	return NULL;
}

static bool alive(const char *pid_text)
{
	int64_t pid = 0;
	return pid_text && text_int64(pid_text, &pid) && pid > 1 &&
	       (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static bool given_by_option(const struct loader *loader, const char *property)
{
	size_t n = strlen(property);
	for (size_t i = 0; loader->overrides && i < loader->overrides->count; i++) {
		const char *text = loader->overrides->items[i];
		const char *name = strncmp(text, "kafka.", 6) == 0 ? text + 6 : text;
		if (strncmp(name, property, n) == 0 && name[n] == '=')
			return true;
	}
	return false;
}

/* What a real cluster asks for and the embedded broker does not know. */
static bool about_security(const char *property)
{
	return strncmp(property, "security.", 9) == 0 || strncmp(property, "sasl.", 5) == 0 ||
	       strncmp(property, "ssl.", 4) == 0;
}

static void lend_broker(struct loader *loader, const char *servers)
{
	struct config_pairs *pairs = &loader->config->kafka;
	size_t kept = 0;
	for (size_t i = 0; i < pairs->count; i++) {
		struct config_pair pair = pairs->items[i];
		if (about_security(pair.key))
			continue;
		if (strcmp(pair.key, "bootstrap.servers") == 0) {
			pair.value = servers;
			pair.line = 0;
		}
		pairs->items[kept++] = pair;
	}
	pairs->count = kept;
}

bool dev_servers_apply(struct loader *loader, struct err *err)
{
	struct config *config = loader->config;
	const char *path = file_join(&config->arena, config->folder, ".penstock/dev.env");
	if (access(path, F_OK) != 0)
		return true;
	struct variables found = {.arena = &config->arena, .folder = config->folder};
	if (!variables_read(&found, path, err))
		return false;
	const char *postgres = find(&found, "PENSTOCK_POSTGRES");
	const char *servers = find(&found, "PENSTOCK_BOOTSTRAP_SERVERS");
	if (!postgres || !servers || !alive(find(&found, "PENSTOCK_DEV_PID")))
		return true;
	config->postgres = postgres;
	config->postgres_configured = true;
	if (!given_by_option(loader, "bootstrap.servers")) {
		lend_broker(loader, servers);
		config->embedded_broker = true;
	}
	return true;
}
