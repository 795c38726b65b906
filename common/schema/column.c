/* SPDX-License-Identifier: Apache-2.0 */
/* Which Postgres column a field becomes: the type's own, or the one "penstock.type" asks for. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "schema/parser.h"

/* OIDs are part of Postgres' protocol: pg_type.dat, never renumbered. */
static const struct column_row {
	enum column_type type;
	uint32_t oid;
	const char *sql; /* as format_type() tells it */
	const char *names[4];
	bool lengths; /* takes (n) or (p,s) */
} column_rows[] = {
	{COLUMN_BOOL, 16, "boolean", {"bool", "boolean"}, false},
	{COLUMN_INT2, 21, "smallint", {"int2", "smallint"}, false},
	{COLUMN_INT4, 23, "integer", {"int4", "integer", "int"}, false},
	{COLUMN_INT8, 20, "bigint", {"int8", "bigint"}, false},
	{COLUMN_FLOAT4, 700, "real", {"float4", "real"}, false},
	{COLUMN_FLOAT8, 701, "double precision", {"float8", "double precision"}, false},
	{COLUMN_NUMERIC, 1700, "numeric", {"numeric", "decimal"}, true},
	{COLUMN_TEXT, 25, "text", {"text"}, false},
	{COLUMN_TEXT, 1043, "character varying", {"varchar", "character varying"}, true},
	{COLUMN_BYTEA, 17, "bytea", {"bytea"}, false}, {COLUMN_DATE, 1082, "date", {"date"}, false},
	{COLUMN_TIME, 1083, "time without time zone", {"time", "time without time zone"}, false},
	{COLUMN_TIMESTAMP, 1114, "timestamp without time zone",
		{"timestamp", "timestamp without time zone"}, false},
	{COLUMN_TIMESTAMPTZ, 1184, "timestamp with time zone",
		{"timestamptz", "timestamp with time zone"}, false},
	{COLUMN_UUID, 2950, "uuid", {"uuid"}, false}, {COLUMN_JSON, 114, "json", {"json"}, false},
	{COLUMN_JSONB, 3802, "jsonb", {"jsonb"}, false},
	{COLUMN_KEY, 23, "integer", {NULL}, false}, /* nothing asks for it by name */
};

static const size_t column_row_count = sizeof(column_rows) / sizeof(column_rows[0]);
static const uint32_t oid_varchar = 1043;
static const long max_varchar = 10485760; /* Postgres' MaxAttrSize */

#define BIT(column) (1u << (column))
#define LOGICALS    (LOGICAL_UUID + 1)

/* Columns a plain type fits; the first of `own` is what it becomes unasked. */
static const struct fit {
	enum column_type own;
	uint32_t others;
} kind_fits[] = {
	[TYPE_BOOLEAN] = {COLUMN_BOOL, 0},
	[TYPE_INT] = {COLUMN_INT4, BIT(COLUMN_INT2) | BIT(COLUMN_INT8) | BIT(COLUMN_NUMERIC) |
					   BIT(COLUMN_FLOAT8) | BIT(COLUMN_TEXT)},
	[TYPE_LONG] = {COLUMN_INT8,
		BIT(COLUMN_INT2) | BIT(COLUMN_INT4) | BIT(COLUMN_NUMERIC) | BIT(COLUMN_TEXT)},
	[TYPE_FLOAT] = {COLUMN_FLOAT4, BIT(COLUMN_FLOAT8)},
	[TYPE_DOUBLE] = {COLUMN_FLOAT8, 0},
	[TYPE_BYTES] = {COLUMN_BYTEA, 0},
	[TYPE_STRING] = {COLUMN_TEXT, BIT(COLUMN_JSON) | BIT(COLUMN_JSONB) | BIT(COLUMN_UUID)},
	[TYPE_FIXED] = {COLUMN_BYTEA, 0},
	[TYPE_ENUM] = {COLUMN_TEXT, 0},
	[TYPE_RECORD] = {COLUMN_JSONB, BIT(COLUMN_JSON)},
	[TYPE_ARRAY] = {COLUMN_JSONB, BIT(COLUMN_JSON)},
	[TYPE_MAP] = {COLUMN_JSONB, BIT(COLUMN_JSON)},
};

