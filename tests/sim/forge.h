/* SPDX-License-Identifier: GPL-3.0-or-later */
/* forge.h - somebody off the path, who guesses numbers */
#ifndef ATTLS_SIM_FORGE_H
#define ATTLS_SIM_FORGE_H

#include "rng.h"
#include "watch.h"

/** forge() - give @to a segment of somebody who does not know the exact numbers */
void forge(struct watch *to, struct rng *r, usec_t now);

#endif
