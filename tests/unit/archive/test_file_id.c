/* SPDX-License-Identifier: Apache-2.0 */
/* File ids are unique and ordered within their dataset, whatever clocks and other producers do. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/manifest.h"
#include "base/clock.h"
#include "place.h"

/* Far beyond any clock: the year 2100. */
static const int64_t ahead_ms = INT64_C(4102444800000);

/* The id that a new content, told by its number, is given. */
static int64_t create(struct archive *archive, const char *dataset, unsigned content)
{
	struct err err = {0};
	struct manifest manifest;
	bool created = false;
	char sha256[65];
	memset(sha256, '0', 64);
	snprintf(sha256, sizeof(sha256), "%08x%056x", content, 0);
	manifest_init(&manifest);
	manifest.dataset = dataset;
	manifest.sha256 = sha256;
	manifest.name = manifest.schema = manifest.reason = manifest.topic = "";
	manifest.reading.unpivot.names = manifest.reading.unpivot.values = "";
	manifest.reading.json.records = "";
	assert_ok(manifest_create(archive, &manifest, &created, &err));
	assert_true(created);
	assert_int_equal(manifest.file_id >> 20, manifest.created_ms);
	assert_int_equal(manifest.file_id & 0xfffff, content >> 12);
	int64_t file_id = manifest.file_id;
	manifest_release(&manifest);
	return file_id;
}

static void an_id_is_the_time_and_twenty_bits_of_the_content(void **state)
{
	struct archive *archive = open_at(*state);
	int64_t before_ms = clock_wall_us() / 1000;
	int64_t file_id = create(archive, "orders", 0xba7816bf);
	assert_int_equal(file_id & 0xfffff, 0xba781);
	assert_in_range(file_id >> 20, before_ms, clock_wall_us() / 1000);
	archive_close(archive);
}

/* A clock that was ahead for a while is a clock that goes back. */
static void a_clock_that_goes_back_does_not_turn_the_order(void **state)
{
	struct archive *archive = open_at(*state);
	create(archive, "orders", 1u << 31);
	char newest[32];
	snprintf(newest, sizeof(newest), "%020lld\n", (long long)ahead_ms);
	damage(*state, place_bucket() ? "orders/manifests/.newest" : "orders/manifests/.lock",
		newest);
	int64_t last = ahead_ms << 20 | 0xfffff;
	/* Greater content first, so that only the time orders them. */
	for (unsigned i = 100; i > 0; i--) {
		int64_t file_id = create(archive, "orders", i << 20);
		assert_true(file_id > last);
		last = file_id;
	}
	assert_true(create(archive, "clients", 1) < ahead_ms << 20);
	archive_close(archive);
}

static void producers_at_once_never_share_a_time(void **state)
{
	enum { producers = 6, files = 30 };
	int pipes[2];
	assert_int_equal(pipe(pipes), 0);
	for (unsigned i = 0; i < producers; i++)
		if (fork() == 0) {
			struct archive *archive = open_at(*state);
			for (unsigned file = 0; file < files; file++) {
				int64_t ms = create(archive, "orders", i * 100 + file) >> 20;
				if (write(pipes[1], &ms, sizeof(ms)) != sizeof(ms))
					_exit(1);
			}
			_exit(0);
		}
	close(pipes[1]);
	int64_t times[producers * files];
	for (size_t i = 0; i < producers * files; i++) {
		assert_int_equal(read(pipes[0], &times[i], sizeof(times[i])), sizeof(times[i]));
		for (size_t j = 0; j < i; j++)
			assert_true(times[i] != times[j]);
	}
	close(pipes[0]);
	for (int i = 0; i < producers; i++) {
		int status = -1;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
}

/* Right behind what it corrects, and what comes next is as late as ever. */
static void a_correction_keeps_the_id_it_was_given(void **state)
{
	struct archive *archive = open_at(*state);
	struct err err = {0};
	struct manifest manifest;
	bool created = false;
	bool found = false;
	char sha256[65];
	int64_t first = create(archive, "orders", 0xba7816bf);
	int64_t second = create(archive, "orders", 0x0a7816bf);
	snprintf(sha256, sizeof(sha256), "%08x%056x", 0xba7816bf, 0);
	manifest_init(&manifest);
	manifest.dataset = "orders";
	manifest.sha256 = sha256;
	manifest.repeat = 1;
	manifest.name = manifest.schema = manifest.reason = manifest.topic = "";
	manifest.reading.unpivot.names = manifest.reading.unpivot.values = "";
	manifest.reading.json.records = "";
	manifest.file_id = first + 1;
	assert_ok(manifest_create(archive, &manifest, &created, &err));
	assert_true(created);
	assert_int_equal(manifest.file_id, first + 1);
	assert_int_equal(manifest.created_ms, first >> 20);
	manifest_release(&manifest);
	assert_ok(manifest_find(archive, "orders", sha256, first + 1, &manifest, &found, &err));
	assert_true(found);
	assert_int_equal(manifest.repeat, 1);
	assert_ok(manifest_find(archive, "orders", sha256, second, &manifest, &found, &err));
	assert_false(found);
	assert_true(create(archive, "orders", 0x1a7816bf) > second);
	manifest_release(&manifest);
	archive_close(archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(an_id_is_the_time_and_twenty_bits_of_the_content),
		IN_FOLDER(a_clock_that_goes_back_does_not_turn_the_order),
		IN_FOLDER(a_correction_keeps_the_id_it_was_given),
		IN_FOLDER(producers_at_once_never_share_a_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
