/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of files of the inbox that the ledger does not tell of: those that stay where they
 * are, and those whose content was published before. The producer's log has them.
 */
#ifndef PENSTOCK_DEV_INBOX_NEWS_H
#define PENSTOCK_DEV_INBOX_NEWS_H

struct inbox_news;

/* From the log's end on: call it before the producer starts. `log_path` is borrowed. Never NULL. */
struct inbox_news *inbox_news_new(const char *log_path);
void inbox_news_free(struct inbox_news *news);
/* Prints a line for each such file since. */
void inbox_news_tell(struct inbox_news *news);

#endif
