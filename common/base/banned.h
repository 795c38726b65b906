/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are easy to misuse; included on every compiler command line for our own sources.
 */
#ifndef PENSTOCK_BASE_BANNED_H
#define PENSTOCK_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf gets strncpy strncat strtok atoi atol atof       \
	gmtime localtime ctime asctime tmpnam mktemp

#endif
