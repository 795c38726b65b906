/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/document.h"
#include "archive/manifest.h"
#include "place.h"

static const char sha[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static const char *nulls[] = {"", "NULL", "\\N", "\"q\" \xC3\xA9"};
static const char *keys[] = {"order_id", "line"};
static const char *kept[] = {"country"};
static const char *patterns[] = {"%d/%m/%Y", "\"%Y\""};
static const char *yes[] = {"Y", ""};
static const char *no[] = {"N"};
static struct field_reading forms[] = {
	{.name = "ordered_on", .pattern = {patterns, 2}},
	{.name = "paid", .yes = {yes, 2}, .no = {no, 1}},
};
static struct manifest_partition offsets[] = {{0, 17}, {3, 5000000000}};

/* Every member differs from zero and from its neighbours. */
static struct manifest full(void)
{
	struct manifest manifest;
	manifest_init(&manifest);
	manifest.dataset = "orders";
	manifest.sha256 = sha;
	manifest.repeat = 2;
	manifest.file_id = 42;
	manifest.name = "a.zip!b \"\xE2\x82\xAC\".csv";
	manifest.size = 1234567890123;
	manifest.schema = "{\"type\":\"record\",\"name\":\"o\",\"doc\":\"a\\nb\"}";
	manifest.cutter_version = 7;
	manifest.state = PUBLICATION_SENT;
	manifest.reason = "because";
	manifest.created_ms = 1700000000123;
	manifest.sent_ms = 1700000000456;
	manifest.rounds = 3;
	manifest.chunks = 11;
	manifest.records = 12;
	manifest.rows = 13;
	manifest.rejects = 14;
	manifest.topic = "penstock.orders";
	manifest.partitions = offsets;
	manifest.partition_count = 2;
	manifest.reading = (struct reading){
		.format = FORMAT_JSON,
		.csv = {.delimiter = "\t|\xE2\x80\x96",
			.quote = '\'',
			.escape = '\\',
			.header = 2,
			.header_join = " ",
			.columns = {kept, 1},
			.skip = 3,
			.footer = 4,
			.comment = {nulls + 1, 2},
			.nulls = {nulls, 4},
			.trim = true,
			.decimal = ',',
			.thousands = "\xC2\xA0",
			.encoding = "utf-16",
			.ragged = RAGGED_FOLD},
		.json = {.records = "data.items"},
		.unpivot = {.enabled = true,
			.keep = {kept, 1},
			.names = "year",
			.values = "people",
			.skip_nulls = true},
		.fields = forms,
		.field_count = 2,
		.unknown = UNKNOWN_IGNORE,
		.key = {keys, 2},
		.chunk_bytes = 4000000000u,
		.max_reject_share = 0.1 + 0.2,
		.max_rejects = -1,
	};
	return manifest;
}

static void equal_lists(const struct string_list *a, const struct string_list *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(a->items[i], b->items[i]);
}

static void equal_reading(const struct reading *a, const struct reading *b)
{
	assert_int_equal(a->format, b->format);
	assert_string_equal(a->csv.delimiter, b->csv.delimiter);
	assert_int_equal(a->csv.quote, b->csv.quote);
	assert_int_equal(a->csv.escape, b->csv.escape);
	assert_int_equal(a->csv.header, b->csv.header);
	assert_string_equal(a->csv.header_join, b->csv.header_join);
	equal_lists(&a->csv.columns, &b->csv.columns);
	assert_int_equal(a->csv.skip, b->csv.skip);
	assert_int_equal(a->csv.footer, b->csv.footer);
	equal_lists(&a->csv.comment, &b->csv.comment);
	equal_lists(&a->csv.nulls, &b->csv.nulls);
	assert_int_equal(a->csv.trim, b->csv.trim);
	assert_int_equal(a->csv.decimal, b->csv.decimal);
	assert_string_equal(a->csv.thousands, b->csv.thousands);
	assert_string_equal(a->csv.encoding, b->csv.encoding);
	assert_int_equal(a->csv.ragged, b->csv.ragged);
	assert_string_equal(a->json.records, b->json.records);
	assert_int_equal(a->unpivot.enabled, b->unpivot.enabled);
	equal_lists(&a->unpivot.keep, &b->unpivot.keep);
	assert_string_equal(a->unpivot.names, b->unpivot.names);
	assert_string_equal(a->unpivot.values, b->unpivot.values);
	assert_int_equal(a->unpivot.skip_nulls, b->unpivot.skip_nulls);
	assert_int_equal(a->field_count, b->field_count);
	for (size_t i = 0; i < a->field_count; i++) {
		assert_string_equal(a->fields[i].name, b->fields[i].name);
		equal_lists(&a->fields[i].pattern, &b->fields[i].pattern);
		equal_lists(&a->fields[i].yes, &b->fields[i].yes);
		equal_lists(&a->fields[i].no, &b->fields[i].no);
	}
	assert_int_equal(a->unknown, b->unknown);
	equal_lists(&a->key, &b->key);
	assert_int_equal(a->chunk_bytes, b->chunk_bytes);
	assert_true(memcmp(&a->max_reject_share, &b->max_reject_share, sizeof(double)) == 0);
	assert_int_equal(a->max_rejects, b->max_rejects);
}

static void equal(const struct manifest *a, const struct manifest *b)
{
	assert_string_equal(a->dataset, b->dataset);
	assert_string_equal(a->sha256, b->sha256);
	assert_int_equal(a->repeat, b->repeat);
	assert_int_equal(a->file_id, b->file_id);
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->size, b->size);
	assert_string_equal(a->schema, b->schema);
	assert_int_equal(a->cutter_version, b->cutter_version);
	assert_int_equal(a->state, b->state);
	assert_string_equal(a->reason, b->reason);
	assert_int_equal(a->created_ms, b->created_ms);
	assert_int_equal(a->sent_ms, b->sent_ms);
	assert_int_equal(a->rounds, b->rounds);
	assert_int_equal(a->chunks, b->chunks);
	assert_int_equal(a->records, b->records);
	assert_int_equal(a->rows, b->rows);
	assert_int_equal(a->rejects, b->rejects);
	assert_string_equal(a->topic, b->topic);
	assert_int_equal(a->partition_count, b->partition_count);
	for (size_t i = 0; i < a->partition_count; i++) {
		assert_int_equal(a->partitions[i].partition, b->partitions[i].partition);
		assert_int_equal(a->partitions[i].offset, b->partitions[i].offset);
	}
	equal_reading(&a->reading, &b->reading);
}

