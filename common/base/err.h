/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error object. A fallible function returns bool and takes `struct err *err` last; it fills err
 * only when it returns false. The class says what the caller does next, so classification happens
 * once, where the error is born, and nobody parses messages.
 */
#ifndef PENSTOCK_BASE_ERR_H
#define PENSTOCK_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#define MUST_CHECK		  __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_at, args) __attribute__((format(printf, fmt_at, args)))

enum err_class {
	ERR_DATA = 1, /* this record or chunk can never succeed: reject it, go on */
	ERR_RETRY,    /* the environment is sick: roll back, back off, do the same again */
	ERR_PAUSE,    /* this dataset waits for a person, the others go on */
	ERR_FATAL,    /* stop with a message that says what to do */
	ERR_BUG,      /* cannot happen: abort */
};

/* Who reported it; ERR_FROM_USAGE and ERR_FROM_CONFIG make a command end with exit code 2. */
enum err_from {
	ERR_FROM_PENSTOCK,
	ERR_FROM_USAGE,
	ERR_FROM_CONFIG,
	ERR_FROM_SYSTEM,
	ERR_FROM_KAFKA,
	ERR_FROM_POSTGRES,
};

struct err {
	enum err_class class;
	enum err_from from;
	char native[24];  /* SQLSTATE, Kafka error name or errno name; "" when there is none */
	char detail[64];  /* name of the constraint or column Postgres blames; "" when none */
	int sql_line;	  /* of the statement, from 1, where Postgres found it; 0: not told */
	const char *file; /* place in penstock's source; static storage */
	int line;
	char message[1500]; /* one line for people; truncated with "..." when longer */
};

/* Fills err (which may be NULL) and returns false, so that callers can `return err_fail(...)`. */
#define err_fail(err, class, ...) err_fail_at((err), (class), __FILE__, __LINE__, __VA_ARGS__)
bool err_fail_at(struct err *err, enum err_class class, const char *file, int line, const char *fmt,
	...) PRINTF_LIKE(5, 6);

/* As err_fail; appends ": <strerror(errno)>" and remembers errno's name in native. */
#define err_fail_errno(err, class, ...)                                                            \
	err_fail_errno_at((err), (class), __FILE__, __LINE__, __VA_ARGS__)
bool err_fail_errno_at(struct err *err, enum err_class class, const char *file, int line,
	const char *fmt, ...) PRINTF_LIKE(5, 6);

/* A mistake in the arguments (exit code 2, class FATAL). */
bool err_usage(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A mistake in a configuration, schema or model file (exit code 2, class FATAL). */
bool err_config(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Puts context before the message ("loading orders.csv: ..."). Returns false. */
bool err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "DATA", "RETRY" ... */
const char *err_class_name(enum err_class class);
/* 2 for usage and configuration, 1 for all else. */
int err_exit_code(const struct err *err);

/* Prints where and why to stderr and aborts: for states that cannot happen. */
#define BUG(...) err_bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void err_bug_at(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
