/* SPDX-License-Identifier: Apache-2.0 */
#include "dev/inbox_news.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

/* Above what a line of the log may have. */
#define WINDOW 65536

struct inbox_news {
	const char *log_path;
	off_t at; /* of the first line not looked at */
	char window[WINDOW + 1];
};

struct inbox_news *inbox_news_new(const char *log_path)
{
	struct inbox_news *news = malloc(sizeof(*news));
	if (!news)
		BUG("out of memory");
	struct stat st;
	news->log_path = log_path;
	news->at = stat(log_path, &st) == 0 ? st.st_size : 0;
	return news;
}

void inbox_news_free(struct inbox_news *news)
{
	free(news);
}

/* A logfmt value, as base/log.c writes it, in place: what stands behind `mark` in the line. */
static char *take_value(char *line, const char *mark)
{
	char *from = strstr(line, mark);
	if (!from)
		return NULL;
	from += strlen(mark);
	if (*from != '"') {
		from[strcspn(from, " ")] = '\0';
		return from;
	}
	char *to = ++from;
	const char *p = from;
	for (; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		*to++ = *p;
	}
	*to = '\0';
	return from;
}

/* The reason may begin with the file's name. */
static const char *without_name(const char *reason, const char *file)
{
	size_t n = strlen(file);
	return strncmp(reason, file, n) == 0 && strncmp(reason + n, ": ", 2) == 0 ? reason + n + 2
										  : reason;
}

static void tell_line(char *line)
{
	bool is_left = strstr(line, " msg=\"left in the inbox\" ");
	if (!is_left && !strstr(line, " msg=\"already published\" "))
		return;
	/* The last one first: taking a value ends the line. */
	const char *reason = is_left ? take_value(line, " reason=")
				     : "the same content again, under this name or another";
	const char *file = take_value(line, " file=");
	if (file && reason)
		printf("%-14s %-38s %s\n", is_left ? "left" : "known", file,
			without_name(reason, file));
}

void inbox_news_tell(struct inbox_news *news)
{
	int fd = open(news->log_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t n = pread(fd, news->window, WINDOW, news->at);
	close(fd);
	if (n <= 0)
		return;
	news->window[n] = '\0';
	char *line = news->window;
	for (char *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		tell_line(line);
	}
	if (line == news->window && n == WINDOW)
		line += n;
	news->at += line - news->window;
	fflush(stdout);
}
