/* SPDX-License-Identifier: Apache-2.0 */
/* docs/errors.md says the same in words; tests/unit/postgres/test_errors.c holds both together. */
#include "postgres/errors.h"

#include <stddef.h>
#include <string.h>

enum blame { BLAME_ANY, BLAME_CONSTRAINT, BLAME_COLUMN };

/* The longest prefix that fits decides, so exceptions stand before the class they belong to. */
static const struct {
	const char *prefix;
	enum err_class class;
	enum blame needs; /* what the server must name, or the row does not fit */
} classes[] = {
	{"08P01", ERR_FATAL, BLAME_ANY},       /* protocol violation */
	{"08", ERR_RETRY, BLAME_ANY},	       /* connection */
	{"22P03", ERR_FATAL, BLAME_ANY},       /* binary representation: the plan is wrong */
	{"22P04", ERR_FATAL, BLAME_ANY},       /* COPY format: the plan is wrong */
	{"22", ERR_DATA, BLAME_ANY},	       /* a value that does not fit */
	{"23502", ERR_DATA, BLAME_COLUMN},     /* not null */
	{"23514", ERR_DATA, BLAME_CONSTRAINT}, /* check */
	{"25006", ERR_RETRY, BLAME_ANY},       /* read only: a standby, or maintenance */
	{"28", ERR_FATAL, BLAME_ANY},	       /* authorization */
	{"3D", ERR_FATAL, BLAME_ANY},	       /* no such database */
	{"40", ERR_RETRY, BLAME_ANY},	       /* serialization, deadlock */
	{"42", ERR_FATAL, BLAME_ANY},	       /* SQL, names, privileges */
	{"53", ERR_RETRY, BLAME_ANY},	       /* resources */
	{"54000", ERR_DATA, BLAME_ANY},	       /* a row or index entry that is too large */
	{"55P03", ERR_RETRY, BLAME_ANY},       /* lock_timeout */
	{"57", ERR_RETRY, BLAME_ANY},	       /* shutdown, cancel */
	{"58", ERR_RETRY, BLAME_ANY},	       /* input and output of the server */
};

static bool named(const char *name)
{
	return name && *name;
}

enum err_class postgres_error_class(
	const char *sqlstate, const char *constraint, const char *column)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strncmp(sqlstate, classes[i].prefix, strlen(classes[i].prefix)) != 0)
			continue;
		if (classes[i].needs == BLAME_CONSTRAINT && !named(constraint))
			continue;
		if (classes[i].needs == BLAME_COLUMN && !named(column))
			continue;
		return classes[i].class;
	}
	return ERR_PAUSE;
}
