/* SPDX-License-Identifier: Apache-2.0 */
#include "base/html_escape.h"

#include <stddef.h>

void html_escape(struct buf *out, const char *text)
{
	static const struct {
		char letter;
		const char *entity;
	} entities[] = {
		{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
	for (; *text; text++) {
		const char *entity = NULL;
		for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
			if (*text == entities[i].letter)
				entity = entities[i].entity;
		if (entity)
			buf_append_text(out, entity);
		else
			buf_append_byte(out, (unsigned char)*text);
	}
}
