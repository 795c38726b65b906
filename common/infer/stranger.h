/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hold no records, though some look like text. Private to the room. */
#ifndef PENSTOCK_INFER_STRANGER_H
#define PENSTOCK_INFER_STRANGER_H

#include <stddef.h>

/* What a file is that begins so, and what to do with it: "a PDF document: ..."; NULL: no stranger.
 * Static. */
const char *stranger_of(const unsigned char *data, size_t len);

#endif