static struct manifest load(struct archive *archive, int64_t repeat)
{
	struct err err = {0};
	struct manifest manifest;
	manifest_init(&manifest);
	bool found = false;
	assert_ok(manifest_load(archive, "orders", sha, repeat, &manifest, &found, &err));
	assert_true(found);
	return manifest;
}

static bool create(struct archive *archive, struct manifest *manifest)
{
	struct err err = {0};
	bool created = false;
	assert_ok(manifest_create(archive, manifest, &created, &err));
	return created;
}

static void every_member_survives(void **state)
{
	struct archive *archive = open_at(*state);
	struct manifest manifest = full();
	assert_true(create(archive, &manifest));
	struct manifest read = load(archive, 2);
	equal(&manifest, &read);
	manifest_release(&read);
	archive_close(archive);
}

static void every_letter_survives(void **state)
{
	(void)state;
	for (int letter = 0; letter < 256; letter++) {
		struct err err = {0};
		struct manifest manifest = full();
		manifest.reading.csv.quote = (char)letter;
		struct buf text;
		buf_init(&text, 1 << 20);
		manifest_write(&manifest, &text);
		struct manifest read;
		manifest_init(&read);
		assert_ok(manifest_parse((char *)text.data, text.len, "m", &read, &err));
		assert_int_equal(read.reading.csv.quote, (char)letter);
		manifest_release(&read);
		buf_release(&text);
	}
}

static bool parses(const char *text, size_t len, struct err *err)
{
	struct manifest read;
	manifest_init(&read);
	bool ok = manifest_parse(text, len, "m.json", &read, err);
	manifest_release(&read);
	return ok;
}

