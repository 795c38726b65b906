/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/xml.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

#include "base/buf.h"

static const size_t max_text = 16 * 1024;
static const int max_depth = 8;
enum { max_path = 256 };

struct parse {
	XML_Parser parser;
	bool (*element)(void *context, const char *path, const char *text, struct err *err);
	void *context;
	char path[max_path];
	int depth;
	struct buf text;
	bool failed;
	struct err why; /* filled when failed */
};

static void stop(struct parse *parse, const char *what)
{
	if (!parse->failed)
		err_fail(&parse->why, ERR_FATAL, "the server's XML %s", what);
	parse->failed = true;
	XML_StopParser(parse->parser, XML_FALSE);
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct parse *parse = context;
	size_t used = strlen(parse->path);
	(void)attributes;
	if (++parse->depth > max_depth || used + strlen(name) + 2 > sizeof(parse->path)) {
		stop(parse, "is nested too deep");
		return;
	}
	snprintf(parse->path + used, sizeof(parse->path) - used, "%s%s", used ? "/" : "", name);
	buf_clear(&parse->text);
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
	struct parse *parse = context;
	(void)name;
	if (parse->failed)
		return;
	if (parse->text.overflow) {
		stop(parse, "has a text beyond the limit");
		return;
	}
	if (!parse->element(parse->context, parse->path, buf_text(&parse->text), &parse->why)) {
		parse->failed = true;
		XML_StopParser(parse->parser, XML_FALSE);
		return;
	}
	char *slash = strrchr(parse->path, '/');
	*(slash ? slash : parse->path) = '\0';
	parse->depth--;
	buf_clear(&parse->text);
}

static void XMLCALL on_text(void *context, const XML_Char *text, int len)
{
	struct parse *parse = context;
	buf_append(&parse->text, text, (size_t)len);
}

static void XMLCALL on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
	const XML_Char *public_id, int has_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_subset;
	stop(context, "has a DOCTYPE");
}

bool xml_parse(const void *text, size_t len,
	bool (*element)(void *context, const char *path, const char *text, struct err *err),
	void *context, struct err *err)
{
	struct parse parse = {.element = element, .context = context};
	parse.parser = XML_ParserCreate("UTF-8");
	if (!parse.parser || len > INT_MAX)
		BUG("cannot parse %zu bytes of XML", len);
	buf_init(&parse.text, max_text);
	XML_SetUserData(parse.parser, &parse);
	XML_SetElementHandler(parse.parser, on_start, on_end);
	XML_SetCharacterDataHandler(parse.parser, on_text);
	XML_SetStartDoctypeDeclHandler(parse.parser, on_doctype);
	bool ok = XML_Parse(parse.parser, len ? text : "", (int)len, XML_TRUE) == XML_STATUS_OK;
	if (parse.failed)
		ok = false;
	else if (!ok)
		err_fail(&parse.why, ERR_FATAL, "the server's XML is broken: %s",
			XML_ErrorString(XML_GetErrorCode(parse.parser)));
	if (!ok && err)
		*err = parse.why;
	buf_release(&parse.text);
	XML_ParserFree(parse.parser);
	return ok;
}
