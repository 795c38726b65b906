/* SPDX-License-Identifier: Apache-2.0 */
#include "http/mail.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

static const size_t max_text = (size_t)1 << 20;
static const size_t max_reply = 4096;

static const size_t max_address = TEXT_MAIL_ADDRESS_MAX;
static const size_t max_recipients = 100;

struct message {
	CURL *curl;
	curl_mime *mime;
	struct curl_slist *headers;
	struct curl_slist *recipients;
	struct buf text; /* with CRLF: RFC 5322, 2.3 */
	struct buf line;
	struct buf reply; /* the server's last words */
};

static struct curl_slist *with(struct curl_slist *list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(list, text);
	if (!longer)
		BUG("out of memory");
	return longer;
}

static void add_header(struct message *message, const char *name, const char *value)
{
	buf_clear(&message->line);
	buf_printf(&message->line, "%s: %s", name, value);
	message->headers = with(message->headers, buf_text(&message->line));
}

/* RFC 5322, 3.3, in C's own locale: strftime's names of days and months are English. */
static void add_date(struct message *message)
{
	char text[64];
	struct tm utc;
	time_t now = (time_t)(clock_wall_us() / 1000000);
	gmtime_r(&now, &utc);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &utc);
	add_header(message, "Date", text);
}

static void add_id(struct message *message, const char *from)
{
	char text[400];
	snprintf(text, sizeof(text), "<%lld.%d@%s>", (long long)clock_wall_us(), (int)getpid(),
		strchr(from, '@') + 1);
	add_header(message, "Message-ID", text);
}

static void add_recipients(struct message *message, const struct mail_server *server)
{
	struct buf list;
	buf_init(&list, (max_address + 8) * max_recipients);
	for (size_t i = 0; i < server->to_count; i++) {
		/* One a line: RFC 5322, 2.1.1 limits a line to 998 characters. */
		buf_printf(&list, "%s<%s>", i ? ",\r\n " : "", server->to[i]);
		buf_clear(&message->line);
		buf_printf(&message->line, "<%s>", server->to[i]);
		message->recipients = with(message->recipients, buf_text(&message->line));
	}
	add_header(message, "To", buf_text(&list));
	buf_release(&list);
}

static void add_text(struct message *message, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			buf_append_byte(&message->text, '\r');
		buf_append_byte(&message->text, (unsigned char)*p);
	}
	curl_mimepart *part = curl_mime_addpart(message->mime);
	if (!part ||
		curl_mime_data(part, buf_text(&message->text), CURL_ZERO_TERMINATED) != CURLE_OK ||
		curl_mime_type(part, "text/plain; charset=utf-8") != CURLE_OK ||
		curl_mime_encoder(part, "quoted-printable") != CURLE_OK)
		BUG("out of memory");
}

static size_t keep_reply(char *data, size_t size, size_t count, void *context)
{
	struct buf *reply = context;
	size_t n = size * count;
	/* A reply's last line is the one that counts. */
	if (n >= 4 && data[0] >= '2' && data[0] <= '5') {
		buf_clear(reply);
		buf_append(reply, data, n);
	}
	return n;
}

static void message_init(struct message *message)
{
	*message = (struct message){.curl = curl_easy_init()};
	message->mime = message->curl ? curl_mime_init(message->curl) : NULL;
	if (!message->mime)
		BUG("out of memory");
	buf_init(&message->text, max_text);
	buf_init(&message->line, (max_address + 8) * max_recipients + 64);
	buf_init(&message->reply, max_reply);
}

static void message_release(struct message *message)
{
	curl_slist_free_all(message->headers);
	curl_slist_free_all(message->recipients);
	curl_mime_free(message->mime);
	curl_easy_cleanup(message->curl);
	buf_release(&message->text);
	buf_release(&message->line);
	buf_release(&message->reply);
}

static void set_server(
	struct message *message, const struct mail_server *server, int64_t timeout_ms)
{
	CURL *curl = message->curl;
	curl_easy_setopt(curl, CURLOPT_URL, server->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(
		curl, CURLOPT_USE_SSL, (long)(server->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	if (*server->ca)
		curl_easy_setopt(curl, CURLOPT_CAINFO, server->ca);
	if (*server->user) {
		curl_easy_setopt(curl, CURLOPT_USERNAME, server->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, server->password);
	}
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep_reply);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &message->reply);
}

static void set_content(struct message *message, const struct mail_server *server,
	const char *subject, const char *text)
{
	add_date(message);
	add_id(message, server->from);
	add_header(message, "From", server->from);
	add_recipients(message, server);
	add_header(message, "Subject", subject);
	add_header(message, "Auto-Submitted", "auto-generated");
	add_text(message, text);
	curl_easy_setopt(message->curl, CURLOPT_MAIL_FROM, server->from);
	curl_easy_setopt(message->curl, CURLOPT_MAIL_RCPT, message->recipients);
	curl_easy_setopt(message->curl, CURLOPT_HTTPHEADER, message->headers);
	curl_easy_setopt(message->curl, CURLOPT_MIMEPOST, message->mime);
}

/* What another try cannot mend. */
static bool is_final(CURLcode code, long reply)
{
	static const CURLcode final[] = {CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL,
		CURLE_LOGIN_DENIED, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
		CURLE_USE_SSL_FAILED};
	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		if (final[i] == code)
			return true;
	return reply >= 500;
}

static bool outcome(
	struct message *message, const struct mail_server *server, CURLcode code, struct err *err)
{
	long reply = 0;
	struct buf said;
	if (code == CURLE_OK)
		return true;
	curl_easy_getinfo(message->curl, CURLINFO_RESPONSE_CODE, &reply);
	buf_init(&said, max_reply);
	if (reply >= 400)
		text_excerpt(&said, (const char *)message->reply.data, message->reply.len, 300);
	err_fail(err, is_final(code, reply) ? ERR_FATAL : ERR_RETRY, "mail by %s: %s%s%s",
		server->url, curl_easy_strerror(code), said.len ? ": " : "", buf_text(&said));
	buf_release(&said);
	return false;
}

bool mail_send(const struct mail_server *server, const char *subject, const char *text,
	int64_t timeout_ms, struct err *err)
{
	struct message message;
	message_init(&message);
	set_server(&message, server, timeout_ms);
	set_content(&message, server, subject, text);
	bool ok = outcome(&message, server, curl_easy_perform(message.curl), err);
	message_release(&message);
	return ok;
}
