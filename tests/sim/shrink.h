/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shrink.h - make a failing scenario simpler */
#ifndef ATTLS_SIM_SHRINK_H
#define ATTLS_SIM_SHRINK_H

#include "scenario.h"

/** shrink() - make the numbers of @s plainer as long as it fails in the same way (crew_try()) */
void shrink(struct scenario *s);

#endif
