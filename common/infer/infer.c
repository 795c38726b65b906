/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/infer.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"
#include "infer/draft.h"
#include "infer/name.h"
#include "infer/stranger.h"

#define DRAFT_MAX_BYTES ((size_t)64 << 20)
#define NOTES_MAX_BYTES (16 << 10)

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p))
		p++;
	return p;
}

/* Whether the first line is an object by itself. */
static bool begins_with_line(const char *p, const char *end)
{
	struct json_scanner scanner;
	struct json_value value;
	const char *why;
	size_t at;
	const char *line = memchr(p, '\n', (size_t)(end - p));
	size_t len = (size_t)((line ? line : end) - p);
	json_scanner_init(&scanner);
	bool is_line = json_validate(&scanner, p, len, &value, &why, &at);
	json_scanner_release(&scanner);
	return is_line && line && skip_space(line, end) < end;
}

/* By content; a name has the last word only where content leaves it open. */
static enum file_format format_of(const struct sample *sample, const char *name)
{
	const char *p = (const char *)sample->bytes.data;
	const char *end = p + sample->bytes.len;
	enum file_format named = FORMAT_CSV;
	bool told = format_from_name(name, &named);
	if (sample->bytes.len >= 4 && memcmp(p, "Obj\x01", 4) == 0)
		return FORMAT_AVRO;
	if (end - p >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
		p += 3;
	p = skip_space(p, end);
	if (p == end || (*p != '{' && *p != '['))
		return told && named != FORMAT_AVRO ? named : FORMAT_CSV;
	if (told && named != FORMAT_AVRO)
		return named;
	return *p == '{' && begins_with_line(p, end) ? FORMAT_NDJSON : FORMAT_JSON;
}

static bool count_record(void *context, const struct record *record)
{
	(void)record;
	++*(int64_t *)context;
	return true;
}

/* Without a column that could be a key nobody counted. */
static bool count_records(struct draft *draft, const struct sample *sample, struct err *err)
{
	static const struct string_list nothing = {NULL, 0};
	struct reading reading = draft->reading;
	struct sample_walk walk = {&reading, &nothing, count_record, &draft->records, NULL};
	reading.unknown = UNKNOWN_IGNORE;
	return draft->records > 0 || sample_records(sample, &walk, err);
}

static bool fill(
	struct draft *draft, const struct sample *sample, const char *name, struct err *err)
{
	static bool (*const rooms[])(struct draft * draft, const struct sample *sample,
		struct err *err) = {[FORMAT_CSV] = infer_csv,
		[FORMAT_NDJSON] = infer_json,
		[FORMAT_JSON] = infer_json,
		[FORMAT_AVRO] = infer_avro};
	if (sample->bytes.len == 0)
		return err_fail(err, ERR_DATA, "the file is empty");
	const char *stranger = stranger_of(sample->bytes.data, sample->bytes.len);
	if (stranger)
		return err_fail(err, ERR_DATA, "it is %s", stranger);
	draft->reading.format = format_of(sample, name);
	if (draft->reading.format != FORMAT_AVRO && !sample_is_text(sample))
		return err_fail(err, ERR_DATA, "the file is no text, and no Avro container file");
	name_of_dataset(&draft->arena, name, &draft->name, &draft->files);
	draft->whole = sample->whole;
	return rooms[draft->reading.format](draft, sample, err) && infer_key(draft, sample, err) &&
	       count_records(draft, sample, err);
}

bool infer_file(int fd, const char *name, struct draft **ret_draft, struct err *err)
{
	struct sample sample;
	if (!sample_read(fd, name, &sample, err))
		return false;
	struct draft *draft = calloc(1, sizeof(*draft));
	if (!draft)
		BUG("out of memory: a draft");
	arena_init(&draft->arena, DRAFT_MAX_BYTES);
	buf_init(&draft->notes, NOTES_MAX_BYTES);
	draft->reading.json.records = "";
	bool ok = fill(draft, &sample, name, err);
	sample_release(&sample);
	if (ok)
		*ret_draft = draft;
	else
		draft_free(draft);
	return ok;
}
