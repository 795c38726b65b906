/* SPDX-License-Identifier: Apache-2.0 */
/* One row for every word of the table in docs/errors.md, and its neighbours. */
#include "postgres/errors.h"
#include "support/cmocka_all.h"

static const struct {
	const char *sqlstate;
	const char *constraint;
	const char *column;
	enum err_class class;
} rows[] = {
	/* DATA */
	{"22000", "", "", ERR_DATA}, {"22001", NULL, NULL, ERR_DATA}, /* string too long */
	{"22003", NULL, NULL, ERR_DATA},			      /* numeric out of range */
	{"22008", NULL, NULL, ERR_DATA},			      /* datetime overflow */
	{"22021", NULL, NULL, ERR_DATA},			      /* not in the encoding: NUL */
	{"22P02", NULL, NULL, ERR_DATA}, /* invalid text representation */
	{"22P05", NULL, NULL, ERR_DATA}, /* untranslatable: NUL in jsonb */
	{"54000", NULL, NULL, ERR_DATA}, {"23514", "orders_check", NULL, ERR_DATA},
	{"23502", NULL, "amount", ERR_DATA},
	/* RETRY */
	{"25006", NULL, NULL, ERR_RETRY}, /* read only */
	{"08000", NULL, NULL, ERR_RETRY}, {"08003", NULL, NULL, ERR_RETRY},
	{"08006", NULL, NULL, ERR_RETRY}, {"40001", NULL, NULL, ERR_RETRY}, /* serialization */
	{"40P01", NULL, NULL, ERR_RETRY},				    /* deadlock */
	{"53100", NULL, NULL, ERR_RETRY},				    /* disk full */
	{"53300", NULL, NULL, ERR_RETRY}, /* too many connections */
	{"55P03", NULL, NULL, ERR_RETRY}, /* lock_timeout */
	{"57014", NULL, NULL, ERR_RETRY}, /* cancelled */
	{"57P01", NULL, NULL, ERR_RETRY}, /* shutdown */
	{"57P03", NULL, NULL, ERR_RETRY}, /* starting up */
	{"58030", NULL, NULL, ERR_RETRY}, /* input/output */
	/* PAUSE */
	{"23503", "orders_customer_fkey", NULL, ERR_PAUSE}, {"P0001", NULL, NULL, ERR_PAUSE},
	{"P0002", NULL, NULL, ERR_PAUSE}, {"23505", "orders_pkey", NULL, ERR_PAUSE},
	{"23P01", "orders_excl", NULL, ERR_PAUSE},
	{"23514", NULL, NULL, ERR_PAUSE}, /* no constraint named: a partition, a domain */
	{"23514", "", "amount", ERR_PAUSE}, {"23502", "orders_check", NULL, ERR_PAUSE},
	{"23502", NULL, "", ERR_PAUSE},
	{"54001", NULL, NULL, ERR_PAUSE}, /* statement too complex */
	{"55000", NULL, NULL, ERR_PAUSE}, {"25P02", NULL, NULL, ERR_PAUSE},
	{"0A000", NULL, NULL, ERR_PAUSE}, {"XX000", NULL, NULL, ERR_PAUSE},
	{"", NULL, NULL, ERR_PAUSE},
	/* FATAL */
	{"08P01", NULL, NULL, ERR_FATAL}, {"22P03", NULL, NULL, ERR_FATAL},
	{"22P04", NULL, NULL, ERR_FATAL}, {"42P01", NULL, NULL, ERR_FATAL}, /* no such table */
	{"42703", NULL, NULL, ERR_FATAL},				    /* no such column */
	{"42501", NULL, NULL, ERR_FATAL},				    /* no privilege */
	{"28P01", NULL, NULL, ERR_FATAL},				    /* password */
	{"28000", NULL, NULL, ERR_FATAL}, {"3D000", NULL, NULL, ERR_FATAL}, /* no such database */
};

static void every_state_has_its_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum err_class class =
			postgres_error_class(rows[i].sqlstate, rows[i].constraint, rows[i].column);
		if (class != rows[i].class)
			fail_msg("%s is %s, not %s", rows[i].sqlstate, err_class_name(class),
				err_class_name(rows[i].class));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_has_its_class),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
