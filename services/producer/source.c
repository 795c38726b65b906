/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/source.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A gigabyte in a few kilobytes is an attack, not data. */
static const struct input_limits limits = {.max_bytes = 0, .max_ratio = 0};

static bool check_version(const struct manifest *manifest, struct err *err)
{
	return manifest->cutter_version == CUTTER_VERSION ||
	       err_fail(err, ERR_FATAL,
		       "%s was cut by version %lld of the cutter, this program has version %d: "
		       "only the program that published it can send the same chunks again; "
		       "'penstock publish --again' makes a new publication of it",
		       manifest->name, (long long)manifest->cutter_version, CUTTER_VERSION);
}

static bool open_input(struct archive *archive, const struct manifest *manifest,
	struct input **ret_input, struct err *err)
{
	int fd = -1;
	return archive_get(
		       archive, manifest->dataset, manifest->sha256, manifest->size, &fd, err) &&
	       input_open(fd, manifest->name, &limits, ret_input, err);
}

static void fill_origin(const struct manifest *manifest, struct chunk_info *origin)
{
	snprintf(origin->dataset, sizeof(origin->dataset), "%s", manifest->dataset);
	snprintf(origin->sha256, sizeof(origin->sha256), "%s", manifest->sha256);
	snprintf(origin->name, sizeof(origin->name), "%s", manifest->name);
	origin->file_id = manifest->file_id;
}

bool source_open(struct archive *archive, const struct manifest *manifest,
	struct source *ret_source, struct err *err)
{
	struct source source = {0};
	struct chunk_info origin = {0};
	fill_origin(manifest, &origin);
	if (check_version(manifest, err) &&
		schema_parse(manifest->schema, strlen(manifest->schema), manifest->name,
			&source.schema, err) &&
		open_input(archive, manifest, &source.input, err) &&
		cutter_open(&manifest->reading, source.schema, source.input, &origin,
			&source.cutter, err)) {
		*ret_source = source;
		return true;
	}
	source_close(&source);
	return false;
}

void source_close(struct source *source)
{
	if (source->cutter)
		cutter_close(source->cutter);
	if (source->input)
		input_close(source->input);
	schema_free(source->schema);
	*source = (struct source){0};
}

/* Fills the buffer as far as the file goes. */
static bool read_start(int fd, unsigned char *to, size_t n, size_t *ret_n, struct err *err)
{
	size_t got = 0;
	while (got < n) {
		ssize_t one = pread(fd, to + got, n - got, (off_t)got);
		if (one < 0)
			return err_fail_errno(err, ERR_RETRY, "reading the archive");
		if (one == 0)
			break;
		got += (size_t)one;
	}
	*ret_n = got;
	return true;
}

static bool decode_start(
	struct input *input, unsigned char *to, size_t n, size_t *ret_n, struct err *err)
{
	size_t got = 0;
	size_t one = 1;
	while (got < n && one) {
		if (!input_read(input, to + got, n - got, &one, err))
			return false;
		got += one;
	}
	*ret_n = got;
	return true;
}

/* Whether decoding changes the bytes: seen at their start, whatever the compressions known are. */
static bool is_compressed(struct archive *archive, const struct manifest *manifest,
	bool *ret_compressed, struct err *err)
{
	unsigned char raw[512];
	unsigned char decoded[512];
	size_t raw_n = 0;
	size_t decoded_n = 0;
	int fd = -1;
	struct input *input = NULL;
	if (!archive_get(archive, manifest->dataset, manifest->sha256, manifest->size, &fd, err))
		return false;
	bool ok = read_start(fd, raw, sizeof(raw), &raw_n, err);
	close(fd);
	ok = ok && open_input(archive, manifest, &input, err) &&
	     decode_start(input, decoded, sizeof(decoded), &decoded_n, err);
	if (input)
		input_close(input);
	if (ok)
		*ret_compressed = raw_n != decoded_n || memcmp(raw, decoded, raw_n) != 0;
	return ok;
}

bool source_judge(struct archive *archive, const struct manifest *manifest, struct err *err)
{
	const struct reading *reading = &manifest->reading;
	bool needed = reading->format == FORMAT_JSON || reading->format == FORMAT_AVRO ||
		      reading->max_rejects >= 0 || reading->max_reject_share >= 0;
	if (!needed && !is_compressed(archive, manifest, &needed, err))
		return false;
	if (!needed)
		return true;
	struct source source;
	if (!source_open(archive, manifest, &source, err))
		return false;
	struct cutter_totals totals;
	bool ok = cutter_judge(source.cutter, reading, &totals, err);
	source_close(&source);
	return ok;
}
