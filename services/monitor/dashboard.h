/* SPDX-License-Identifier: Apache-2.0 */
/* Private: one HTML page that asks /api/lag and /api/status every three seconds. */
#ifndef PENSTOCK_MONITOR_DASHBOARD_H
#define PENSTOCK_MONITOR_DASHBOARD_H

extern const char dashboard_html[];

#endif