/* The document with the first `from` replaced by `to` must be refused with `part`. */
static void refused(const char *from, const char *to, const char *part)
{
	struct err err = {0};
	struct manifest manifest = full();
	struct buf text;
	struct buf changed;
	buf_init(&text, 1 << 20);
	buf_init(&changed, 1 << 20);
	manifest_write(&manifest, &text);
	const char *all = buf_text(&text);
	const char *at = strstr(all, from);
	assert_non_null(at);
	buf_append(&changed, all, (size_t)(at - all));
	buf_append_text(&changed, to);
	buf_append_text(&changed, at + strlen(from));
	assert_err(parses(buf_text(&changed), changed.len, &err), ERR_FATAL, part);
	buf_release(&text);
	buf_release(&changed);
}

static void what_is_not_ours_is_refused(void **state)
{
	(void)state;
	refused("\"version\":2", "\"version\":3", "version 3");
	refused("\"version\":2", "\"version\":0", "version 0");
	refused("\"version\":2", "\"version\":1", "members");
	refused("\"version\":2,", "", "'version'");
	refused("\"fields\":[{", "\"fields\":[7,{", "'fields'");
	refused("\"fields\":[{\"name\":\"ordered_on\",", "\"fields\":[{", "'name' is missing");
	refused("\"rows\":13,", "", "'rows' is missing");
	refused("\"rows\":13,", "\"rows\":13,\"columns\":1,", "members");
	refused("\"rows\":13", "\"rows\":\"13\"", "'rows'");
	refused("\"rows\":13", "\"rows\":1.5", "'rows'");
	refused("\"trim\":true", "\"trim\":1", "'trim'");
	refused("\"header\":2", "\"header\":-2", "'header'");
	refused("\"header\":2", "\"header\":4294967296", "'header'");
	refused("\"ragged\":\"fold\"", "\"ragged\":\"stretch\"", "'ragged'");
	refused("\"quote\":\"'\"", "\"quote\":\"ab\"", "'quote'");
	refused("\"topic\":\"p", "\"topic\":\"\\u0000p", "'topic'");
	refused("\"partition\":0", "\"partition\":-1", "'partitions'");
}

/* A document from before the later members: they are as if never given. */
static void an_older_document_is_read(void **state)
{
	(void)state;
	static const char document[] =
		"{\"version\":1,\"dataset\":\"orders\",\"sha256\":\"ab\",\"repeat\":0,"
		"\"file_id\":7,\"name\":\"a.csv\",\"size\":3,\"state\":\"sent\",\"reason\":\"\","
		"\"created_ms\":1,\"sent_ms\":2,\"rounds\":1,\"chunks\":1,\"records\":1,"
		"\"rows\":1,\"rejects\":0,\"topic\":\"t\",\"partitions\":[],"
		"\"cutter_version\":1,\"reading\":{\"format\":\"csv\",\"csv\":{"
		"\"delimiter\":\";\",\"quote\":\"\",\"header\":1,\"skip\":0,\"nulls\":[\"\"],"
		"\"trim\":false,\"encoding\":\"latin1\",\"ragged\":\"pad\"},"
		"\"json\":{\"records\":\"\"},\"unpivot\":{\"enabled\":false,\"keep\":[],"
		"\"names\":\"\",\"values\":\"\",\"skip_nulls\":false},\"unknown\":\"refuse\","
		"\"key\":[\"id\"],\"chunk_bytes\":524288,\"max_reject_share\":-1,"
		"\"max_rejects\":-1},\"schema\":\"{}\"}\n";
	struct err err = {0};
	struct manifest read;
	manifest_init(&read);
	assert_ok(manifest_parse(document, strlen(document), "m.json", &read, &err));
	assert_string_equal(read.reading.csv.delimiter, ";");
	assert_int_equal(read.reading.csv.quote, '\0');
	assert_string_equal(read.reading.csv.encoding, "latin1");
	assert_int_equal(read.reading.csv.escape, '\0');
	assert_int_equal(read.reading.csv.comment.count, 0);
	assert_null(read.reading.csv.header_join);
	assert_int_equal(read.reading.csv.ragged, RAGGED_PAD);
	assert_int_equal(read.reading.field_count, 0);
	manifest_release(&read);
}

