/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of `sources`: a URL whose answers become files of the inbox. Plain data. */
#ifndef PENSTOCK_CONFIG_REMOTE_H
#define PENSTOCK_CONFIG_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cron/cron.h"
#include "format/reading.h"

/* How an API gives its records page by page. */
enum paging_rule { PAGING_NONE, PAGING_PAGE, PAGING_OFFSET, PAGING_CURSOR, PAGING_LINK };

struct remote_paging {
	enum paging_rule by;
	/* Of the URL, or in the body of a POST the path of a member; with PAGING_CURSOR "": the
	 * cursor is a URL. */
	const char *parameter;
	uint32_t start;		    /* its first value, with PAGING_PAGE and PAGING_OFFSET */
	const char *size_parameter; /* "": the size is not told */
	uint32_t size;		    /* records a page; 0: the server's own choice */
	/* Paths (base/json_path.h), "" where there is none. */
	const char *cursor;
	const char *records; /* an array; with page and offset "" is the document itself */
	bool records_given;
	const char *more;  /* true or false */
	const char *pages; /* how many there are */
	uint32_t max_pages;
};

enum remote_method { REMOTE_GET, REMOTE_POST };

struct remote_header {
	const char *name;
	const char *value;
	bool secret; /* not to be shown */
};

struct remote {
	const char *name; /* [a-z0-9_-]{1,100} */
	int line;
	enum remote_method method;
	const char *body;	/* of a POST; with paging.parameter the text of a JSON object */
	const char *shown_body; /* for people: likewise */
	const char *url;
	const char *shown_url; /* for people: what may be a secret is masked */
	const char *dataset;   /* "": found as for any other file of the inbox */
	const char *file_name; /* holds "{time}" once */
	int64_t every_ms;      /* 0: none */
	const char *cron_text; /* "": none; with neither, only `penstock fetch` fetches it */
	struct cron cron;
	struct remote_header *headers;
	size_t header_count;
	const char *ca; /* file of certificates; "": the system's */
	int64_t timeout_ms;
	int64_t max_bytes; /* of an answer, unpacked */
	uint32_t retries;
	const char *rate;	     /* "5/s"; "": no limit */
	int64_t between_us;	     /* requests at least this far apart */
	bool conditional;	     /* ask only for what is new */
	struct string_list secrets;  /* texts that no message may repeat */
	struct remote_paging paging; /* by PAGING_NONE: one answer is all */
};

#endif
