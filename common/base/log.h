/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structured logs on stderr, one line an event: logfmt, or JSON with --log json. Libraries do not
 * log, but for the echo of statements at LOG_TRACE; loops and commands do, once, with context. Safe
 * from any thread: a line is one write(2).
 */
#ifndef PENSTOCK_BASE_LOG_H
#define PENSTOCK_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log_field {
	const char *key; /* NULL: the field is left out */
	enum { LOG_VALUE_TEXT, LOG_VALUE_INT, LOG_VALUE_DOUBLE } kind;
	union {
		const char *text; /* NULL prints as "" */
		int64_t integer;
		double real;
	} value;
};

/* Before threads start. `service` names the process in every line ("worker"); NULL: left out. */
void log_setup(enum log_level level, enum log_format format, const char *service);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t n);
/* The error's message, class and native code, after `message`. */
void log_err(enum log_level level, const char *message, const struct err *err);

#define log_str(k, v) ((struct log_field){.key = (k), .kind = LOG_VALUE_TEXT, .value.text = (v)})
#define log_int(k, v)                                                                              \
	((struct log_field){.key = (k), .kind = LOG_VALUE_INT, .value.integer = (int64_t)(v)})
#define log_real(k, v) ((struct log_field){.key = (k), .kind = LOG_VALUE_DOUBLE, .value.real = (v)})

#define log_event(level, message, ...)                                                             \
	do {                                                                                       \
		if (log_enabled(level)) {                                                          \
			const struct log_field log_fields_[] = {{.key = NULL}, ##__VA_ARGS__};     \
			log_write((level), (message), log_fields_,                                 \
				sizeof(log_fields_) / sizeof(log_fields_[0]));                     \
		}                                                                                  \
	} while (0)

#define log_error(message, ...) log_event(LOG_ERROR, message, ##__VA_ARGS__)
#define log_warn(message, ...)	log_event(LOG_WARN, message, ##__VA_ARGS__)
#define log_info(message, ...)	log_event(LOG_INFO, message, ##__VA_ARGS__)
#define log_trace(message, ...) log_event(LOG_TRACE, message, ##__VA_ARGS__)
#define log_debug(message, ...) log_event(LOG_DEBUG, message, ##__VA_ARGS__)

#endif
