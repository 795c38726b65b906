/* SPDX-License-Identifier: Apache-2.0 */
#include "report/style.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define FLUSH_AT (64 * 1024)
/* One row's text: Postgres allows 1 GiB a value; a report is for people. */
#define MAX_ROW	 (64 * 1024 * 1024)

static const struct report_style *const styles[] = {
	[REPORT_CSV] = &report_style_csv,
	[REPORT_JSON] = &report_style_json,
	[REPORT_MARKDOWN] = &report_style_markdown,
	[REPORT_HTML] = &report_style_html,
};

const char *report_ending(enum report_format format)
{
	return styles[format]->ending;
}

static bool flush(struct report_writer *writer, struct err *err)
{
	if (writer->buf.overflow)
		return err_fail(err, ERR_FATAL, "%s: a row is longer than %d MiB", writer->path,
			MAX_ROW >> 20);
	bool ok = file_write_all(writer->fd, writer->buf.data, writer->buf.len, err);
	buf_clear(&writer->buf);
	buf_trim(&writer->buf, FLUSH_AT);
	return ok;
}

/* Beside the file, so that it can be renamed; an object's lies where there is room. */
static bool open_temporary(struct report_writer *writer, struct err *err)
{
	const char *name = file_name(writer->path);
	char *temporary = writer->temporary;
	size_t size = sizeof(writer->temporary);
	int n = writer->s3
			? snprintf(temporary, size, "%s/penstock-report-XXXXXX",
				  file_scratch_folder())
			: snprintf(temporary, size, "%.*s.%s.%ld.new", (int)(name - writer->path),
				  writer->path, name, (long)getpid());
	if (n >= (int)size)
		return err_fail(err, ERR_FATAL, "%s: the path is too long", writer->path);
	writer->fd = writer->s3 ? mkostemp(temporary, O_CLOEXEC)
				: open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return writer->fd >= 0 || err_fail_errno(err, ERR_FATAL, "creating %s", temporary);
}

bool report_writer_open(struct report_writer *writer, const struct report_target *target,
	struct s3 *s3, const struct database_rows *columns, struct err *err)
{
	*writer = (struct report_writer){.target = target,
		.path = target->path,
		.s3 = s3,
		.fd = -1,
		.style = styles[target->format]};
	buf_init(&writer->buf, MAX_ROW + FLUSH_AT);
	return chart_begin(&writer->chart, &target->chart, columns, err) &&
	       open_temporary(writer, err) && writer->style->head(writer, columns, err);
}

bool report_writer_row(
	struct report_writer *writer, const struct database_rows *row, struct err *err)
{
	if (!chart_add(&writer->chart, row, err) || !writer->style->row(writer, row, err))
		return false;
	writer->rows++;
	return (writer->buf.len < FLUSH_AT && !writer->buf.overflow) || flush(writer, err);
}

static bool publish_file(struct report_writer *writer, struct err *err)
{
	if (fsync(writer->fd) != 0)
		return err_fail_errno(err, ERR_RETRY, "writing %s", writer->temporary);
	if (rename(writer->temporary, writer->path) != 0)
		return err_fail_errno(err, ERR_FATAL, "renaming to %s", writer->path);
	writer->temporary[0] = '\0';
	return file_sync_folder_of(writer->path, err);
}

static bool publish_object(struct report_writer *writer, struct err *err)
{
	struct s3_place place;
	const struct s3_content content = {
		.fd = writer->fd,
		.size = (int64_t)lseek(writer->fd, 0, SEEK_END),
		.type = writer->style->type,
	};
	return s3_place_parse(writer->path, &place, err) &&
	       s3_upload(writer->s3, place.bucket, place.key, &content, err);
}

bool report_writer_publish(struct report_writer *writer, struct err *err)
{
	writer->style->end(writer);
	return flush(writer, err) &&
	       (writer->s3 ? publish_object(writer, err) : publish_file(writer, err));
}

void report_writer_close(struct report_writer *writer)
{
	if (writer->fd >= 0) {
		close(writer->fd);
		if (*writer->temporary)
			unlink(writer->temporary);
	}
	chart_release(&writer->chart);
	buf_release(&writer->buf);
}
