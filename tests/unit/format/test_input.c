/* SPDX-License-Identifier: Apache-2.0 */
/* Compression told by content, cut and corrupt data, bombs, archives; the files are made by other
 * tools. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "records.h"

static char folder[] = "/tmp/penstock-input-XXXXXX";
static struct buf plain;

static void path_of(char *ret_path, const char *name)
{
	snprintf(ret_path, 256, "%s/%s", folder, name);
}

static int open_file(const char *name)
{
	char path[256];
	path_of(path, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void load(const char *name, struct buf *out)
{
	struct err err = {0};
	char path[256];
	path_of(path, name);
	buf_clear(out);
	assert_ok(file_read(path, out, &err));
}

static int make_plain(void **state)
{
	(void)state;
	char command[512];
	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command),
		"/usr/bin/python3 %s/tests/unit/format/make_inputs.py %s", SOURCE_DIR, folder);
	assert_int_equal(system(command), 0);
	buf_init(&plain, 1 << 26);
	load("plain", &plain);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	char command[64];
	buf_release(&plain);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* Reads to the end in pieces; what came stays in `out` (up to its maximum) whether it fails or not.
 */
static bool read_all(
	int fd, const struct input_limits *limits, size_t piece, struct buf *out, struct err *err)
{
	struct input *input = NULL;
	buf_clear(out);
	if (!input_open(fd, "it", limits, &input, err))
		return false;
	static unsigned char block[1 << 16];
	int64_t total = 0;
	size_t n = 1;
	bool ok = true;
	while (ok && n > 0) {
		ok = input_read(input, block, piece, &n, err);
		if (ok) {
			total += (int64_t)n;
			buf_append(out, block, n);
			assert_int_equal(input_position(input), total);
		}
	}
	input_close(input);
	return ok;
}

static void every_compression(void **state)
{
	(void)state;
	static const char *const names[] = {"plain", "gz", "two.gz", "bz2", "xz", "zst", "lz4"};
	struct err err = {0};
	struct buf out;
	buf_init(&out, 1 << 26);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t piece = 7; piece <= 65536; piece = piece * 96 + 1) {
			assert_ok(read_all(
				open_file(names[i]), &(struct input_limits){0}, piece, &out, &err));
			assert_int_equal(out.len, plain.len);
			assert_memory_equal(out.data, plain.data, plain.len);
		}
	}
	static const char *const empty[] = {"empty.gz", "empty.xz"};
	for (size_t i = 0; i < 2; i++) {
		assert_ok(
			read_all(open_file(empty[i]), &(struct input_limits){0}, 100, &out, &err));
		assert_int_equal(out.len, 0);
	}
	buf_release(&out);
}

static int memory_file(const void *data, size_t n)
{
	struct err err = {0};
	int fd = memfd_create("input", MFD_CLOEXEC);
	assert_ok(file_write_all(fd, data, n, &err));
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Cut anywhere, compressed data is an error of class DATA, and what came before it is right. */
static void cut_files(void **state)
{
	(void)state;
	static const char *const names[] = {"gz", "bz2", "xz", "zst", "lz4"};
	struct buf file;
	struct buf out;
	buf_init(&file, 1 << 26);
	buf_init(&out, 1 << 26);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		load(names[i], &file);
		const size_t cuts[] = {16, 40, file.len / 3, file.len / 2, file.len - 9,
			file.len - 5, file.len - 1};
		for (size_t c = 0; c < sizeof(cuts) / sizeof(cuts[0]); c++) {
			struct err err = {0};
			if (read_all(memory_file(file.data, cuts[c]), &(struct input_limits){0},
				    65536, &out, &err))
				fail_msg(
					"%s cut at %zu of %zu passes", names[i], cuts[c], file.len);
			assert_int_equal(err.class, ERR_DATA);
			assert_true(out.len <= plain.len);
			assert_memory_equal(out.data ? out.data : plain.data, plain.data, out.len);
		}
	}
	buf_release(&file);
	buf_release(&out);
}

/* One flipped bit never gives other bytes without an error. */
static void corrupt_files(void **state)
{
	(void)state;
	static const char *const names[] = {"gz", "bz2", "xz", "zst", "lz4"};
	struct buf file;
	struct buf out;
	unsigned seed = 5;
	buf_init(&file, 1 << 26);
	buf_init(&out, 1 << 26);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		load(names[i], &file);
		for (int round = 0; round < 12; round++) {
			size_t at = 16 + (size_t)rand_r(&seed) % (file.len - 16);
			struct err err = {0};
			file.data[at] ^= 4;
			if (read_all(memory_file(file.data, file.len), &(struct input_limits){0},
				    65536, &out, &err)) {
				assert_int_equal(out.len, plain.len);
				assert_memory_equal(out.data, plain.data, plain.len);
			} else {
				assert_int_equal(err.class, ERR_DATA);
			}
			file.data[at] ^= 4;
		}
	}
	buf_release(&file);
	buf_release(&out);
}

