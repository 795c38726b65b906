/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an archive's tests keep it: in a folder of the test's own, or, when PENSTOCK_TEST_ARCHIVE
 * names "s3://bucket", below a prefix called as the folder. What the tests do to its insides works
 * on both; names are the same there: "orders/objects/ba/...".
 */
#ifndef PENSTOCK_TESTS_PLACE_H
#define PENSTOCK_TESTS_PLACE_H

#include <dirent.h>
#include <sys/stat.h>

#include "archive/archive.h"
#include "base/file.h"
#include "s3/s3.h"
#include "support/cmocka_all.h"
#include "support/folder.h"

static const struct s3_settings place_s3 = {"", "", "", "", "", S3_STYLE_AUTO};

/* NULL: in a folder. */
static inline const char *place_bucket(void)
{
	return getenv("PENSTOCK_TEST_ARCHIVE");
}

static inline struct archive *open_at(const char *folder)
{
	struct err err = {0};
	struct archive *archive = NULL;
	char location[600];
	if (place_bucket())
		snprintf(location, sizeof(location), "%s/%s", place_bucket(), file_name(folder));
	else
		snprintf(location, sizeof(location), "%s", folder);
	assert_ok(archive_open(location, &place_s3, &archive, &err));
	return archive;
}

static inline struct s3_place place_of(const char *folder, const char *below)
{
	struct err err = {0};
	struct s3_place place;
	char url[1000];
	snprintf(url, sizeof(url), "%s/%s/%s", place_bucket(), file_name(folder), below);
	assert_ok(s3_place_parse(url, &place, &err));
	return place;
}

static inline struct s3 *place_open(void)
{
	struct err err = {0};
	struct s3 *s3 = NULL;
	assert_ok(s3_open(&place_s3, &s3, &err));
	return s3;
}

/* Puts these bytes in the place of whatever stands there. */
static inline void damage(const char *folder, const char *below, const char *text)
{
	struct err err = {0};
	char path[1000];
	if (!place_bucket()) {
		snprintf(path, sizeof(path), "%s/%s", folder, below);
		assert_ok(file_replace(path, text, strlen(text), &err));
		return;
	}
	bool written = false;
	struct s3 *s3 = place_open();
	struct s3_place place = place_of(folder, below);
	const struct s3_content content = {.data = text, .size = (int64_t)strlen(text)};
	assert_ok(s3_put(s3, place.bucket, place.key, &content, NULL, &written, &err));
	s3_close(s3);
}

static inline bool count_one(void *context, const struct s3_object *object, struct err *err)
{
	(void)err;
	*(int *)context += file_name(object->key)[0] != '.';
	return true;
}

/* How many names stand below; those that begin with a dot do not count. */
static inline int entries(const char *folder, const char *below)
{
	int count = 0;
	struct err err = {0};
	if (place_bucket()) {
		struct s3 *s3 = place_open();
		struct s3_place place = place_of(folder, below);
		assert_ok(s3_list(s3, place.bucket, place.key, count_one, &count, &err));
		s3_close(s3);
		return count;
	}
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder, below);
	DIR *dir = opendir(path);
	for (const struct dirent *entry; dir && (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count;
}

/* The tests of both; then those of folders alone. */
static inline int run_on(const struct CMUnitTest *both, size_t both_count,
	const struct CMUnitTest *folders, size_t folder_count)
{
	int failed = _cmocka_run_group_tests("archive", both, both_count, NULL, NULL);
	if (!place_bucket() && folder_count)
		failed += _cmocka_run_group_tests("folders", folders, folder_count, NULL, NULL);
	return failed;
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

#endif
