/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line with a path, then a document, cut in two: what the probe finds is what stands there for
 * the reader over memory. The probe is not as strict where nobody asked.
 */
#include <stdint.h>
#include <stdlib.h>

#include "fetch/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool step_into(struct json_value *value, const char *name)
{
	struct json_value inner;
	size_t index = 0;
	if (value->kind == JSON_OBJECT) {
		if (!json_find(value, name, &inner))
			return false;
		*value = inner;
		return true;
	}
	if (value->kind != JSON_ARRAY || !json_path_index(name, &index))
		return false;
	for (const char *at = value->text + 1; json_next_element(value, &at, &inner);) {
		if (index-- == 0) {
			*value = inner;
			return true;
		}
	}
	return false;
}

static void compare(const struct probe_path *found, struct json_value value)
{
	bool there = true;
	for (size_t i = 0; i < found->path.count && there; i++)
		there = step_into(&value, found->path.names[i]);
	if (there != found->found.there ||
		(there && value.kind != found->found.kind && !found->found.text.overflow))
		abort();
	struct json_value item;
	const char *at = value.text + 1;
	if (there && value.kind == JSON_ARRAY &&
		found->found.has_elements != json_next_element(&value, &at, &item))
		abort();
}

static bool feed(struct probe *probe, const char *text, size_t len, size_t cut)
{
	probe_clear(probe);
	return probe_feed(probe, text, cut, NULL) &&
	       probe_feed(probe, text + cut, len - cut, NULL) && probe_end(probe, NULL);
}

static void probe_document(const char *path, const char *text, size_t len)
{
	const char *const paths[] = {path, path, NULL, ""};
	struct probe probe;
	struct json_scanner scanner;
	struct json_value root;
	const char *why = NULL;
	size_t at = 0;
	probe_init(&probe, paths, 4);
	json_scanner_init(&scanner);
	bool good = feed(&probe, text, len, len / 2);
	if (json_validate(&scanner, text, len, &root, &why, &at)) {
		if (!good)
			abort();
		compare(&probe.paths[0], root);
		compare(&probe.paths[1], root);
		compare(&probe.paths[3], root);
	}
	if (feed(&probe, text, len, len / 3) != good)
		abort();
	json_scanner_release(&scanner);
	probe_release(&probe);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	if (!end)
		return 0;
	char *path = strndup((const char *)data, (size_t)(end - data));
	if (!*path || json_path_is_good(path))
		probe_document(path, (const char *)end + 1, size - (size_t)(end + 1 - data));
	free(path);
	return 0;
}