static void a_document_cut_anywhere_is_refused(void **state)
{
	(void)state;
	struct manifest manifest = full();
	struct buf text;
	buf_init(&text, 1 << 20);
	manifest_write(&manifest, &text);
	for (size_t n = 0; n + 1 < text.len; n++) {
		struct err err = {0};
		assert_false(parses((char *)text.data, n, &err));
	}
	buf_release(&text);
}

static void the_first_to_create_wins(void **state)
{
	struct archive *archive = open_at(*state);
	struct manifest mine = full();
	assert_true(create(archive, &mine));
	struct manifest other = full();
	other.file_id++;
	other.name = "other.csv";
	assert_false(create(archive, &other));
	equal(&mine, &other);
	manifest_release(&other);
	archive_close(archive);
}

static void of_many_at_once_exactly_one_creates(void **state)
{
	archive_close(open_at(*state));
	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			struct archive *archive = open_at(*state);
			struct manifest manifest = full();
			manifest.rounds = i + 1;
			bool created = create(archive, &manifest);
			_exit(created ? 100 : (int)manifest.rounds);
		}
	}
	int created = 0;
	int winner = 0;
	for (int i = 0; i < 8; i++) {
		int status = -1;
		assert_true(wait(&status) > 0);
		int code = WEXITSTATUS(status);
		created += code == 100;
		if (code != 100) {
			assert_true(winner == 0 || winner == code);
			winner = code;
		}
	}
	assert_int_equal(created, 1);
}

static void save(struct archive *archive, const struct manifest *manifest)
{
	struct err err = {0};
	assert_ok(manifest_save(archive, manifest, &err));
}

static void a_state_never_goes_back_and_offsets_only_grow(void **state)
{
	struct archive *archive = open_at(*state);
	struct manifest manifest = full();
	manifest.state = PUBLICATION_PENDING;
	manifest.rounds = 0;
	manifest.partition_count = 0;
	assert_true(create(archive, &manifest));
	struct manifest mine = full();
	mine.rounds = 1;
	save(archive, &mine);
	struct manifest_partition others[] = {{3, 6000000000}, {0, 3}, {5, 1}};
	struct manifest other = full();
	other.rounds = 1;
	other.partitions = others;
	other.partition_count = 3;
	save(archive, &other);
	save(archive, &manifest);
	struct manifest read = load(archive, 2);
	assert_int_equal(read.state, PUBLICATION_SENT);
	assert_int_equal(read.partition_count, 3);
	assert_int_equal(read.partitions[0].offset, 17);
	assert_int_equal(read.partitions[1].offset, 6000000000);
	assert_int_equal(read.partitions[2].offset, 1);
	manifest_release(&read);
	archive_close(archive);
}

static void a_later_round_replaces_the_offsets(void **state)
{
	struct archive *archive = open_at(*state);
	struct manifest manifest = full();
	assert_true(create(archive, &manifest));
	struct manifest_partition anew[] = {{1, 2}};
	struct manifest repaired = full();
	repaired.created_ms = manifest.created_ms;
	repaired.file_id = manifest.file_id;
	repaired.rounds = 4;
	repaired.partitions = anew;
	repaired.partition_count = 1;
	save(archive, &repaired);
	save(archive, &manifest); /* an earlier round comes late */
	struct manifest read = load(archive, 2);
	equal(&repaired, &read);
	read.state = PUBLICATION_RETRACTED;
	save(archive, &read);
	save(archive, &repaired);
	struct manifest retracted = load(archive, 2);
	assert_int_equal(retracted.state, PUBLICATION_RETRACTED);
	manifest_release(&read);
	manifest_release(&retracted);
	archive_close(archive);
}

