/* SPDX-License-Identifier: Apache-2.0 */
/* From page to page: whether another follows, and what leads to it. */
#ifndef PENSTOCK_FETCH_PAGING_H
#define PENSTOCK_FETCH_PAGING_H

#include "fetch/page.h"
#include "fetch/state.h"

enum turn {
	TURN_NEXT,  /* state->next leads on, or the number does */
	TURN_LAST,  /* the page was the last one */
	TURN_EMPTY, /* likewise, and it holds nothing */
};

/*
 * Judges the page just fetched, number state->page, and writes what leads to the next one into
 * *state. FATAL, naming what was expected where, for an answer that does not tell, a next page of
 * another origin, pages that repeat, and more than max_pages.
 */
MUST_CHECK bool paging_turn(struct pager *pager, const char *url, struct fetch_state *state,
	enum turn *ret_turn, struct err *err);

#endif