static const struct fit logical_fits[LOGICALS] = {
	[LOGICAL_DATE] = {COLUMN_DATE, 0},
	[LOGICAL_TIME_MILLIS] = {COLUMN_TIME, 0},
	[LOGICAL_TIME_MICROS] = {COLUMN_TIME, 0},
	[LOGICAL_TIMESTAMP_MILLIS] = {COLUMN_TIMESTAMPTZ, BIT(COLUMN_TIMESTAMP)},
	[LOGICAL_TIMESTAMP_MICROS] = {COLUMN_TIMESTAMPTZ, BIT(COLUMN_TIMESTAMP)},
	[LOGICAL_LOCAL_TIMESTAMP_MILLIS] = {COLUMN_TIMESTAMP, 0},
	[LOGICAL_LOCAL_TIMESTAMP_MICROS] = {COLUMN_TIMESTAMP, 0},
	[LOGICAL_DECIMAL] = {COLUMN_NUMERIC, 0},
	[LOGICAL_UUID] = {COLUMN_UUID, BIT(COLUMN_TEXT)},
};

static const struct fit *fit_of(const struct type *type)
{
	return type->logical == LOGICAL_NONE ? &kind_fits[type->kind]
					     : &logical_fits[type->logical];
}

static const struct column_row *row_of(enum column_type column)
{
	for (size_t i = 0; i < column_row_count; i++)
		if (column_rows[i].type == column)
			return &column_rows[i];
	BUG("column type %d", (int)column);
}

static bool takes_varchar(const struct type *type)
{
	return type->kind == TYPE_STRING || type->kind == TYPE_ENUM;
}

static void list_fits(const struct type *type, char *ret_list, size_t size)
{
	size_t at = 0;
	uint32_t fits = fit_of(type)->others | BIT(fit_of(type)->own);
	for (size_t i = 0; i < column_row_count && at < size; i++) {
		const struct column_row *row = &column_rows[i];
		if (fits & BIT(row->type) && (row->oid != oid_varchar || takes_varchar(type)))
			at += (size_t)snprintf(
				ret_list + at, size - at, "%s%s", at ? ", " : "", row->names[0]);
	}
}

/* The row whose name is the first n bytes. */
static const struct column_row *find_row(const char *name, size_t n)
{
	for (size_t i = 0; i < column_row_count; i++)
		for (size_t k = 0; k < 4 && column_rows[i].names[k]; k++)
			if (strlen(column_rows[i].names[k]) == n &&
				memcmp(column_rows[i].names[k], name, n) == 0)
				return &column_rows[i];
	return NULL;
}

/* "(12, 2)" -> numbers; at most two. -1 when it is not that. */
static int read_lengths(struct parser *p, const char *text, int64_t numbers[2])
{
	size_t n = strlen(text);
	if (n < 3 || text[0] != '(' || text[n - 1] != ')')
		return -1;
	char *inner = arena_strndup(p->arena, text + 1, n - 2);
	char *comma = strchr(inner, ',');
	if (!comma)
		return text_int64(inner, &numbers[0]) ? 1 : -1;
	*comma = '\0';
	const char *second = comma + 1 + strspn(comma + 1, " ");
	return text_int64(inner, &numbers[0]) && text_int64(second, &numbers[1]) ? 2 : -1;
}

/* Digits before the point that every value of the type fits in, and digits behind it. */
static void digits_of(const struct type *type, int64_t *ret_whole, int64_t *ret_scale)
{
	bool decimal = type->logical == LOGICAL_DECIMAL;
	*ret_scale = decimal ? type->scale : 0;
	*ret_whole = decimal ? type->precision - type->scale : type->kind == TYPE_INT ? 10 : 19;
}

