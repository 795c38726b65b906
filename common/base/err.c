/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void format_message(char *message, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(message, size, fmt, ap);
	if (n >= 0 && (size_t)n >= size)
		memcpy(message + size - 4, "...", 4);
}

static void fill(struct err *err, enum err_class class, const char *file, int line)
{
	*err = (struct err){.class = class, .from = ERR_FROM_PENSTOCK, .file = file, .line = line};
}

bool err_fail_at(
	struct err *err, enum err_class class, const char *file, int line, const char *fmt, ...)
{
	if (!err)
		return false;
	fill(err, class, file, line);
	va_list ap;
	va_start(ap, fmt);
	format_message(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return false;
}

bool err_fail_errno_at(
	struct err *err, enum err_class class, const char *file, int line, const char *fmt, ...)
{
	int saved = errno;
	if (!err)
		return false;
	fill(err, class, file, line);
	err->from = ERR_FROM_SYSTEM;
	const char *name = strerrorname_np(saved);
	snprintf(err->native, sizeof(err->native), "%s", name ? name : "");
	char text[sizeof(err->message)];
	va_list ap;
	va_start(ap, fmt);
	format_message(text, sizeof(text), fmt, ap);
	va_end(ap);
	const char *why = strerrordesc_np(saved);
	size_t used = strnlen(text, sizeof(text) - 1);
	snprintf(text + used, sizeof(text) - used, ": %s", why ? why : "unknown system error");
	memcpy(err->message, text, sizeof(text));
	errno = saved;
	return false;
}

static bool fail_from(struct err *err, enum err_from from, const char *fmt, va_list ap)
{
	if (!err)
		return false;
	fill(err, ERR_FATAL, __FILE__, __LINE__);
	err->from = from;
	format_message(err->message, sizeof(err->message), fmt, ap);
	return false;
}

bool err_usage(struct err *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fail_from(err, ERR_FROM_USAGE, fmt, ap);
	va_end(ap);
	return false;
}

bool err_config(struct err *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fail_from(err, ERR_FROM_CONFIG, fmt, ap);
	va_end(ap);
	return false;
}

bool err_prefix(struct err *err, const char *fmt, ...)
{
	if (!err)
		return false;
	char text[sizeof(err->message)];
	va_list ap;
	va_start(ap, fmt);
	format_message(text, sizeof(text), fmt, ap);
	va_end(ap);
	size_t used = strlen(text);
	int n = snprintf(text + used, sizeof(text) - used, ": %s", err->message);
	if (n >= 0 && (size_t)n >= sizeof(text) - used)
		memcpy(text + sizeof(text) - 4, "...", 4);
	memcpy(err->message, text, sizeof(text));
	return false;
}

const char *err_class_name(enum err_class class)
{
	static const char *const names[] = {
		[ERR_DATA] = "DATA",
		[ERR_RETRY] = "RETRY",
		[ERR_PAUSE] = "PAUSE",
		[ERR_FATAL] = "FATAL",
		[ERR_BUG] = "BUG",
	};
	return class >= ERR_DATA && class <= ERR_BUG ? names[class] : "NONE";
}

int err_exit_code(const struct err *err)
{
	return err->from == ERR_FROM_USAGE || err->from == ERR_FROM_CONFIG ? 2 : 1;
}

_Noreturn void err_bug_at(const char *file, int line, const char *fmt, ...)
{
	fprintf(stderr, "penstock: BUG at %s:%d: ", file, line);
	va_list ap;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
