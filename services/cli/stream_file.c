/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stream_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/object_file.h"
#include "http/download.h"

static const unsigned max_retries = 4;
static const int64_t backoff_ms = 1000;
static const int64_t backoff_cap_ms = 10000;

bool stream_file_is(const char *argument)
{
	return strcmp(argument, "-") == 0 || strncasecmp(argument, "http://", 7) == 0 ||
	       strncasecmp(argument, "https://", 8) == 0;
}

/* ---- standard input ---- */

static bool copy_input(const struct stream_file *stream, int fd, struct err *err)
{
	unsigned char block[65536];
	int64_t total = 0;
	for (;;) {
		/* A pipe that stays silent must not keep a stop waiting. */
		if (stop_wait_fd(STDIN_FILENO, INT32_MAX))
			return err_fail(err, ERR_RETRY, "stopped");
		ssize_t n = read(STDIN_FILENO, block, sizeof(block));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_fail_errno(err, ERR_FATAL, "reading standard input");
		if (n == 0)
			return true;
		if (!file_write_all(fd, block, (size_t)n, err))
			return err_prefix(err, "keeping standard input in TMPDIR or /var/tmp");
		total += n;
		if (stream->progress)
			stream->progress(stream->context, total);
	}
}

/* ---- URLs ---- */

struct taking {
	const struct stream_file *stream;
	int64_t bytes;
};

static bool on_body(void *context, const void *data, size_t n, struct err *err)
{
	struct taking *taking = context;
	(void)data;
	(void)err;
	taking->bytes += (int64_t)n;
	if (taking->stream->progress)
		taking->stream->progress(taking->stream->context, taking->bytes);
	return true;
}

static bool download_once(struct http_client *client, const struct stream_file *stream,
	const char *url, int fd, struct err *err)
{
	struct taking taking = {.stream = stream};
	struct http_answer answer;
	struct buf excerpt;
	const struct http_download download = {
		.url = url, .fd = fd, .on_body = on_body, .context = &taking};
	if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		return err_fail_errno(err, ERR_FATAL, "writing");
	http_answer_init(&answer);
	buf_init(&excerpt, 1024);
	bool ok = http_download(client, &download, &answer, err);
	if (ok && answer.status != 200 && answer.status != 203)
		ok = err_fail(err, ERR_FATAL, "HTTP status %ld: there is nothing", answer.status);
	text_excerpt(&excerpt, (const char *)answer.refusal.data, answer.refusal.len, 200);
	if (!ok && excerpt.len) {
		struct err why = *err;
		err_fail(err, why.class, "%s: %s", why.message, buf_text(&excerpt));
	}
	buf_release(&excerpt);
	http_answer_release(&answer);
	return ok;
}

static bool download(const struct stream_file *stream, const char *url, int fd, struct err *err)
{
	struct http_client *client = http_client_new();
	bool ok = false;
	for (unsigned attempt = 0;; attempt++) {
		ok = download_once(client, stream, url, fd, err);
		if (ok || err->class != ERR_RETRY || attempt == max_retries ||
			stop_wait_ms(clock_backoff_ms(attempt, backoff_ms, backoff_cap_ms)))
			break;
	}
	http_client_free(client);
	return ok;
}

/* ---- both ---- */

/* "https://h/x/orders.csv?a=b" -> "orders.csv" */
static bool name_of(const struct stream_file *stream, const char *argument,
	char ret_name[NAME_MAX + 1], struct err *err)
{
	size_t n = strcspn(argument, "?#");
	const char *name = argument;
	for (const char *p = argument; p < argument + n; p++)
		if (*p == '/')
			name = p + 1;
	size_t length = (size_t)(argument + n - name);
	const char *host = strstr(argument, "://");
	bool has_path = host && name > host + 3;
	if (stream->name)
		return (size_t)snprintf(ret_name, NAME_MAX + 1, "%s", stream->name) <= NAME_MAX ||
		       err_usage(err, "--name: longer than %d bytes", NAME_MAX);
	if (!has_path || !length || length > NAME_MAX)
		return err_usage(err, "%s: what shall the file be called? --name tells",
			strcmp(argument, "-") == 0 ? "standard input" : "the URL");
	snprintf(ret_name, NAME_MAX + 1, "%.*s", (int)length, name);
	return true;
}

bool stream_file_get(const struct stream_file *stream, const char *argument,
	char ret_path[PATH_MAX], struct err *err)
{
	char name[NAME_MAX + 1];
	char path[PATH_MAX];
	if (!name_of(stream, argument, name, err) || !object_file_place(name, path, err))
		return false;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_fail_errno(err, ERR_FATAL, "creating %s", path);
	bool ok = strcmp(argument, "-") == 0 ? copy_input(stream, fd, err)
					     : download(stream, argument, fd, err);
	close(fd);
	if (!ok) {
		object_file_remove(path);
		return false;
	}
	snprintf(ret_path, PATH_MAX, "%s", path);
	return true;
}