static bool set_numeric(struct parser *p, struct field *field, const int64_t numbers[2], int count)
{
	int64_t whole;
	int64_t scale;
	digits_of(field->type, &whole, &scale);
	if (numbers[0] < 1 || numbers[0] > 1000 || numbers[1] < 0 || numbers[1] > numbers[0])
		return parse_fail(
			p, "numeric(p,s) has 1 to 1000 digits, 0 to p of them a fraction");
	if (numbers[1] < scale || numbers[0] - numbers[1] < whole)
		return parse_fail(p,
			"numeric(%d,%d) does not hold every value; numeric(%d,%d) would",
			(int)numbers[0], (int)numbers[1], (int)(whole + scale), (int)scale);
	field->column_sql = arena_printf(
		p->arena, "numeric(%d,%d)", (int)numbers[0], count > 1 ? (int)numbers[1] : 0);
	return true;
}

static bool set_varchar(struct parser *p, struct field *field, int64_t n)
{
	const struct type *type = field->type;
	if (n < 1 || n > max_varchar)
		return parse_fail(p, "varchar(n) has 1 to %ld characters", max_varchar);
	if (!takes_varchar(type))
		return parse_fail(p, "varchar(n) fits string and enum; use text");
	for (size_t i = 0; i < type->symbol_count; i++)
		if ((int64_t)strlen(type->symbols[i]) > n)
			return parse_fail(p, "varchar(%d) does not hold the symbol '%s'", (int)n,
				type->symbols[i]);
	if (type->logical == LOGICAL_UUID && n < 36)
		return parse_fail(p, "varchar(%d) does not hold a uuid's 36 characters", (int)n);
	field->column_sql = arena_printf(p->arena, "character varying(%d)", (int)n);
	return true;
}

static bool set_override(struct parser *p, struct field *field, const char *wanted)
{
	const struct fit *fit = fit_of(field->type);
	uint32_t fits = fit->others | BIT(fit->own);
	const struct column_row *row = find_row(wanted, strcspn(wanted, "("));
	const char *lengths = wanted + strcspn(wanted, "(");
	bool uuid = row && row->type == COLUMN_UUID && field->type->kind == TYPE_FIXED &&
		    field->type->size == 16 && field->type->logical == LOGICAL_NONE;
	if (!row || (!(fits & BIT(row->type)) && !uuid)) {
		char list[200];
		list_fits(field->type, list, sizeof(list));
		return parse_fail(p, "\"penstock.type\" '%.60s' does not fit %s%s; %s would",
			wanted, field->type->logical ? "this logical type of " : "",
			type_kind_names[field->type->kind], list);
	}
	field->column_type = row->type;
	field->column_oid = row->oid;
	field->column_sql = row->sql;
	if (!lengths[0])
		return true;
	int64_t numbers[2] = {0};
	int count = read_lengths(p, lengths, numbers);
	if (!row->lengths || count < 1 || (row->oid == oid_varchar && count != 1))
		return parse_fail(p, "\"penstock.type\" '%.60s' is not understood", wanted);
	return row->oid == oid_varchar ? set_varchar(p, field, numbers[0])
				       : set_numeric(p, field, numbers, count);
}

/* Postgres' own columns, and the two every loaded table ends in. */
static const char *const reserved[] = {
	"_file", "_row", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"};

bool column_is_reserved(const char *name)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcmp(reserved[i], name) == 0)
			return true;
	return false;
}

bool parse_column(struct parser *p, const json_t *object, struct field *field)
{
	const char *wanted;
	const struct column_row *row = row_of(fit_of(field->type)->own);
	if (column_is_reserved(field->name))
		return parse_fail(
			p, "the name is taken: every table has a column '%s'", field->name);
	if (strlen(field->name) > 63)
		return parse_fail(p, "a column's name has 63 bytes at most");
	field->column = field->name;
	field->column_type = row->type;
	field->column_oid = row->oid;
	field->column_sql = row->sql;
	if (field->type->logical == LOGICAL_DECIMAL)
		field->column_sql = arena_printf(
			p->arena, "numeric(%d,%d)", field->type->precision, field->type->scale);
	if (!parse_text(p, object, "penstock.type", &wanted))
		return false;
	return !wanted || set_override(p, field, wanted);
}

void column_make_key(struct field *field, const char *column)
{
	const struct column_row *row = row_of(COLUMN_KEY);
	field->column = column;
	field->column_type = row->type;
	field->column_oid = row->oid;
	field->column_sql = row->sql;
}
