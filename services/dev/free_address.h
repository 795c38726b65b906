/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PENSTOCK_DEV_FREE_ADDRESS_H
#define PENSTOCK_DEV_FREE_ADDRESS_H

#include "base/arena.h"

/*
 * HOST:PORT to listen at: `wanted` itself, or its host with a port that is free when `wanted` has
 * port 0 or one that another program listens at. What is no address is returned as it is: who
 * listens tells what is wrong with it. The text is the arena's or `wanted`.
 */
const char *free_address(struct arena *arena, const char *wanted);

#endif
