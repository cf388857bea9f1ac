/* SPDX-License-Identifier: GPL-3.0-or-later */
/* world.h - one simulated connection: ends, links, maybe a gateway between, and the loop */
#ifndef ATTLS_SIM_WORLD_H
#define ATTLS_SIM_WORLD_H

#include "scenario.h"

/** world_run() - play @s to its end; does not return if a check fails */
void world_run(const struct scenario *s);

#endif
