/* SPDX-License-Identifier: Apache-2.0 */
/* Avro files say themselves what they hold. */
#include "format/avro.h"

#include "infer/draft.h"
#include "schema/schema.h"

static bool may_be_key(const struct type *type)
{
	static const bool exact[] = {[TYPE_INT] = true,
		[TYPE_LONG] = true,
		[TYPE_STRING] = true,
		[TYPE_FIXED] = true,
		[TYPE_ENUM] = true,
		[TYPE_MAP] = false};
	return exact[type->kind] && type->logical != LOGICAL_DECIMAL && !type->nullable;
}

bool infer_avro(struct draft *draft, const struct sample *sample, struct err *err)
{
	const char *text = NULL;
	struct schema *schema = NULL;
	if (!avro_find_schema(sample->bytes.data, sample->bytes.len, &text, &draft->schema_len))
		return err_fail(err, ERR_DATA, "no Avro container file, or its header is cut");
	if (!schema_parse(text, draft->schema_len, "the schema in the file", &schema, err)) {
		err->class = ERR_DATA;
		return false;
	}
	draft->schema = arena_strndup(&draft->arena, text, draft->schema_len);
	for (size_t i = 0; i < schema->field_count; i++) {
		struct draft_field *field = draft_add_field(draft, schema->fields[i].name, true);
		field->nullable = schema->fields[i].type->nullable;
		field->key = may_be_key(schema->fields[i].type);
	}
	schema_free(schema);
	return true;
}
