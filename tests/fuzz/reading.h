/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader fuzzers share: read everything twice, in other pieces, and expect the same. */
#ifndef PENSTOCK_TESTS_FUZZ_READING_H
#define PENSTOCK_TESTS_FUZZ_READING_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "format/reader_impl.h"

static inline uint32_t digest_record(uint32_t crc, const struct record *record)
{
	crc = crc32c(crc, &record->start, sizeof(record->start));
	crc = crc32c(crc, &record->end, sizeof(record->end));
	crc = crc32c(crc, record->text, record->text_len);
	crc = crc32c(crc, record->reason, strlen(record->reason));
	crc = crc32c(crc, record->column, strlen(record->column));
	for (size_t i = 0; i < record->cell_count; i++) {
		crc = crc32c(crc, record->cells[i].data, record->cells[i].len);
		crc = crc32c(crc, &record->cells[i].kind, 1);
	}
	return crc;
}

/* Records one behind the other, inside the input, errors of class DATA: else abort. */
static inline uint32_t digest(
	const struct reading *reading, const uint8_t *data, size_t size, size_t piece)
{
	const char *names[] = {"a", "b", "c"};
	const struct string_list wanted = {names, 3};
	struct err err = {0};
	struct input *input = NULL;
	struct reader *reader = NULL;
	const struct record *record = NULL;
	uint32_t crc = 0;
	int64_t last = 0;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || !file_write_all(fd, data, size, &err) || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	if (!input_open(fd, "fuzz", &(struct input_limits){0}, &input, &err))
		return err.class == ERR_DATA ? 1 : (abort(), 0);
	bool ok = reader_open_pieces(reading, input, &wanted, piece, &reader, &err);
	while (ok && (ok = reader_next(reader, &record, &err)) && record) {
		if (record->start < last || record->end < record->start ||
			(record->end == record->start && reading->format != FORMAT_AVRO))
			abort();
		last = record->end;
		crc = digest_record(crc, record);
	}
	if (ok ? reader_position(reader) != input_position(input) : err.class != ERR_DATA)
		abort();
	crc = crc32c(crc, err.message, strlen(err.message));
	reader_close(reader);
	input_close(input);
	return crc;
}

static inline void read_twice(const struct reading *reading, const uint8_t *data, size_t size)
{
	if (digest(reading, data, size, WINDOW_PIECE) != digest(reading, data, size, 13))
		abort();
}

#endif
