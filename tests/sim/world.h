/* SPDX-License-Identifier: GPL-3.0-or-later */
/* world.h - one simulated connection from a seed: parameters, two ends, two links, the loop */
#ifndef ATTLS_SIM_WORLD_H
#define ATTLS_SIM_WORLD_H

#include <stdint.h>

/** world_run() - play the connection of @seed to its end; does not return if a check fails */
void world_run(uint64_t seed);

#endif
