/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_writer.h"

static const size_t max_line = 16384;

static struct {
	enum log_level level;
	enum log_format format;
	const char *service;
} settings = {.level = LOG_INFO};

void log_setup(enum log_level level, enum log_format format, const char *service)
{
	settings.level = level;
	settings.format = format;
	settings.service = service;
}

bool log_enabled(enum log_level level)
{
	return level <= settings.level;
}

static const char *level_name(enum log_level level)
{
	static const char *const names[] = {"error", "warn", "info", "debug", "trace"};
	return names[level];
}

static bool plain(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text == '"' || *text == '=' || *text == '\\' || *text == 0x7f)
			return false;
	return true;
}

static void put_logfmt_text(struct buf *line, const char *key, const char *text)
{
	if (line->len)
		buf_append_byte(line, ' ');
	buf_printf(line, "%s=", key);
	if (plain(text)) {
		buf_append_text(line, text);
		return;
	}
	buf_append_byte(line, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '\n')
			buf_append_text(line, "\\n");
		else if (c < ' ' || c == 0x7f)
			buf_printf(line, "\\x%02x", c);
		else {
			if (c == '"' || c == '\\')
				buf_append_byte(line, '\\');
			buf_append_byte(line, c);
		}
	}
	buf_append_byte(line, '"');
}

static void put_logfmt(struct buf *line, const struct log_field *field)
{
	switch (field->kind) {
	case LOG_VALUE_TEXT:
		put_logfmt_text(line, field->key, field->value.text ? field->value.text : "");
		break;
	case LOG_VALUE_INT:
		buf_printf(line, " %s=%lld", field->key, (long long)field->value.integer);
		break;
	case LOG_VALUE_DOUBLE:
		buf_printf(line, " %s=%.6g", field->key, field->value.real);
		break;
	}
}

static void put_json(struct json_writer *json, const struct log_field *field)
{
	json_key(json, field->key);
	switch (field->kind) {
	case LOG_VALUE_TEXT:
		json_string(json, field->value.text ? field->value.text : "");
		break;
	case LOG_VALUE_INT:
		json_int(json, field->value.integer);
		break;
	case LOG_VALUE_DOUBLE:
		json_double(json, field->value.real);
		break;
	}
}

void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t n)
{
	struct buf line;
	buf_init(&line, max_line);
	char now[CLOCK_ISO_SIZE];
	clock_iso(now, clock_wall_us());
	const struct log_field head[] = {
		log_str("time", now),
		log_str("level", level_name(level)),
		log_str(settings.service ? "service" : NULL, settings.service),
		log_str("msg", message),
	};
	const size_t heads = sizeof(head) / sizeof(head[0]);
	if (settings.format == LOG_JSON) {
		struct json_writer json;
		json_begin(&json, &line);
		json_object(&json);
		for (size_t i = 0; i < heads + n; i++) {
			const struct log_field *field = i < heads ? &head[i] : &fields[i - heads];
			if (field->key)
				put_json(&json, field);
		}
		json_object_end(&json);
	} else {
		for (size_t i = 0; i < heads + n; i++) {
			const struct log_field *field = i < heads ? &head[i] : &fields[i - heads];
			if (field->key)
				put_logfmt(&line, field);
		}
	}
	line.max = max_line + 1;
	buf_append_byte(&line, '\n');
	/* A log that cannot be written has nowhere to be reported. */
	ssize_t written = write(STDERR_FILENO, line.data, line.len);
	(void)written;
	buf_release(&line);
}

void log_err(enum log_level level, const char *message, const struct err *err)
{
	log_event(level, message, log_str("error", err->message),
		log_str("class", err_class_name(err->class)),
		log_str(err->native[0] ? "code" : NULL, err->native));
}
