/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real Postgres for C tests: initdb in a folder of its own under /tmp, a free port of 127.0.0.1,
 * never as root. It ends with the process that started it, also when a test fails or the process is
 * killed. Failures end the process with a message: without the server no test means anything.
 */
#ifndef PENSTOCK_TESTS_POSTGRES_SERVER_H
#define PENSTOCK_TESTS_POSTGRES_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "postgres/database.h"

/* Starts the process's one server (the first call) and returns its conninfo: database postgres. */
const char *postgres_server(void);
/* Ends it now; atexit does so too. */
void postgres_server_stop(void);
/* The folder of its socket and data. */
const char *postgres_server_folder(void);

/* A session of database `name`, which is made when it is not there. */
struct database *postgres_connect(const char *name);
/* The conninfo of database `name`; `ret_text` holds 300 bytes. */
void postgres_conninfo(const char *name, char *ret_text);

/* For tests: run, or end the process with the statement and the error. */
void sql_exec(struct database *database, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The only value of the only row. */
int64_t sql_int(struct database *database, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same as text, the caller's to free; "NULL" for null. */
char *sql_text(struct database *database, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
