/* SPDX-License-Identifier: Apache-2.0 */
/* A private folder with a penstock.yml, for tests that load one. */
#ifndef PENSTOCK_TESTS_CONFIG_SCRATCH_H
#define PENSTOCK_TESTS_CONFIG_SCRATCH_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/config.h"
#include "support/cmocka_all.h"

static char scratch[] = "/tmp/penstock-config-XXXXXX";

static inline int scratch_begin(void **state)
{
	(void)state;
	return mkdtemp(scratch) ? 0 : -1;
}

static inline int scratch_end(void **state)
{
	char path[128];
	(void)state;
	snprintf(path, sizeof(path), "%s/penstock.yml", scratch);
	unlink(path);
	snprintf(path, sizeof(path), "%s/.env", scratch);
	unlink(path);
	return rmdir(scratch);
}

static inline void scratch_write(const char *name, const char *text, size_t len)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	/* A new file each time: some file systems wait for the disk when one is written over. */
	unlink(path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static inline bool scratch_load_n(
	const char *text, size_t len, struct config *config, struct err *err)
{
	const struct config_source source = {.folder = scratch};
	scratch_write("penstock.yml", text, len);
	return config_load(&source, config, err);
}

static inline bool scratch_load(const char *text, struct config *config, struct err *err)
{
	return scratch_load_n(text, strlen(text), config, err);
}

#endif
