/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PENSTOCK_BASE_HTML_ESCAPE_H
#define PENSTOCK_BASE_HTML_ESCAPE_H

#include "base/buf.h"

/* Appends text as it stands in HTML and SVG, between tags and in quoted attributes. */
void html_escape(struct buf *out, const char *text);

/* In the head of a page that is all there is: nothing in it runs, nothing is fetched. */
#define HTML_NO_SCRIPTS                                                                            \
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "    \
	"'unsafe-inline'\">"

#endif