static void saving_at_once_loses_no_partition(void **state)
{
	struct archive *archive = open_at(*state);
	struct manifest manifest = full();
	manifest.partition_count = 0;
	assert_true(create(archive, &manifest));
	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			struct manifest_partition one = {i, i + 10};
			manifest.partitions = &one;
			manifest.partition_count = 1;
			for (int round = 0; round < 5; round++)
				save(archive, &manifest);
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++) {
		int status = -1;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	struct manifest read = load(archive, 2);
	assert_int_equal(read.partition_count, 8);
	manifest_release(&read);
	archive_close(archive);
}

static bool count_visit(void *context, const struct manifest *manifest, struct err *err)
{
	(void)err;
	*(int64_t *)context += 1 + 100 * manifest->repeat;
	return true;
}

static bool last_only(void *context, const char *sha256, int64_t repeat)
{
	(void)context;
	assert_string_equal(sha256, sha);
	return repeat == 2;
}

static void repeats_are_counted_and_all_are_visited(void **state)
{
	struct err err = {0};
	struct archive *archive = open_at(*state);
	int64_t seen = 0;
	int64_t repeat = 7;
	assert_ok(manifest_each(archive, "orders", NULL, count_visit, &seen, &err));
	assert_int_equal(seen, 0);
	assert_ok(manifest_last_repeat(archive, "orders", sha, &repeat, &err));
	assert_int_equal(repeat, -1);
	for (int64_t i = 0; i < 3; i++) {
		struct manifest manifest = full();
		manifest.repeat = i;
		assert_true(create(archive, &manifest));
	}
	assert_ok(manifest_last_repeat(archive, "orders", sha, &repeat, &err));
	assert_int_equal(repeat, 2);
	assert_ok(manifest_each(archive, "orders", NULL, count_visit, &seen, &err));
	assert_int_equal(seen, 303);
	seen = 0;
	assert_ok(manifest_each(archive, "orders", last_only, count_visit, &seen, &err));
	assert_int_equal(seen, 201);
	seen = 0;
	char below[200];
	snprintf(below, sizeof(below), "orders/manifests/%s.1.json", sha);
	damage(*state, below, "{\"version\":");
	seen = 0;
	assert_err(manifest_each(archive, "orders", NULL, count_visit, &seen, &err), ERR_FATAL,
		".1.json");
	assert_int_equal(seen, 202);
	archive_close(archive);
}

enum { many = 70 };

static bool mark_seen(void *context, const struct manifest *manifest, struct err *err)
{
	int *seen = context;
	(void)err;
	seen[strtol(manifest->name, NULL, 10)]++;
	return true;
}

static bool all_but_the_last(void *context, const char *sha256, int64_t repeat)
{
	(void)context;
	(void)repeat;
	return strncmp(sha256, "00000045", 8) != 0;
}

static void each_of_many_is_visited_once(void **state)
{
	struct err err = {0};
	struct archive *archive = open_at(*state);
	int seen[many] = {0};
	for (int i = 0; i < many; i++) {
		struct manifest manifest = full();
		char sha256[65];
		char name[16];
		snprintf(sha256, sizeof(sha256), "%08x%056x", (unsigned)i, 0);
		snprintf(name, sizeof(name), "%d", i);
		manifest.sha256 = sha256;
		manifest.name = name;
		assert_true(create(archive, &manifest));
	}
	assert_ok(manifest_each(archive, "orders", all_but_the_last, mark_seen, seen, &err));
	for (int i = 0; i < many; i++)
		assert_int_equal(seen[i], i < many - 1);
	archive_close(archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(every_member_survives),
		cmocka_unit_test(every_letter_survives),
		cmocka_unit_test(what_is_not_ours_is_refused),
		cmocka_unit_test(an_older_document_is_read),
		cmocka_unit_test(a_document_cut_anywhere_is_refused),
		IN_FOLDER(the_first_to_create_wins),
		IN_FOLDER(of_many_at_once_exactly_one_creates),
		IN_FOLDER(a_state_never_goes_back_and_offsets_only_grow),
		IN_FOLDER(a_later_round_replaces_the_offsets),
		IN_FOLDER(saving_at_once_loses_no_partition),
		IN_FOLDER(repeats_are_counted_and_all_are_visited),
		IN_FOLDER(each_of_many_is_visited_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