static void bombs(void **state)
{
	(void)state;
	struct err err = {0};
	struct buf out;
	buf_init(&out, 1);
	assert_err(read_all(open_file("bomb.zst"), &(struct input_limits){0}, 65536, &out, &err),
		ERR_DATA, "at most 2000 times as many");
	assert_err(read_all(open_file("large.gz"), &(struct input_limits){.max_ratio = 10}, 65536,
			   &out, &err),
		ERR_DATA, "at most 10 times");
	assert_ok(read_all(open_file("large.gz"), &(struct input_limits){0}, 65536, &out, &err));
	assert_err(read_all(open_file("gz"), &(struct input_limits){.max_bytes = 1000}, 100, &out,
			   &err),
		ERR_DATA, "more than 1000 bytes");
	buf_release(&out);
}

/* What only looks like compressed data is text. */
static void text_that_looks_compressed(void **state)
{
	(void)state;
	static const char *const texts[] = {"BZh9,a,b\n1,2,3\n", "BZh", "PK\n", "7zXZ", ""};
	struct err err = {0};
	struct buf out;
	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_ok(read_all(memory_file(texts[i], strlen(texts[i])),
			&(struct input_limits){0}, 5, &out, &err));
		assert_string_equal(buf_text(&out), texts[i]);
	}
	assert_err(read_all(open("/tmp", O_RDONLY), &(struct input_limits){0}, 5, &out, &err),
		ERR_DATA, "is a folder");
	assert_err(read_all(open("/dev/null", O_WRONLY), &(struct input_limits){0}, 5, &out, &err),
		ERR_RETRY, "reading it");
	buf_release(&out);
}

struct visited {
	char names[100];
	struct buf content;
};

static bool visit(void *context, const char *member, struct member_reader *reader, struct err *err)
{
	struct visited *visited = context;
	size_t n = 1;
	unsigned char block[4000];
	buf_clear(&visited->content);
	snprintf(visited->names + strlen(visited->names), 50, "%s;", member);
	while (n > 0) {
		if (!reader->read(reader->handle, block, sizeof(block), &n, err))
			return false;
		buf_append(&visited->content, block, n);
	}
	return true;
}

static void archives(void **state)
{
	(void)state;
	static const char *const names[] = {"zip", "tar", "tar.gz"};
	for (size_t i = 0; i < 3; i++) {
		struct visited visited = {0};
		struct err err = {0};
		bool archive = false;
		int fd = open_file(names[i]);
		buf_init(&visited.content, 1 << 26);
		assert_ok(input_is_archive(fd, &archive, &err));
		assert_true(archive);
		assert_ok(input_each_member(fd, names[i], visit, &visited, &err));
		assert_string_equal(visited.names, "one.csv;sub/zwei \xC3\xA4.csv;");
		assert_int_equal(visited.content.len, plain.len);
		assert_memory_equal(visited.content.data, plain.data, plain.len);
		buf_release(&visited.content);
		close(fd);
	}
	static const char *const others[] = {"plain", "gz", "zst"};
	for (size_t i = 0; i < 3; i++) {
		struct err err = {0};
		bool archive = true;
		int fd = open_file(others[i]);
		assert_ok(input_is_archive(fd, &archive, &err));
		assert_false(archive);
		close(fd);
	}
}

static void cut_archives(void **state)
{
	(void)state;
	static const char *const names[] = {"zip", "tar", "tar.gz"};
	struct buf file;
	buf_init(&file, 1 << 26);
	for (size_t i = 0; i < 3; i++) {
		struct visited visited = {0};
		struct err err = {0};
		load(names[i], &file);
		buf_init(&visited.content, 1 << 26);
		int fd = memory_file(file.data, file.len / 2);
		assert_err(input_each_member(fd, "it", visit, &visited, &err), ERR_DATA,
			"it: archive");
		close(fd);
		buf_release(&visited.content);
	}
	buf_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_compression),
		cmocka_unit_test(cut_files),
		cmocka_unit_test(corrupt_files),
		cmocka_unit_test(bombs),
		cmocka_unit_test(text_that_looks_compressed),
		cmocka_unit_test(archives),
		cmocka_unit_test(cut_archives),
	};
	return cmocka_run_group_tests(tests, make_plain, remove_folder);
}
