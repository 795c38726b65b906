/* SPDX-License-Identifier: Apache-2.0 */
/* The text of an Avro schema, as files and people bring it: one that is taken is the same again
 * from its own text, resolves with itself and can be encoded and loaded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/encoder.h"
#include "record/transcoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct schema *schema)
{
	struct encoder *encoder = NULL;
	struct transcoder *transcoder = NULL;
	if (encoder_new(schema, NULL, &encoder, NULL))
		encoder_free(encoder);
	if (transcoder_new(schema, schema, &transcoder, NULL))
		transcoder_free(transcoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schema *schema = NULL;
	struct schema *again = NULL;
	if (!schema_parse((const char *)data, size, "fuzz", &schema, NULL))
		return 0;
	if (!schema_parse(schema->text, schema->text_len, "fuzz", &again, NULL) ||
		strcmp(schema->fingerprint, again->fingerprint) != 0)
		abort();
	use(schema);
	schema_free(again);
	schema_free(schema);
	return 0;
}
