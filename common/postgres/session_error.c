/* SPDX-License-Identifier: Apache-2.0 */
/* What the server said -> struct err. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres/errors.h"
#include "postgres/session.h"

void session_one_line(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++) {
		bool blank = isspace((unsigned char)*from);
		if (!blank || (to > text && to[-1] != ' '))
			*to++ = blank ? ' ' : *from;
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static void append_line(char *message, size_t size, const char *before, const char *text)
{
	size_t used = strlen(message);
	if (!text || !*text || used + 1 >= size)
		return;
	int n = snprintf(message + used, size - used, "%s", before);
	if (n < 0 || (size_t)n >= size - used)
		return;
	used += (size_t)n;
	snprintf(message + used, size - used, "%s", text);
	session_one_line(message + used);
}

/* COPY names the column only in its context: "COPY orders, line 7, column amount". */
static const char *column_of_context(const char *context)
{
	const char *at = context ? strstr(context, ", column ") : NULL;
	return at && strncmp(context, "COPY ", 5) == 0 ? at + strlen(", column ") : NULL;
}

/* The row itself, not something it set off, is to blame only where COPY is all the context. */
static int64_t row_of_context(const char *context)
{
	const char *at = context ? strstr(context, ", line ") : NULL;
	if (!at || strncmp(context, "COPY ", 5) != 0)
		return 0;
	return strtoll(at + strlen(", line "), NULL, 10);
}

static void fill_detail(char *detail, size_t size, const PGresult *result)
{
	const char *name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	if (!name || !*name)
		name = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
	if (!name || !*name)
		name = column_of_context(PQresultErrorField(result, PG_DIAG_CONTEXT));
	if (!name)
		return;
	size_t n = strcspn(name, ":\n");
	snprintf(detail, size, "%.*s", (int)(n < size ? n : size - 1), name);
}

/* The line of the character that Postgres points at. */
static int line_of_statement(const struct database *database, const PGresult *result)
{
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	const char *at = database->sql;
	int line = 1;
	if (!position || !at)
		return 0;
	/* It counts characters; each ends where no continuation byte follows. */
	for (long left = strtol(position, NULL, 10); left > 1 && *at; at++) {
		line += *at == '\n';
		left -= ((unsigned char)at[1] & 0xc0) != 0x80;
	}
	return line;
}

static bool fail_lost(struct database *database, const PGresult *result, struct err *err)
{
	char why[800] = "";
	if (database->cancelled_us)
		append_line(
			why, sizeof(why), "", "the server did not answer in time, nor to a cancel");
	else if (result)
		append_line(why, sizeof(why), "", PQresultErrorMessage(result));
	else
		append_line(why, sizeof(why), "", PQerrorMessage(database->conn));
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	err_fail(err, ERR_RETRY, "lost the connection to Postgres (%s): %s", database->name,
		*why ? why : "closed by the server");
	if (err) {
		err->from = ERR_FROM_POSTGRES;
		snprintf(err->native, sizeof(err->native), "%s", state ? state : "08006");
	}
	return false;
}

static const char *why_cancelled(const struct database *database)
{
	return database->stop_seen_us ? "cancelled, because penstock is stopping"
				      : "cancelled at penstock's time limit";
}

bool session_fail(struct database *database, const PGresult *result, struct err *err)
{
	if (!database_usable(database))
		return fail_lost(database, result, err);
	if (!err)
		return false;
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	char message[1200] = "";
	if (!state) {
		append_line(message, sizeof(message), "",
			result ? PQresultErrorMessage(result) : PQerrorMessage(database->conn));
		err_fail(err, ERR_RETRY, "Postgres: %s", message);
		err->from = ERR_FROM_POSTGRES;
		return false;
	}
	append_line(
		message, sizeof(message), "", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
	append_line(
		message, sizeof(message), ": ", PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
	append_line(message, sizeof(message),
		"; hint: ", PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
	if (strcmp(state, "42501") == 0)
		append_line(message, sizeof(message),
			"; docs/operations.md says what rights roles need; this is ",
			PQuser(database->conn));
	if (database->cancelled_us && strcmp(state, "57014") == 0)
		append_line(message, sizeof(message), ": ", why_cancelled(database));
	err_fail(err,
		postgres_error_class(state, PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME),
			PQresultErrorField(result, PG_DIAG_COLUMN_NAME)),
		"%s", message);
	err->from = ERR_FROM_POSTGRES;
	snprintf(err->native, sizeof(err->native), "%s", state);
	fill_detail(err->detail, sizeof(err->detail), result);
	err->sql_line = line_of_statement(database, result);
	database->copy_row = row_of_context(PQresultErrorField(result, PG_DIAG_CONTEXT));
	return false;
}
